"""The pure part of the pipeline: chunks in, a spool group out; no clock, no disk, no event loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.findings import Finding
from ovoo_contract.quality import SHIFTED
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import CODEC_ZLIB, FLAG_BACKFILL, BatchHeader, encode_batch

from ovoo_edge.deadband import Deadband
from ovoo_edge.normalise import Normaliser, SignalRule
from ovoo_edge.sources.base import Chunk
from ovoo_edge.spool_rows import EVENT_RANK, HOUR_NS, Group, RowMeta, Tally
from ovoo_edge.suppressed_memory import SuppressedMemory
from ovoo_edge.watermark import Watermark, split_by_age

__all__ = ["MAX_ROWS", "HourCounts", "Scorer", "Stage", "StageResult", "hour_counts"]

MAX_ROWS = 10_000
"""Samples per spool row, at most: a row stays far below a message's limit."""

Scorer = Callable[[SampleBatch], tuple[SampleBatch, Sequence[Finding]]]
"""Derived samples and findings of a batch sorted by signal and time."""


@dataclass(slots=True)
class StageResult:
    """What one group of chunks became.

    Attributes:
        groups: to be committed together; several only when one transaction cannot take all of it.
        received, suppressed, duplicates, shifted, late: rows, for counters.
        lost: rows that fit nowhere, with the reason.
    """

    groups: list[Group] = field(default_factory=list)
    received: int = 0
    derived: int = 0
    suppressed: int = 0
    duplicates: int = 0
    shifted: int = 0
    late: int = 0
    findings: int = 0
    lost: dict[str, Tally] = field(default_factory=dict)


class Stage:
    """Normalise, sort and dedupe, score, mark late rows, suppress, encode.

    Args:
        catalogue: of the gateway; derived signals included.
        rules: one per signal.
        scorer: called with every sorted batch, before anything is suppressed.
        watermark: knows what was seen.
        refresh_s: see `Deadband`.
        limits: (largest row, largest group) in bytes.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rules: Sequence[SignalRule],
        scorer: Scorer | None,
        watermark: Watermark,
        refresh_s: float,
        limits: tuple[int, int],
    ) -> None:
        self._catalogue = catalogue
        self._normaliser = Normaliser(rules)
        self._deadband = Deadband(rules, refresh_s)
        self._suppressed = SuppressedMemory()
        self._scorer = scorer
        self._watermark = watermark
        self._limits = limits
        ranks = sorted({rule.rank for rule in rules})
        self._clock_offset_ns = 0
        self._classes = [(rank, bytes(1 if rule.rank == rank else 0 for rule in rules)) for rank in ranks]

    def process(self, chunks: Sequence[Chunk], now_ns: int) -> StageResult:
        """The groups to commit for these chunks."""
        result = StageResult(groups=[Group()])
        # a message names one clock offset, so samples of a wrong clock get rows of their own
        by_marks: dict[tuple[int, int], list[Chunk]] = {}
        for chunk in chunks:
            by_marks.setdefault((chunk.flags, chunk.clock_offset_ns), []).append(chunk)
        for (flags, self._clock_offset_ns), members in by_marks.items():
            receive_ns = min((chunk.receive_ns for chunk in members if chunk.receive_ns), default=now_ns)
            self._process_flagged(
                SampleBatch.concat([chunk.batch for chunk in members]), flags, receive_ns, now_ns, result
            )
        return result

    def _process_flagged(self, raw: SampleBatch, flags: int, receive_ns: int, now_ns: int, result: StageResult) -> None:
        result.received += len(raw)
        batch = self._deduped(self._normaliser.apply(raw), result)
        # models have seen what came after a gap: what fills it would take them back in time
        scored = self._watermark.newer(batch) if flags & FLAG_BACKFILL else batch
        if self._scorer is not None and len(scored):
            derived, findings = self._scorer(scored)
            if len(derived):
                result.derived += len(derived)
                self._count(result, "received", hour_counts(derived))
                batch = SampleBatch.concat([batch, derived]).sorted()
            for finding in findings:
                self._append_event(finding, receive_ns, result)
        ahead, behind = self._watermark.split(batch)
        behind, copies = self._suppressed.split(behind)
        result.duplicates += len(copies)
        self._count(result, "duplicate", hour_counts(copies))
        kept, suppressed = self._deadband.split(ahead)
        self._suppressed.note(suppressed)
        result.suppressed += len(suppressed)
        self._count(result, "suppressed", hour_counts(suppressed))
        live, old = split_by_age(kept, now_ns)
        late = SampleBatch.concat([old, behind]).sorted() if len(old) and len(behind) else old if len(old) else behind
        result.late += len(late)
        self._append(live, flags, receive_ns, result)
        self._append(late, flags | FLAG_BACKFILL, receive_ns, result)

    def _deduped(self, batch: SampleBatch, result: StageResult) -> SampleBatch:
        self._count(result, "received", hour_counts(batch))
        clean = batch.dedupe()
        if clean.duplicates or clean.overflow:
            gone = _difference(hour_counts(batch), hour_counts(clean.batch))
            if clean.overflow:
                self._lose("same_time_overflow", _take_counts(gone, clean.overflow), result)
            self._count(result, "duplicate", gone)
        if clean.shifted:
            shifted = [row for row, quality in enumerate(clean.batch.quality) if quality & SHIFTED]
            self._count(result, "shifted", hour_counts(clean.batch.take(shifted)))
        result.duplicates += clean.duplicates
        result.shifted += clean.shifted
        return clean.batch

    def _append(self, batch: SampleBatch, flags: int, receive_ns: int, result: StageResult) -> None:
        """Encodes one row per data class and at most `MAX_ROWS` samples."""
        for rank, mask in self._classes if len(batch) else ():
            part = batch.select_signals(mask) if len(self._classes) > 1 else batch
            for start in range(0, len(part), MAX_ROWS):
                rows = part if len(part) <= MAX_ROWS else part.take(range(start, min(start + MAX_ROWS, len(part))))
                self._append_row(rows, rank, flags, receive_ns, result)

    def _append_row(self, batch: SampleBatch, rank: int, flags: int, receive_ns: int, result: StageResult) -> None:
        payload = encode_batch(
            BatchHeader(
                catalogue_id=self._catalogue.id,
                epoch=0,
                seq=0,
                flags=flags,
                receive_ns=receive_ns,
                clock_offset_ns=self._clock_offset_ns,
            ),
            batch,
            CODEC_ZLIB,
        )
        if len(payload) > self._limits[0]:
            self._append_halves(batch, rank, flags, receive_ns, result)
            return
        meta = RowMeta(len(batch), min(batch.time_ns), max(batch.time_ns), rank, flags, receive_ns)
        self._group_for(len(payload), result).append("batch", self._catalogue.id, payload, meta)

    def _append_halves(self, batch: SampleBatch, rank: int, flags: int, receive_ns: int, result: StageResult) -> None:
        half = len(batch) // 2
        if not half:
            self._lose("larger_than_a_row", hour_counts(batch), result)
            return
        self._append_row(batch.take(range(half)), rank, flags, receive_ns, result)
        self._append_row(batch.take(range(half, len(batch))), rank, flags, receive_ns, result)

    def _append_event(self, finding: Finding, receive_ns: int, result: StageResult) -> None:
        payload = finding.to_json()
        meta = RowMeta(1, finding.start_ns, finding.end_ns, EVENT_RANK, 0, receive_ns)
        self._group_for(len(payload), result).append("event", self._catalogue.id, payload, meta)
        result.findings += 1

    def _group_for(self, size: int, result: StageResult) -> Group:
        if result.groups[-1].size + size > self._limits[1]:
            result.groups.append(Group())
        return result.groups[-1]

    def _count(self, result: StageResult, counter: str, counts: HourCounts) -> None:
        for hour, per_signal in counts.items():
            if per_signal:
                result.groups[0].count(hour, counter, self._catalogue.id, per_signal)

    def _lose(self, cause: str, counts: HourCounts, result: StageResult) -> None:
        into = result.lost.setdefault(cause, {})
        for hour, per_signal in counts.items():
            for signal, number in per_signal.items():
                address = str(self._catalogue.entries[signal].address)
                cell = into.setdefault((address, hour), [0, hour * HOUR_NS, (hour + 1) * HOUR_NS - 1])
                cell[0] += number


HourCounts = dict[int, Counter[int]]
"""Hour since 1970 UTC -> {signal: rows}."""


def hour_counts(batch: SampleBatch) -> HourCounts:
    """Rows per hour and signal."""
    if not len(batch):
        return {}
    first, last = min(batch.time_ns) // HOUR_NS, max(batch.time_ns) // HOUR_NS
    if first == last:
        return {first: Counter(batch.signal)}
    found: HourCounts = {}
    cells = Counter(zip(batch.signal, (time_ns // HOUR_NS for time_ns in batch.time_ns), strict=True))
    for (signal, hour), number in cells.items():
        found.setdefault(hour, Counter())[signal] = number
    return found


def _difference(before: HourCounts, after: HourCounts) -> HourCounts:
    return {hour: counts - after.get(hour, Counter()) for hour, counts in before.items()}


def _take_counts(counts: HourCounts, wanted: int) -> HourCounts:
    """Moves `wanted` rows out of `counts`, largest cells first: only they can have run out of nanoseconds."""
    cells = sorted(
        ((number, hour, signal) for hour, part in counts.items() for signal, number in part.items()), reverse=True
    )
    taken: HourCounts = {}
    for number, hour, signal in cells:
        moved = min(number, wanted)
        if moved:
            taken.setdefault(hour, Counter())[signal] = moved
            counts[hour][signal] -= moved
            wanted -= moved
    return taken
