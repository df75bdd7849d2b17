"""Which faults may cost samples: the declared limits, as data.

Everything that is not in the table must cost nothing. What is in it may cost samples, each in an interval that the
collector lists with its cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["BEYOND", "Spent", "Window", "windows"]

BEYOND: Mapping[str, str] = {
    "namespaces": "a server that stops takes along what its client has not acknowledged, and keeps no history",
    "certificate": "as for `namespaces`: the new certificate needs a restart of the server",
}
"""Kinds of faults that cost samples where the server stopped before everything was acknowledged."""

_BEFORE_NS = 15_000_000_000
"""A fault that ended shortly before still holds acknowledgements up: reconnecting and catching up take seconds."""


@dataclass(frozen=True, slots=True)
class Spent:
    """A fault as it happened.

    Attributes:
        kind, target: of the list.
        begin_ns, end_ns: true UTC times, the repair included.
        owed_since_ns: emission of the oldest sample that was unacknowledged when the OPC UA server stopped; 0 where it
            did not stop or everything was acknowledged.
        cut_short_ns: when it stopped; 0 as above.
    """

    kind: str
    target: str
    begin_ns: int
    end_ns: int
    owed_since_ns: int = 0
    cut_short_ns: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """Samples of a transport that may be lost: emitted in [from_ns, to_ns]."""

    transport: str
    from_ns: int
    to_ns: int
    reason: str


def windows(spent: Iterable[Spent], holds_up: Sequence[str]) -> tuple[Window, ...]:
    """Where samples of the OPC UA server may be missing: what it owed when it stopped, if its client was held up.

    Args:
        spent: all faults of a round.
        holds_up: targets whose faults keep the collector from acknowledging; a restart without one of them at the
            same time opens no window, so that samples missing then are a defect.
    """
    faults = tuple(spent)
    found = []
    for restart in faults:
        if restart.kind not in BEYOND or not restart.cut_short_ns:
            continue
        begin_ns = _held_up_since(faults, holds_up, restart)
        if begin_ns is not None:
            since_ns = max(restart.owed_since_ns, begin_ns - _BEFORE_NS)
            found.append(Window("opcua", since_ns, restart.cut_short_ns, BEYOND[restart.kind]))
    return tuple(found)


def _held_up_since(faults: Sequence[Spent], holds_up: Sequence[str], restart: Spent) -> int | None:
    """Beginning of the unbroken row of faults before the restart."""
    since: int | None = None
    for fault in sorted(faults, key=lambda each: each.begin_ns, reverse=True):
        if fault is restart or fault.target not in holds_up or fault.begin_ns > restart.cut_short_ns:
            continue
        reach = restart.begin_ns if since is None else since
        if fault.end_ns + _BEFORE_NS >= reach:
            since = min(fault.begin_ns, reach)
    return since
