"""The rule for samples of the same signal and time: equal ones are duplicates, different ones move (CONTRACT 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from ovoo_contract.quality import SHIFTED

from ovoo_cloud.stores.base import FloatArray, IntArray, UIntArray

__all__ = ["MAX_SHIFT_NS", "Resolution", "Rows", "join", "resolve"]

MAX_SHIFT_NS: Final = 999
_UNFLAG: Final = np.uint32(0xFFFFFFFF & ~SHIFTED)
_Bool = npt.NDArray[np.bool_]
_Key = tuple[int, int]
_Content = tuple[int, int, str | None]


@dataclass(slots=True)
class Rows:
    """Samples of many signals; `series` is the store's number of a signal, `text` maps a row to its text."""

    series: UIntArray
    time_ns: IntArray
    value: FloatArray
    quality: UIntArray
    text: dict[int, str]

    def __len__(self) -> int:
        return len(self.series)

    @classmethod
    def empty(cls) -> Rows:
        """No rows."""
        return cls(np.empty(0, np.uint32), np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.uint32), {})

    def take(self, keep: IntArray) -> Rows:
        """The given rows in the given order."""
        text = {}
        if self.text:
            text = {new: self.text[old] for new, old in enumerate(keep.tolist()) if old in self.text}
        return Rows(self.series[keep], self.time_ns[keep], self.value[keep], self.quality[keep], text)


@dataclass(slots=True)
class Resolution:
    """What is to be stored, and per source row what happened: 0 kept, 1 duplicate, 2 shifted, 3 no room."""

    rows: Rows
    source: IntArray
    fate: npt.NDArray[np.uint8]


def join(parts: list[Rows]) -> Rows:
    """Several row sets behind one another."""
    if len(parts) == 1:
        return parts[0]
    text: dict[int, str] = {}
    offset = 0
    for part in parts:
        text.update({offset + row: words for row, words in part.text.items()})
        offset += len(part)
    return Rows(
        np.concatenate([part.series for part in parts]),
        np.concatenate([part.time_ns for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.quality for part in parts]),
        text,
    )


def resolve(new: Rows, existing: Rows) -> Resolution:
    """Applies the rule to `new` among itself and against `existing`; earlier rows of `new` win.

    `existing` must hold every stored row of the signals concerned within [time, time + 999 ns] of a doubtful row.
    The result is sorted by (series, time); `source` says which row of `new` each came from.
    """
    fate = np.zeros(len(new), np.uint8)
    both = join([existing, new]) if len(existing) else new
    offset = len(existing)
    order = _order(both)
    series, times = both.series[order], both.time_ns[order]
    again = np.zeros(len(order), np.bool_)
    again[1:] = (series[1:] == series[:-1]) & (times[1:] == times[:-1])
    if not again.any():
        keep = order if not offset else order[order >= offset] - offset
        rows = new if _identity(keep) else new.take(keep)
        return Resolution(rows, keep, fate)
    doubtful = _doubtful(both, order, again, offset, fate)
    moved = _place(both, order, doubtful, offset, fate) if len(doubtful) else {}
    return _collect(new, fate, moved)


def _order(rows: Rows) -> IntArray:
    series, times = rows.series, rows.time_ns
    rising = (series[1:] > series[:-1]) | ((series[1:] == series[:-1]) & (times[1:] >= times[:-1]))
    if rising.all():
        return np.arange(len(rows), dtype=np.int64)
    order: IntArray = np.lexsort((times, series)).astype(np.int64)  # stable: arrival order decides among equals
    return order


def _identity(keep: IntArray) -> bool:
    return len(keep) == 0 or (keep[0] == 0 and keep[-1] == len(keep) - 1 and bool((np.diff(keep) == 1).all()))


def _doubtful(both: Rows, order: IntArray, again: _Bool, offset: int, fate: npt.NDArray[np.uint8]) -> IntArray:
    """Marks rows equal to the one before as duplicates; returns the positions in `order` of the rest."""
    at = np.flatnonzero(again)
    this, before = order[at], order[at - 1]
    bits = both.value.view(np.int64)
    absent = np.isnan(both.value)
    same_value = (bits[this] == bits[before]) | (absent[this] & absent[before])
    equal = same_value & ((both.quality[this] & _UNFLAG) == (both.quality[before] & _UNFLAG))
    if both.text:
        texts = [both.text.get(a) == both.text.get(b) for a, b in zip(this.tolist(), before.tolist(), strict=True)]
        equal &= np.array(texts, np.bool_)
    mine = this >= offset
    fate[this[equal & mine] - offset] = 1
    left: IntArray = at[~equal & mine]
    return left


def _place(both: Rows, order: IntArray, doubtful: IntArray, offset: int, fate: npt.NDArray[np.uint8]) -> dict[int, int]:
    """Finds for every doubtful row a free nanosecond or an equal row; returns new row -> new time."""
    occupied = _occupied(both, order, doubtful, offset, fate)
    moved: dict[int, int] = {}
    for position in doubtful.tolist():
        row = int(order[position])
        series, time_ns, content = int(both.series[row]), int(both.time_ns[row]), _content(both, row)
        target = _free(occupied, series, time_ns, content)
        if target is None:
            fate[row - offset] = 1
        elif target > time_ns + MAX_SHIFT_NS:
            fate[row - offset] = 3
        else:
            occupied[series, target] = content
            moved[row - offset] = target
            fate[row - offset] = 2
    return moved


def _occupied(
    both: Rows, order: IntArray, doubtful: IntArray, offset: int, fate: npt.NDArray[np.uint8]
) -> dict[_Key, _Content]:
    """Content by (series, time) of every settled row near a doubtful one."""
    unsettled = set(order[doubtful].tolist())
    series, times = both.series[order], both.time_ns[order]
    occupied: dict[_Key, _Content] = {}
    for position in doubtful.tolist():
        at = position
        while at > 0 and series[at - 1] == series[position] and times[at - 1] == times[position]:
            at -= 1
        while at < len(order) and series[at] == series[position] and times[at] <= times[position] + MAX_SHIFT_NS:
            row = int(order[at])
            if row not in unsettled and (row < offset or fate[row - offset] == 0):
                occupied[int(series[at]), int(times[at])] = _content(both, row)
            at += 1
    return occupied


def _content(rows: Rows, row: int) -> _Content:
    value = rows.value[row]
    bits = -1 if np.isnan(value) else int(value.view(np.int64))
    return bits, int(rows.quality[row] & _UNFLAG), rows.text.get(row)


def _free(occupied: dict[_Key, _Content], series: int, time_ns: int, content: _Content) -> int | None:
    """The first free time from `time_ns` on, or None when an equal row stands on the way."""
    target = time_ns
    while (series, target) in occupied:
        if occupied[series, target] == content:
            return None
        target += 1
    return target


def _collect(new: Rows, fate: npt.NDArray[np.uint8], moved: dict[int, int]) -> Resolution:
    keep = np.flatnonzero((fate == 0) | (fate == 2))
    rows = new.take(keep)
    if moved:
        rows.time_ns, rows.quality = rows.time_ns.copy(), rows.quality.copy()
        sources = np.fromiter(moved, np.int64, len(moved))
        places = np.searchsorted(keep, sources)
        rows.time_ns[places] = np.fromiter(moved.values(), np.int64, len(moved))
        rows.quality[places] |= np.uint32(SHIFTED)
    order = _order(rows)
    return Resolution(rows if _identity(order) else rows.take(order), keep[order], fate)
