"""How far the clock of each source stands from the gateway's: estimated from what arrives, flagged, never applied.

A sample is received after it was made, so `source time - receive time` is the clock's offset less the delay on the
way. The greatest difference of a while belongs to the fastest delivery and is a lower bound of the offset. A clock
that is ahead is thereby proved: no delay makes a sample arrive before its time. A clock that seems behind may be a
slow delivery; it counts as wrong only when it stands further back than the longest delay that is believed, and when
it runs at the pace of the gateway's clock, which a backlog being sent or a value that no longer changes does not.
"""

from __future__ import annotations

import statistics
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ovoo_contract.quality import CLOCK_SUSPECT, TIME_FROM_RECEIVE, TIME_FROM_SERVER
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL

from ovoo_edge._select import extent_kernels
from ovoo_edge.sources.base import Chunk, Intake

__all__ = ["ClockEstimate", "ClockedIntake", "SourceClock"]

_BUCKET_NS: Final = 5_000_000_000
_BUCKETS: Final = 7
_LEAST_BUCKETS: Final = 3
_TOLERANCE_NS: Final = 2_000_000_000
_LONGEST_DELAY_NS: Final = 120_000_000_000
_LARGEST_DRIFT: Final = 0.05
_DOUBTFUL: Final = TIME_FROM_SERVER | TIME_FROM_RECEIVE
_SERVER_BIT: Final = TIME_FROM_SERVER.bit_length() - 1
_RECEIVE_BIT: Final = TIME_FROM_RECEIVE.bit_length() - 1
_SUSPECT_BIT: Final = CLOCK_SUSPECT.bit_length() - 1


@dataclass(frozen=True, slots=True)
class ClockEstimate:
    """What is known of a source's clock.

    Attributes:
        offset_ms: source clock minus gateway clock, milliseconds; None before `_LEAST_BUCKETS` intervals were seen.
        uncertainty_ms: how far the true offset may be above it, because the delay on the way is not known, plus the
            spread of the estimate; None with it.
        suspect: the clock is known to be off: its samples carry `CLOCK_SUSPECT`.
    """

    offset_ms: float | None = None
    uncertainty_ms: float | None = None
    suspect: bool = False


class SourceClock:
    """The estimate for one source.

    The greatest difference of every five seconds is kept; the estimate is the median of the last seven. One wild
    sample spoils one of them, a jump is followed within four, a drift with half a minute's lag. Only samples that are
    newer than all before count: a value sent again with its old time says nothing about the clock.
    """

    def __init__(self) -> None:
        self._buckets: deque[tuple[int, int]] = deque(maxlen=_BUCKETS)
        self._newest_ns: int | None = None
        self._estimate = ClockEstimate()

    @property
    def estimate(self) -> ClockEstimate:
        """As of the last sample."""
        return self._estimate

    def hear(self, newest_ns: int, receive_ns: int) -> ClockEstimate:
        """Takes the newest source time of what was received at `receive_ns`."""
        if self._newest_ns is not None and newest_ns <= self._newest_ns and not self._turned_back(newest_ns):
            return self._estimate
        self._newest_ns = newest_ns
        place, difference = receive_ns // _BUCKET_NS, newest_ns - receive_ns
        if self._buckets and place < self._buckets[-1][0]:
            # the gateway's own clock was set back: what was learnt against it is void
            self._buckets.clear()
        if self._buckets and self._buckets[-1][0] == place:
            self._buckets[-1] = (place, max(self._buckets[-1][1], difference))
        else:
            self._buckets.append((place, difference))
            self._estimate = self._judge()
        return self._estimate

    def _turned_back(self, newest_ns: int) -> bool:
        """True where the source's clock was set back by more than a late sample explains; it then starts anew."""
        return self._newest_ns is not None and newest_ns < self._newest_ns - _LONGEST_DELAY_NS

    def _judge(self) -> ClockEstimate:
        """From the intervals that are complete, which the newest is not."""
        complete = list(self._buckets)[:-1]
        if len(complete) < _LEAST_BUCKETS:
            return ClockEstimate()
        differences = [difference for _, difference in complete]
        offset_ns = int(statistics.median(differences))
        spread_ns = int(statistics.median(abs(each - offset_ns) for each in differences))
        doubt_ns = spread_ns + (0 if offset_ns > 0 else min(-offset_ns, _LONGEST_DELAY_NS))
        span_ns = max((complete[-1][0] - complete[0][0]) * _BUCKET_NS, _BUCKET_NS)
        keeps_pace = abs(differences[-1] - differences[0]) <= _LARGEST_DRIFT * span_ns
        ahead = offset_ns - spread_ns > _TOLERANCE_NS
        behind = offset_ns + spread_ns < -(_LONGEST_DELAY_NS + _TOLERANCE_NS) and keeps_pace
        return ClockEstimate(offset_ns / 1e6, doubt_ns / 1e6, ahead or behind)


class ClockedIntake(Intake):
    """An intake that watches the clocks of the sources and marks the samples of those that are known to be off.

    Args:
        max_samples, monotonic_s: see `Intake`.
        watched: names of the sources whose samples come as they are made; a replayed file has no clock.
    """

    def __init__(self, max_samples: int, monotonic_s: Callable[[], float], watched: Iterable[str]) -> None:
        super().__init__(max_samples, monotonic_s)
        self._clocks = {name: SourceClock() for name in watched}

    def estimates(self) -> Mapping[str, ClockEstimate]:
        """By name of the source."""
        return {name: clock.estimate for name, clock in self._clocks.items()}

    async def put(self, chunk: Chunk) -> None:
        """See `Intake.put`."""
        clock = self._clocks.get(chunk.source)
        # rows about silence are made here and need no acknowledgement; history says nothing about the present clock
        if clock is not None and chunk.committed is not None and not chunk.flags & FLAG_BACKFILL:
            chunk = _watched(chunk, clock)
        await super().put(chunk)


def _watched(chunk: Chunk, clock: SourceClock) -> Chunk:
    newest_ns = _newest_ns(chunk.batch)
    if newest_ns is None or not chunk.receive_ns:
        return chunk
    estimate = clock.hear(newest_ns, chunk.receive_ns)
    if not estimate.suspect or estimate.offset_ms is None:
        return chunk
    return replace(chunk, batch=_flagged(chunk.batch), clock_offset_ns=round(estimate.offset_ms * 1e6))


def _newest_ns(batch: SampleBatch) -> int | None:
    """The greatest time that the source itself gave; None where it gave none."""
    return extent_kernels.newest_of(batch.time_ns, batch.quality, _DOUBTFUL)


def _doubtful(quality: array[int]) -> int:
    """Bit 0 of every 32-bit lane is set where the time is not the source's own; whole columns at a time."""
    lanes = int.from_bytes(quality.tobytes(), "little")
    return (lanes >> _SERVER_BIT | lanes >> _RECEIVE_BIT) & _ones(len(quality))


def _ones(lanes: int) -> int:
    return int.from_bytes(b"\x01\x00\x00\x00" * lanes, "little")


def _flagged(batch: SampleBatch) -> SampleBatch:
    """The batch with `CLOCK_SUSPECT` where the time is the source's own."""
    rows = len(batch)
    marks = (_ones(rows) ^ _doubtful(batch.quality)) << _SUSPECT_BIT
    lanes = int.from_bytes(batch.quality.tobytes(), "little") | marks
    return replace(batch, quality=array("I", lanes.to_bytes(4 * rows, "little")))
