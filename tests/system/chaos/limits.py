"""Which faults may cost samples: the declared limits, as data.

Everything that is not in the table must cost nothing. What is in it may cost samples, each in an interval that the
collector lists with its cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["BEYOND", "FORGETFUL", "Spent", "Window", "windows"]

BEYOND: Mapping[str, str] = {
    "namespaces": "a server that stops takes along what its client has not acknowledged, and keeps no history",
    "certificate": "as for `namespaces`: the new certificate needs a restart of the server",
}
"""Kinds of faults that cost samples where the server stopped before everything was acknowledged."""

FORGETFUL = ("read_only", "disk_full")
"""Kinds that keep a client from writing down which subscription it made after a restart of the server: when it is then
started again, it cannot ask for what that subscription still held. The window lasts until the repair."""

_BEFORE_NS = 30_000_000_000
"""A fault that ended shortly before still holds acknowledgements up: reconnecting and catching up take seconds."""


@dataclass(frozen=True, slots=True)
class Spent:
    """A fault as it happened.

    Attributes:
        kind, target: of the list.
        begin_ns, end_ns: true UTC times, the repair included.
        cut_short_ns: time at which the OPC UA server stopped with unacknowledged samples; 0 when it did not.
    """

    kind: str
    target: str
    begin_ns: int
    end_ns: int
    cut_short_ns: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """Samples of a transport that may be lost: emitted in [from_ns, to_ns]."""

    transport: str
    from_ns: int
    to_ns: int
    reason: str


def windows(spent: Iterable[Spent], holds_up: Sequence[str]) -> tuple[Window, ...]:
    """Where samples of the OPC UA server may be missing.

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
            found.append(Window("opcua", begin_ns - _BEFORE_NS, restart.cut_short_ns, BEYOND[restart.kind]))
    for restart in faults:
        if restart.kind in BEYOND:
            found += _forgotten(faults, holds_up, restart)
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


def _forgotten(faults: Sequence[Spent], holds_up: Sequence[str], restart: Spent) -> list[Window]:
    return [
        Window("opcua", restart.begin_ns, fault.end_ns, f"{fault.kind}: the new subscription was not written down")
        for fault in faults
        if fault.kind in FORGETFUL
        and fault.target in holds_up
        and fault.begin_ns <= restart.end_ns + _BEFORE_NS
        and fault.end_ns >= restart.begin_ns
    ]
