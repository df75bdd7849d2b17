"""One-minute figures in plain Python: the twin of `_minutes.pyx`, with the same results.

A signal has one open minute. A sample of a later minute closes it; a sample of an earlier one stays what it is.
"""

from __future__ import annotations

from array import array
from typing import Final, Protocol

from ovoo_contract.quality import UNCERTAIN

from ovoo_edge.verdicts import AGGREGATED, KEPT, NEVER_NS, POLICIES

__all__ = ["FIGURES", "MinuteColumns", "MinutesState", "add_rows", "close_minutes", "oldest_entry"]

_MINUTE_NS: Final = 60_000_000_000
_AGGREGATE: Final = POLICIES["aggregate_1m"]
FIGURES: Final = ("count", "good", "min", "max", "mean", "last")
"""In the order of their signals, which start at `base`."""

MinuteColumns = tuple["array[int]", "array[int]", "array[float]", "array[int]", "array[int]", "array[int]"]
"""signal, time_ns, value of the figures; then signal, last nanosecond and number of
samples of the minutes that were closed."""


class MinutesState(Protocol):
    """Rules and open minute of every signal; see `minutes.MinuteState`."""

    policy: bytes
    base: array[int]
    minute_ns: array[int]
    closed_ns: array[int]
    since_ns: array[int]
    count: array[int]
    good: array[int]
    low: array[float]
    high: array[float]
    total: array[float]
    rest: array[float]
    last: array[float]
    entry: array[int]


def add_rows(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    worded: bytes | bytearray | None,
    mark: bytearray,
    state: MinutesState,
    now_ns: int,
    entry: int,
) -> MinuteColumns:
    """Takes rows of aggregated signals into their minutes and marks them; texts and rows of closed minutes stay.

    `entry` (> 0) is noted for minutes that open. IndexError for a signal without a rule.
    """
    figures = _Figures(state)
    for row, (index, now, item, code) in enumerate(zip(signal, time_ns, value, quality, strict=True)):
        policy = state.policy[index]
        if mark[row] != KEPT or policy != _AGGREGATE or (worded is not None and worded[row]):
            continue
        start = state.minute_ns[index]
        if start == NEVER_NS or not 0 <= now - start < _MINUTE_NS:
            if now < state.closed_ns[index] or now < start:
                continue
            figures.open(index, now, now_ns, entry)
        _add(state, index, item, code)
        mark[row] = AGGREGATED
    return figures.columns()


def close_minutes(state: MinutesState, now_ns: int, patience_ns: int) -> MinuteColumns:
    """Closes minutes that have been open for `patience_ns` of the gateway's clock: their signal fell silent."""
    figures = _Figures(state)
    for index, start in enumerate(state.minute_ns):
        if start != NEVER_NS and now_ns - state.since_ns[index] >= patience_ns:
            figures.close(index)
    return figures.columns()


def oldest_entry(state: MinutesState) -> int:
    """The smallest `entry` of all open minutes, 0 when none is open."""
    return min((state.entry[index] for index, start in enumerate(state.minute_ns) if start != NEVER_NS), default=0)


def _add(state: MinutesState, index: int, item: float, quality: int) -> None:
    state.count[index] += 1
    if quality >= UNCERTAIN or item - item != 0.0:
        return
    if not state.good[index]:
        state.low[index] = state.high[index] = item
    elif item < state.low[index]:
        state.low[index] = item
    elif item > state.high[index]:
        state.high[index] = item
    state.good[index] += 1
    total = state.total[index]
    following = total + item
    if abs(total) >= abs(item):
        state.rest[index] += (total - following) + item
    else:
        state.rest[index] += (item - following) + total
    state.total[index], state.last[index] = following, item


class _Figures:
    """Rows of the minutes closed in one call."""

    def __init__(self, state: MinutesState) -> None:
        self._state = state
        self._signal, self._time_ns, self._value = array("I"), array("q"), array("d")
        self._source, self._until_ns, self._numbers = array("I"), array("q"), array("I")

    def columns(self) -> MinuteColumns:
        return self._signal, self._time_ns, self._value, self._source, self._until_ns, self._numbers

    def open(self, index: int, time_ns: int, now_ns: int, entry: int) -> None:
        state = self._state
        if state.minute_ns[index] != NEVER_NS:
            self.close(index)
        state.minute_ns[index], state.since_ns[index] = time_ns // _MINUTE_NS * _MINUTE_NS, now_ns
        state.entry[index] = entry
        state.count[index] = state.good[index] = 0
        state.total[index] = state.rest[index] = 0.0

    def close(self, index: int) -> None:
        state, start = self._state, self._state.minute_ns[index]
        good = state.good[index]
        values = [float(state.count[index]), float(good)]
        if good:
            mean = (state.total[index] + state.rest[index]) / good
            values += [state.low[index], state.high[index], mean, state.last[index]]
        self._signal.extend(range(state.base[index], state.base[index] + len(values)))
        self._time_ns.extend([start] * len(values))
        self._value.extend(values)
        state.closed_ns[index] = start + _MINUTE_NS
        self._source.append(index)
        self._until_ns.append(state.closed_ns[index] - 1)
        self._numbers.append(state.count[index])
        state.minute_ns[index] = NEVER_NS
