"""What speaks for a finding, as data: its score with the limit, its signals with their usual range, its causes."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.findings import Finding

__all__ = ["Explanation", "Trace", "asked_signals", "bands_of", "pieces", "thin", "usual_range", "view_of"]

_LEAST_NS: Final = 1_800_000_000_000
_GAP_STEPS: Final = 4.0
_LEAST_USUAL: Final = 20


@dataclass(frozen=True, slots=True)
class Trace:
    """One line: rising times, NaN where there is no value; low and high of normal work, NaN where not known.

    hold: the value stands until the next one (limits are sent on change), so that a pause is no gap.
    """

    name: str
    unit: str
    time_ns: Sequence[int]
    value: Sequence[float]
    low: float = math.nan
    high: float = math.nan
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """A finding with [start_ns, end_ns) to look at; score and limit are None where the model sends none."""

    finding: Finding
    start_ns: int
    end_ns: int
    signals: tuple[Trace, ...]
    score: Trace | None = None
    limit: Trace | None = None


def view_of(finding: Finding, last_ns: int | None = None) -> tuple[int, int]:
    """The time to look at: as long before the finding as it lasted, an hour at least, and half of it after.

    last_ns: there are no samples after it, so that nothing is to be seen there.
    """
    span = max(finding.end_ns - finding.start_ns, 2 * _LEAST_NS)
    end_ns = finding.end_ns + span // 2
    return finding.start_ns - span, end_ns if last_ns is None else min(
        end_ns, max(last_ns, finding.end_ns) + span // 50
    )


def asked_signals(finding: Finding, among: Sequence[str] = (), most: int = 4) -> tuple[str, ...]:
    """The signals that show the finding: those it names, greatest share first, then others of `among`."""
    detail = finding.detail
    named = [str(detail[key]) for key in ("signal_1", "signal_2", "signal_3", "signal") if key in detail]
    return tuple(dict.fromkeys([*named, *among]))[:most]


def usual_range(time_ns: Sequence[int], value: Sequence[float], before_ns: int) -> tuple[float, float]:
    """1 % and 99 % of the values before a time; NaN where there are fewer than 20."""
    seen = sorted(x for at, x in zip(time_ns, value, strict=True) if at < before_ns and math.isfinite(x))
    if len(seen) < _LEAST_USUAL:
        return math.nan, math.nan
    return seen[round(0.01 * (len(seen) - 1))], seen[round(0.99 * (len(seen) - 1))]


def thin(trace: Trace, start_ns: int, end_ns: int, buckets: int = 300) -> Trace:
    """The line within [start_ns, end_ns): the least and the greatest value of each bucket, so that no peak is lost.

    A held value that began earlier starts at start_ns.
    """
    times, values = array("q"), array("d")
    width = max((end_ns - start_ns) // buckets, 1)
    held = math.nan
    inside: dict[int, list[int]] = {}
    for i, at in enumerate(trace.time_ns):
        if at < start_ns:
            held = trace.value[i]
        elif at < end_ns:
            inside.setdefault((at - start_ns) // width, []).append(i)
    if trace.hold and math.isfinite(held):
        times.append(start_ns)
        values.append(held)
    for rows in inside.values():
        for i in _extremes(trace.value, rows):
            times.append(trace.time_ns[i])
            values.append(trace.value[i])
    return Trace(trace.name, trace.unit, times, values, trace.low, trace.high, trace.hold)


def _extremes(value: Sequence[float], rows: Sequence[int]) -> list[int]:
    """Rows of the least and the greatest value and of the first that is missing, in order."""
    known = [i for i in rows if math.isfinite(value[i])]
    picked = {min(known, key=lambda i: value[i]), max(known, key=lambda i: value[i])} if known else set()
    missing = next((i for i in rows if not math.isfinite(value[i])), None)
    return sorted(picked if missing is None else {*picked, missing})


def pieces(trace: Trace, end_ns: int) -> Iterator[list[tuple[int, float]]]:
    """Unbroken stretches of a line; a pause of more than four usual steps is a gap, unless values hold."""
    steps = sorted(b - a for a, b in zip(trace.time_ns, trace.time_ns[1:], strict=False))
    gap = math.inf if trace.hold or not steps else _GAP_STEPS * steps[(9 * len(steps)) // 10]
    piece: list[tuple[int, float]] = []
    for at, x in zip(trace.time_ns, trace.value, strict=True):
        if piece and (not math.isfinite(x) or at - piece[-1][0] > gap):
            yield piece
            piece = []
        if not math.isfinite(x):
            continue
        if trace.hold and piece:
            piece.append((at, piece[-1][1]))
        piece.append((at, x))
    if piece:
        yield [*piece, (end_ns, piece[-1][1])] if trace.hold else piece


def bands_of(card: Mapping[str, object]) -> dict[str, tuple[float, float]]:
    """Signal -> usual range as the card of a model set tells it; empty where it does not."""
    found = card.get("signals")
    if not isinstance(found, Mapping):
        return {}
    return {
        str(name): (float(each["low"]), float(each["high"]))
        for name, each in found.items()
        if isinstance(each, Mapping) and each.get("low") is not None and each.get("high") is not None
    }
