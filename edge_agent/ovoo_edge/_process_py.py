"""Column kernels of the pipeline in plain Python: the twin of `_process.pyx`, with the same results."""

from __future__ import annotations

from array import array
from typing import Final

from ovoo_contract.quality import BAD_OUT_OF_RANGE, FLAGS, UNCERTAIN

from ovoo_edge.verdicts import CLAMPED_HIGH, CLAMPED_LOW, NEVER_NS, STUCK, TOO_FAST

__all__ = [
    "check_rows",
    "count_cells",
    "greatest_signal",
    "hours_of",
    "keys_of",
    "mark_before",
    "mark_behind",
    "merge_cells",
    "newest_own",
    "normalise_rows",
    "pick_rows",
    "steps_of",
    "time_span",
]

_HOUR_NS: Final = 3_600_000_000_000
_U32: Final = 0xFFFFFFFF


def normalise_rows(
    signal: array[int],
    value: array[float],
    quality: array[int],
    factor: array[float],
    offset: array[float],
    low: array[float],
    high: array[float],
    clamp: bytes,
) -> tuple[array[float], array[int]]:
    """(values, qualities): `value * factor + offset`; what is out of range is flagged.

    Where `clamp` is nonzero a good value out of range stands at the bound. An absent value stays absent; a
    quality that is not good is left alone, and such a value is only scaled. IndexError for a signal without a rule.
    """
    values, qualities = value[:], quality[:]
    for row, (index, number, code) in enumerate(zip(signal, value, quality, strict=True)):
        item = number * factor[index] + offset[index]
        values[row] = item
        if (item < low[index] or item > high[index]) and code < UNCERTAIN:
            if not clamp[index]:
                qualities[row] = BAD_OUT_OF_RANGE | (code & FLAGS)
            elif item < low[index]:
                values[row], qualities[row] = low[index], CLAMPED_LOW | (code & FLAGS)
            else:
                values[row], qualities[row] = high[index], CLAMPED_HIGH | (code & FLAGS)
    return values, qualities


def check_rows(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    max_rate: array[float],
    stuck_ns: array[int],
    last_ns: array[int],
    last_value: array[float],
    since_ns: array[int],
) -> tuple[array[int], int]:
    """(qualities, flagged): good finite rows in time order that rise too fast or have not moved for too long.

    `last_ns`, `last_value`, `since_ns` are the state per signal, `NEVER_NS` before the first. Rows at or before
    `last_ns` are left alone. An infinite `max_rate` and a `stuck_ns` of 0 switch a check off.
    """
    qualities, flagged, size = quality[:], 0, len(max_rate)
    for row, (index, now, item, code) in enumerate(zip(signal, time_ns, value, quality, strict=True)):
        if index >= size or code >= UNCERTAIN or item - item != 0.0 or now <= last_ns[index]:
            continue
        first = last_ns[index] == NEVER_NS
        if first or item != last_value[index]:
            if not first and abs(item - last_value[index]) > max_rate[index] * (float(now - last_ns[index]) * 1e-9):
                qualities[row] = TOO_FAST | (code & FLAGS)
                flagged += 1
            since_ns[index] = now
        elif stuck_ns[index] > 0 and now - since_ns[index] >= stuck_ns[index]:
            qualities[row] = STUCK | (code & FLAGS)
            flagged += 1
        last_ns[index], last_value[index] = now, item
    return qualities, flagged


def mark_behind(signal: array[int], time_ns: array[int], newest_ns: array[int], mark: bytearray, code: int) -> int:
    """Marks rows that are not newer than `newest_ns` of their signal, and moves that on; gives their number."""
    found = 0
    for row, (index, now) in enumerate(zip(signal, time_ns, strict=True)):
        if now <= newest_ns[index]:
            mark[row] = code
            found += 1
        else:
            newest_ns[index] = now
    return found


def mark_before(time_ns: array[int], limit_ns: int, mark: bytearray, from_code: int, to_code: int) -> int:
    """Marks rows before the limit that have `from_code` until now; gives their number."""
    found = 0
    for row, now in enumerate(time_ns):
        if now < limit_ns and mark[row] == from_code:
            mark[row] = to_code
            found += 1
    return found


def pick_rows(mark: bytes | bytearray, codes: int) -> array[int]:
    """The rows whose mark is a set bit of `codes`."""
    return array("I", [row for row, code in enumerate(mark) if codes >> code & 1])


def greatest_signal(signal: array[int]) -> int:
    """The greatest signal, -1 where there is no row."""
    return max(signal, default=-1)


def time_span(time_ns: array[int]) -> tuple[int, int]:
    """The least and the greatest time; ValueError where there is no row."""
    return min(time_ns), max(time_ns)


def newest_own(time_ns: array[int], quality: array[int], doubtful: int) -> int | None:
    """The greatest time of the rows whose quality has none of the bits `doubtful`; None where there is no such row."""
    rows = zip(time_ns, quality, strict=True)
    return max((now for now, code in rows if not code & doubtful), default=None)


def hours_of(time_ns: array[int]) -> array[int]:
    """The hours since 1970 UTC in which rows stand, ascending."""
    return array("q", sorted({now // _HOUR_NS for now in time_ns}))


def count_cells(
    signal: array[int],
    time_ns: array[int],
    mark: bytes | bytearray | None,
    codes: int,
    weights: array[int] | None,
    hour: int,
    width: int,
    kind: int,
) -> tuple[array[int], array[int]]:
    """(keys, numbers): rows of one hour per signal, key = signal * width + kind; only marks in `codes`, None = all.

    A row counts as many times as its weight says, once where there are none. ValueError where rows are not
    in signal order.
    """
    keys, numbers = array("I"), array("I")
    current = -1
    for row, (index, now) in enumerate(zip(signal, time_ns, strict=True)):
        if (mark is not None and not codes >> mark[row] & 1) or now // _HOUR_NS != hour:
            continue
        share = 1 if weights is None else weights[row]
        if index == current:
            numbers[-1] += share
            continue
        if index < current:
            raise ValueError("rows are not in signal order")
        current = index
        keys.append(index * width + kind)
        numbers.append(share)
    return keys, numbers


def merge_cells(
    keys: array[int], numbers: array[int], more_keys: array[int], more_numbers: array[int], subtract: bool
) -> tuple[array[int], array[int]]:
    """Sums (or differences) of two lists of cells in ascending order of their keys; zeros are left out."""
    cells = dict(zip(keys, numbers, strict=True))
    for key, number in zip(more_keys, more_numbers, strict=True):
        cells[key] = (cells.get(key, 0) + (-number if subtract else number)) & _U32
    found = sorted(key for key, number in cells.items() if number)
    return array("I", found), array("I", [cells[key] for key in found])


def steps_of(keys: array[int]) -> array[int]:
    """Differences of ascending keys, the first from 0."""
    return array("I", [here - before for here, before in zip(keys, [0, *keys], strict=False)])


def keys_of(steps: array[int]) -> array[int]:
    """What `steps_of` was made from."""
    keys, key = array("I"), 0
    for step in steps:
        key = (key + step) & _U32
        keys.append(key)
    return keys
