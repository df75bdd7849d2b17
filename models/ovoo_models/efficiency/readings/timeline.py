"""Stamps of rows put right: midnight rows, time zone, daylight saving; then the interval and the end it names."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from ovoo_models.efficiency.readings.moments import NO_TIME, Moments
from ovoo_models.efficiency.readings.options import ReadingOptions, zone_named
from ovoo_models.efficiency.readings.problem import ProblemLog

__all__ = [
    "Stamps",
    "foreign_daylight",
    "interval_of",
    "label_of",
    "offset_s",
    "repair_midnight",
    "to_utc",
    "wall_text",
]

DAY: Final = 86_400
_BLOCK: Final = 900
_FOREIGN: Final = ("Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Australia/Sydney")
"""Zones with daylight saving that a logger's computer is found to be set to; one of each rule of dates."""


@dataclass(frozen=True, slots=True)
class Stamps:
    """Rows in the order of the file: wall clock and UTC seconds, `NO_TIME` where there is none."""

    wall_s: array[int]
    utc_s: array[int]


def offset_s(zone: ZoneInfo, at_s: int) -> int:
    """Offset of the zone from UTC at a UTC time, seconds."""
    offset = datetime.fromtimestamp(at_s, zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def repair_midnight(moments: Moments, lines: Sequence[int], log: ProblemLog) -> bool:
    """Adds a day to rows of 00:00 that stand after the last row of the day whose date they carry; whether any did."""
    seconds = moments.seconds
    step = _usual_step(seconds)
    late = [
        place
        for place in range(1, len(seconds))
        if seconds[place] % DAY == 0
        and NO_TIME not in (seconds[place], seconds[place - 1])
        and seconds[place] + DAY == seconds[place - 1] + step
    ]
    taken = {at for at in seconds if at % DAY == 0} if late else set()
    taken -= {seconds[place] for place in late}
    # rows out of order look alike, but the midnight that they would become stands elsewhere
    late = [place for place in late if seconds[place] + DAY not in taken]
    if moments.zoned or not late or step >= DAY or not _rises_but_for(late, seconds):
        return False
    for place in late:
        seconds[place] += DAY
    rows = (lines[late[0]], lines[late[-1]], len(late))
    log.add_span("midnight.previous_date", "repaired", rows, wall_text(seconds[late[0]] - DAY))
    return True


def _rises_but_for(late: Sequence[int], seconds: Sequence[int]) -> bool:
    """Whether time goes back mostly at these rows: in a file without order they are chance."""
    back = sum(after < before for before, after in pairwise(seconds) if NO_TIME not in (before, after))
    return back <= 2 * len(late)


def _usual_step(seconds: Sequence[int]) -> int:
    steps = Counter(after - before for before, after in pairwise(seconds) if after > before)
    steps.pop(0, None)
    return steps.most_common(1)[0][0] if steps else 0


def wall_text(at_s: int) -> str:
    """A wall time for people."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at_s)).strftime("%Y-%m-%d %H:%M")


def to_utc(moments: Moments, lines: Sequence[int], options: ReadingOptions, log: ProblemLog) -> Stamps:
    """UTC of each row. The order of rows tells an hour that the clock shows twice; one that it skips is dropped."""
    zone = zone_named(options.stamp_zone or options.zone)
    if moments.zoned:
        wall = array("q", [at if at == NO_TIME else at + offset_s(zone, at) for at in moments.seconds])
        return Stamps(wall, array("q", moments.seconds))
    utc = array("q", bytes(8 * len(lines)))
    cache: dict[tuple[int, int], tuple[int, bool]] = {}
    before, twice_until = NO_TIME, NO_TIME
    for place, wall_s in enumerate(moments.seconds):
        if wall_s == NO_TIME:
            utc[place] = NO_TIME
            continue
        if before != NO_TIME and -3600 <= wall_s - before <= 0:
            twice_until = wall_s + 7200
        before = wall_s
        key = (wall_s // _BLOCK, int(wall_s < twice_until))
        if key not in cache:
            cache[key] = _offset_of_wall(zone, wall_s, key[1])
        offset, exists = cache[key]
        utc[place] = wall_s - offset if exists else NO_TIME
        if not exists:
            log.add("daylight.skipped_hour", "dropped", lines[place], wall_text(wall_s), zone=zone.key)
    return Stamps(array("q", moments.seconds), utc)


def _offset_of_wall(zone: ZoneInfo, wall_s: int, fold: int) -> tuple[int, bool]:
    """Offset at a wall time, and whether the clock shows that time at all."""
    wall = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=wall_s)
    found = wall.replace(tzinfo=zone, fold=fold).utcoffset()
    offset = int(found.total_seconds()) if found else 0
    return offset, offset_s(zone, wall_s - offset) == offset


def foreign_daylight(stamps: Stamps, lines: Sequence[int], options: ReadingOptions, log: ProblemLog) -> None:
    """Tells that the wall clock jumps as in a zone with daylight saving, where the zone of the stamps has none."""
    known = sorted({at for at in stamps.wall_s if at != NO_TIME})
    step = _usual_step(known)
    if not known or not 0 < step <= 3600:
        return
    own = zone_named(options.stamp_zone or options.zone)
    if {offset_s(own, at) for at in range(known[0], known[-1] + 2 * DAY, DAY)} != {offset_s(own, known[0])}:
        return
    present, doubled = set(known), _doubled(stamps.wall_s)
    for name in _FOREIGN:
        gaps, overlaps = _transitions(ZoneInfo(name), known[0], known[-1])
        gone = [at for at in gaps if at - step in present and at not in present and at + 3600 in present]
        twice = [at for at in overlaps if at in doubled or at + step in doubled]
        if gone and len(gone) == len(gaps) and len(twice) == len(overlaps):
            log.add("daylight.foreign", "kept", value=wall_text(gone[0]), zone=name, own=own.key)
            return


def _doubled(seconds: Sequence[int]) -> set[int]:
    seen: set[int] = set()
    twice: set[int] = set()
    for at in seconds:
        (twice if at in seen else seen).add(at)
    return twice


def _transitions(zone: ZoneInfo, first_s: int, last_s: int) -> tuple[list[int], list[int]]:
    """Wall times at which the clock jumps ahead, and to which it falls back, in order."""
    gaps, overlaps = [], []
    for at in range(first_s - first_s % DAY, last_s, DAY):
        before, after = offset_s(zone, at), offset_s(zone, at + DAY)
        if before == after:
            continue
        hour = next(at + h * 3600 for h in range(1, 25) if offset_s(zone, at + h * 3600) == after)
        if after > before:
            gaps.append(hour + before)
        else:
            overlaps.append(hour + after)
    inside = [[each for each in jumps if first_s < each < last_s - 7200] for jumps in (gaps, overlaps)]
    return inside[0], inside[1]


def interval_of(sorted_s: Sequence[int], options: ReadingOptions, log: ProblemLog) -> int:
    """Seconds between rows: the most frequent step.

    Raises:
        Refused: less than three rows, or no step that most rows keep.
    """
    steps = Counter(after - before for before, after in pairwise(sorted_s))
    total = sum(steps.values())
    if total < 2:
        raise log.refuse("interval.too_few", value=str(total + 1))
    step, times = steps.most_common(1)[0]
    step = options.interval_s or step
    near = sum(count for each, count in steps.items() if abs(each - step) <= step // 10)
    if step > DAY and not options.interval_s:
        raise log.refuse("interval.monthly", value=f"{step / DAY:g}")
    if near < 0.5 * total and not options.interval_s:
        raise log.refuse("interval.irregular", value=str(step), share=f"{100 * times / total:.0f}")
    return step


def label_of(wall_s: Sequence[int], interval_s: int, said: str, ends_at_midnight: bool, log: ProblemLog) -> str:
    """`start` or `end`: what the header says, else what the first and last row of the file show, else start, told."""
    if said or interval_s >= DAY:
        return said or "start"
    first, last = wall_s[0] % DAY, wall_s[-1] % DAY
    if ends_at_midnight or (first == interval_s and last == 0):
        log.add("label.end", "repaired", value=wall_text(wall_s[0]))
        return "end"
    if not (first == 0 and last == DAY - interval_s):
        log.add("label.assumed", "kept", value=wall_text(wall_s[0]))
    return "start"
