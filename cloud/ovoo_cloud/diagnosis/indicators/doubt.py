"""Minutes with good data that prove no delivery: what somebody may only have repeated, invented or misdated.

Every rule moves minutes from "sure" to "perhaps", never the other way: it widens the range of a machine, it cannot
raise it. A machine is quiet by right while enough of its other signals live.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from ovoo_contract.catalogue import SignalEntry

from ovoo_cloud.diagnosis.indicators.repeats import Floats, repeats_of

__all__ = ["DoubtRule", "MinuteSeries", "doubts"]

Flags = npt.NDArray[np.bool_]
_BEATING: Final = 0.99
"""Share of equal steps from which a rising number is the heartbeat of a program."""
_LEAST_STEPS: Final = 30


@dataclass(frozen=True, slots=True)
class DoubtRule:
    """Limits of the method.

    Attributes:
        still_minutes: nothing moved for so long.
        noise_share: movement within this share of the range is none.
        live_share: so many of a machine's numbers must live for the others to be quiet by right.
    """

    still_minutes: int
    noise_share: float
    live_share: float


@dataclass(frozen=True, slots=True)
class MinuteSeries:
    """One signal by minute: the last good value, held until the next is due (NaN without), and where its time is sure.

    `good`: a minute with good data, held alike; text has good minutes without a value.
    """

    entry: SignalEntry
    value: Floats
    good: Flags
    dated: Flags


def doubts(signals: Sequence[MinuteSeries], rule: DoubtRule) -> tuple[Flags, str]:
    """Signal x minute that proves nothing, and why most of it does not: calm, replayed, clock, or "" for none."""
    numbers = [each.entry.type in ("float", "int") for each in signals]
    judged = [at for at, number in enumerate(numbers) if number] or list(range(len(signals)))
    calm = np.vstack([_calm(signals[at], rule, exact=not any(numbers)) for at in judged])
    lonely = _lonely([signals[at] for at in judged], calm, rule.live_share if any(numbers) else 0.0)
    quiet = np.zeros((len(signals), len(signals[0].good)), dtype=np.bool_)
    quiet[judged] = calm & lonely
    nothing = lonely & np.all(calm | ~_told([signals[at] for at in judged]), axis=0)
    quiet |= nothing
    beating = np.vstack([_beating(signals[at], rule.still_minutes) for at in judged])
    replayed = _replayed([signals[at] for at in judged], beating)
    good = np.vstack([each.good for each in signals])
    undated = good & ~np.vstack([each.dated for each in signals])
    kinds = {"calm": quiet & good, "replayed": replayed & good, "clock": undated}
    sizes = {name: int(np.count_nonzero(flags)) for name, flags in kinds.items()}
    worst = max(sizes, key=lambda name: sizes[name])
    return np.logical_or.reduce(list(kinds.values())), worst if sizes[worst] else ""


def _told(signals: Sequence[MinuteSeries]) -> Flags:
    return np.vstack([np.isfinite(each.value) for each in signals])


def _lonely(signals: Sequence[MinuteSeries], calm: Flags, share: float) -> Flags:
    """Minutes in which too few of the signals with data live: none at all, or less than the share of them."""
    told = _told(signals)
    living = np.count_nonzero(told & ~calm, axis=0)
    few: Flags = (living == 0) | (living < share * np.count_nonzero(told, axis=0))
    return few


def _calm(each: MinuteSeries, rule: DoubtRule, *, exact: bool) -> Flags:
    """Minutes with data in a stretch of `still_minutes` that stays within the noise, or of a heartbeat."""
    places = np.flatnonzero(np.isfinite(each.value))
    values = each.value[places]
    flags = np.zeros(len(each.value), dtype=np.bool_)
    if len(values) < rule.still_minutes:
        return flags
    if not exact:
        flags |= _beating(each, rule.still_minutes)
    band = 0.0 if exact else rule.noise_share * _span(each.entry, values)
    spread = _sliding(values, rule.still_minutes, np.maximum) - _sliding(values, rule.still_minutes, np.minimum)
    flags[places[_covered(spread <= band, rule.still_minutes, len(values))]] = True
    return flags


def _span(entry: SignalEntry, values: Floats) -> float:
    """What noise is held against: the signal's range, else the size of its values."""
    if entry.low is not None and entry.high is not None:
        return float(entry.high - entry.low)
    return float(np.median(np.abs(values)))


def _beating(each: MinuteSeries, width: int) -> Flags:
    """Minutes of blocks of `width` minutes with data in which the signal only counts."""
    places = np.flatnonzero(np.isfinite(each.value))
    flags = np.zeros(len(each.value), dtype=np.bool_)
    last = len(places) - width
    for start in (*range(0, last + 1, width), last) if last >= 0 else ():
        block = places[start : start + width]
        if _beats(each.value[block]):
            flags[block] = True
    return flags


def _beats(values: Floats) -> bool:
    """Whether the value goes up by one and the same step whenever it changes, but for starting over."""
    steps = np.diff(values)
    steps = steps[steps != 0]
    if len(steps) < _LEAST_STEPS:
        return False
    usual = float(np.median(steps))
    return usual > 0 and int(np.count_nonzero(steps == usual)) >= _BEATING * len(steps)


def _sliding(values: Floats, width: int, choose: np.ufunc) -> Floats:
    """The extreme of every `width` neighbours, by doubling."""
    found, reach = values, 1
    while reach < width:
        step = min(reach, width - reach)
        found = choose(found[:-step], found[step:])
        reach += step
    return found


def _covered(starts: Flags, width: int, length: int) -> Flags:
    """Places inside any stretch of `width` that begins at a flag."""
    edges = np.zeros(length + 1, dtype=np.int64)
    begin = np.flatnonzero(starts)
    np.add.at(edges, begin, 1)
    np.add.at(edges, begin + width, -1)
    return np.cumsum(edges[:-1]) > 0


def _replayed(signals: Sequence[MinuteSeries], beating: Flags) -> Flags:
    """Minutes in which every signal that could show something new shows what it showed before, and one does."""
    length = len(signals[0].value)
    again, fresh = np.zeros(length, dtype=np.bool_), np.zeros(length, dtype=np.bool_)
    for each, counting in zip(signals, beating, strict=True):
        found = repeats_of(each.value)
        again |= found.repeated & ~counting
        fresh |= found.telling & ~found.repeated & ~counting
    return again & ~fresh
