"""The pure part of the pipeline: chunks in, a spool group out; no clock, no disk, no event loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.findings import Finding
from ovoo_contract.quality import SHIFTED
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL

from ovoo_edge._select import process_kernels
from ovoo_edge.cells import HourCells, cells_of, count_rows
from ovoo_edge.held_journal import DoorJournal, MinuteJournal
from ovoo_edge.hour_sums import SumsBook
from ovoo_edge.minutes import ClosedMinutes, Minutes, figure_bases
from ovoo_edge.normalise import Checks, Normaliser, SignalRule
from ovoo_edge.row_writer import MAX_ROWS, Output, RowWriter
from ovoo_edge.sources.base import Chunk
from ovoo_edge.spool_rows import FIGURE_SPAN_NS
from ovoo_edge.suppressed_memory import SuppressedMemory
from ovoo_edge.thinning import Thinning
from ovoo_edge.verdicts import AGGREGATED, BEHIND, COPY, HELD, KEPT, OLD, SUPPRESSED, all_kept
from ovoo_edge.watermark import Watermark, mark_by_age

__all__ = ["MAX_ROWS", "Derive", "Scorer", "Stage", "StageResult"]

Scorer = Callable[[SampleBatch], tuple[SampleBatch, Sequence[Finding]]]
"""Derived samples and findings of a batch sorted by signal and time."""

Derive = Callable[[SampleBatch], SampleBatch]
"""Samples of derived signals of a batch sorted by signal and time."""


@dataclass(slots=True)
class StageResult(Output):
    """What one group of chunks became.

    Attributes:
        groups: to be committed in order; several only when one transaction cannot take all of it.
        received, suppressed, duplicates, shifted, late: rows, for counters.
        lost: rows that fit nowhere, with the reason.
    """

    received: int = 0
    derived: int = 0
    suppressed: int = 0
    duplicates: int = 0
    shifted: int = 0
    late: int = 0
    findings: int = 0
    counts: HourCells = field(default_factory=dict)

    def count(self, cells: HourCells) -> int:
        """Adds cells; gives their sum."""
        for hour, more in cells.items():
            have = self.counts.get(hour)
            self.counts[hour] = more if have is None else have.plus(more)
        return sum(more.total() for more in cells.values())


class _Changes:
    """What became held and what was decided while one group was processed."""

    def __init__(self) -> None:
        self.held: list[SampleBatch] = []
        self.decided: list[SampleBatch] = []
        self.aggregated: list[SampleBatch] = []
        self.closed: list[SampleBatch] = []


class Stage:
    """Normalise, sort and dedupe, check, derive, score, mark late rows, aggregate, thin, encode.

    Args:
        catalogue: of the gateway; derived signals included.
        rules: one per signal.
        scorer: called with every sorted batch, before anything is suppressed.
        watermark: knows what was seen.
        refresh_s: see `Thinning`.
        limits: (largest row, largest group) in bytes.
        derive: computes derived signals, before the scorer.
        sums: hours of machines as sums, built from what the scorer gives.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rules: Sequence[SignalRule],
        scorer: Scorer | None,
        watermark: Watermark,
        refresh_s: float,
        limits: tuple[int, int],
        derive: Derive | None = None,
        sums: SumsBook | None = None,
    ) -> None:
        self._catalogue_id = catalogue.id
        self._normaliser = Normaliser(rules)
        self._checks = Checks(rules)
        self._thinning = Thinning(rules, refresh_s)
        self._minutes = Minutes(rules, figure_bases(catalogue))
        self._kept_back = SuppressedMemory()
        self._scorer = scorer
        self._derive = derive
        self._sums = sums
        self._watermark = watermark
        self._clock_offset_ns = 0
        self._writer = RowWriter(catalogue, [rule.rank for rule in rules], limits)
        self._doors = DoorJournal(catalogue.id, limits[1])
        self._open_minutes = MinuteJournal(catalogue.id, limits[1])
        self._figures = RowWriter(catalogue, [rule.rank for rule in rules], limits, FIGURE_SPAN_NS)

    @property
    def holds(self) -> bool:
        """True where something waits for time to pass: then `process` is called now and then without chunks."""
        return self._holds_samples or (self._sums is not None and self._sums.waiting)

    @property
    def _holds_samples(self) -> bool:
        return self._thinning.holds or self._minutes.active

    def process(self, chunks: Sequence[Chunk], now_ns: int) -> StageResult:
        """The groups to commit for these chunks."""
        result = StageResult()
        changes = _Changes()
        # a message names one clock offset, so samples of a wrong clock get rows of their own
        by_marks: dict[tuple[int, int], list[Chunk]] = {}
        for chunk in chunks:
            by_marks.setdefault((chunk.flags, chunk.clock_offset_ns), []).append(chunk)
        for (flags, self._clock_offset_ns), members in by_marks.items():
            receive_ns = min((chunk.receive_ns for chunk in members if chunk.receive_ns), default=now_ns)
            raw = SampleBatch.concat([chunk.batch for chunk in members])
            self._process_flagged(raw, flags, receive_ns, now_ns, result, changes)
        self._clock_offset_ns = 0
        if self._holds_samples:
            self._end_silence(now_ns, result, changes)
            self._write_journals(changes, result)
        if self._sums is not None:
            self._sums.write(now_ns, result)
        # with the last rows: what is counted as received is durable
        for hour, cells in result.counts.items():
            result.groups[-1].add_cells(hour, self._catalogue_id, cells)
        return result

    def _process_flagged(
        self, raw: SampleBatch, flags: int, receive_ns: int, now_ns: int, result: StageResult, changes: _Changes
    ) -> None:
        result.received += len(raw)
        batch = self._checks.apply(self._deduped(self._normaliser.apply(raw).sorted(), result))
        older, fresh = self._watermark.part(batch) if flags & FLAG_BACKFILL else (SampleBatch.empty(), batch)
        # models and formulas have seen what came after a gap: what fills it would take them back in time
        batch = self._with_derived(fresh, receive_ns, now_ns, result)
        if len(older):
            batch = SampleBatch.concat([older, batch]).sorted()
        mark = bytearray(len(batch))
        behind = self._watermark.mark(batch, mark)
        if behind and (copies := self._kept_back.mark(batch, mark)):
            result.duplicates += copies
            result.count(count_rows(batch, "duplicate", mark, 1 << COPY))
        if self._minutes.active:
            closed = self._minutes.apply(batch, mark, now_ns, self._open_minutes.number)
            changes.aggregated.append(batch.take(process_kernels.pick_rows(mark, 1 << AGGREGATED)))
            self._append_minutes(closed, receive_ns, now_ns, result, changes)
        kept = self._thinned(batch, mark, now_ns, result, changes)
        self._kept_back.note(batch, mark)
        late = batch.take(process_kernels.pick_rows(mark, 1 << BEHIND)) if behind else SampleBatch.empty()
        self._append_by_age(kept, late, flags, receive_ns, now_ns, result)

    def _deduped(self, batch: SampleBatch, result: StageResult) -> SampleBatch:
        result.count(count_rows(batch, "received"))
        clean = batch.dedupe()
        if clean.duplicates or clean.overflow:
            gone = _difference(count_rows(batch, "duplicate"), count_rows(clean.batch, "duplicate"))
            if clean.overflow:
                taken, gone = _take_counts(gone, clean.overflow)
                self._writer.lose("same_time_overflow", taken, result)
            result.count(gone)
        if clean.shifted:
            shifted = [row for row, quality in enumerate(clean.batch.quality) if quality & SHIFTED]
            result.count(count_rows(clean.batch.take(shifted), "shifted"))
        result.duplicates += clean.duplicates
        result.shifted += clean.shifted
        return clean.batch

    def _with_derived(self, batch: SampleBatch, receive_ns: int, now_ns: int, result: StageResult) -> SampleBatch:
        """The batch with derived signals and scores in their places; findings become rows."""
        if self._derive is not None:
            batch = self._joined(batch, self._normaliser.apply(self._derive(batch)), result)
        if self._scorer is None or not len(batch):
            return batch
        scores, findings = self._scorer(batch)
        if self._sums is not None:
            scores = self._sums.take(scores, now_ns)
        for finding in findings:
            self._writer.append_event(finding, receive_ns, result)
            result.findings += 1
        return self._joined(batch, scores, result)

    def _joined(self, batch: SampleBatch, derived: SampleBatch, result: StageResult) -> SampleBatch:
        if not len(derived):
            return batch
        result.derived += len(derived)
        result.count(count_rows(derived.sorted(), "received"))
        return SampleBatch.concat([batch, derived]).sorted()

    def _thinned(
        self, batch: SampleBatch, mark: bytearray, now_ns: int, result: StageResult, changes: _Changes
    ) -> SampleBatch:
        """What goes on now: kept rows, and earlier ones that had been held until now."""
        if not self._thinning.active:
            return batch if all_kept(mark) else batch.take(process_kernels.pick_rows(mark, 1 << KEPT))
        decided = self._thinning.apply(batch, mark, now_ns)
        result.suppressed += result.count(count_rows(batch, "suppressed", mark, 1 << SUPPRESSED))
        result.suppressed += result.count(count_rows(decided.suppressed, "suppressed"))
        changes.decided += [decided.kept, decided.suppressed]
        changes.held.append(batch.take(process_kernels.pick_rows(mark, 1 << HELD)))
        kept = batch if all_kept(mark) else batch.take(process_kernels.pick_rows(mark, 1 << KEPT))
        return SampleBatch.concat([kept, decided.kept]).sorted() if len(decided.kept) else kept

    def _append_by_age(
        self, kept: SampleBatch, behind: SampleBatch, flags: int, receive_ns: int, now_ns: int, result: StageResult
    ) -> None:
        """Rows that came in order and late ones, each with its flags."""
        mark = bytearray(len(kept))
        live, late = kept, behind
        if mark_by_age(kept, mark, now_ns):
            live = kept.take(process_kernels.pick_rows(mark, 1 << KEPT))
            late = SampleBatch.concat([kept.take(process_kernels.pick_rows(mark, 1 << OLD)), behind]).sorted()
        result.count(count_rows(late, "backfilled"))
        if flags & FLAG_BACKFILL:
            result.count(count_rows(live, "backfilled"))
        result.late += len(late)
        self._writer.append(live, flags, receive_ns, result, self._clock_offset_ns)
        self._writer.append(late, flags | FLAG_BACKFILL, receive_ns, result, self._clock_offset_ns)

    def _append_minutes(
        self, closed: ClosedMinutes, receive_ns: int, now_ns: int, result: StageResult, changes: _Changes
    ) -> None:
        if not len(closed.ends):
            return
        result.suppressed += result.count(closed.counts)
        result.derived += len(closed.figures)
        result.count(count_rows(closed.figures, "received"))
        changes.closed.append(closed.ends)
        mark = bytearray(len(closed.figures))
        mark_by_age(closed.figures, mark, now_ns)
        for code, flags in ((KEPT, 0), (OLD, FLAG_BACKFILL)):
            rows = closed.figures.take(process_kernels.pick_rows(mark, 1 << code))
            self._figures.append(rows, flags, receive_ns, result, self._clock_offset_ns)

    def _end_silence(self, now_ns: int, result: StageResult, changes: _Changes) -> None:
        """Signals that fell silent: their held sample is kept, their minute closes."""
        released = self._thinning.release(now_ns)
        changes.decided.append(released)
        self._append_by_age(released, SampleBatch.empty(), 0, now_ns, now_ns, result)
        if self._minutes.active:
            self._append_minutes(self._minutes.close_silent(now_ns), now_ns, now_ns, result, changes)

    def _write_journals(self, changes: _Changes, result: StageResult) -> None:
        """After the rows: in whichever group an entry stands, the rows that it lets go are in it or before it."""
        if self._thinning.holds:
            put, clear = SampleBatch.concat(changes.held).sorted(), SampleBatch.concat(changes.decided).sorted()
            self._doors.write(put, clear, self._thinning.held(), result)
        if self._minutes.active:
            put, clear = SampleBatch.concat(changes.aggregated).sorted(), SampleBatch.concat(changes.closed).sorted()
            self._open_minutes.write(put, clear, self._minutes.oldest_entry(), result)


def _difference(before: HourCells, after: HourCells) -> HourCells:
    return {hour: cells.minus(after[hour]) if hour in after else cells for hour, cells in before.items()}


def _take_counts(counts: HourCells, wanted: int) -> tuple[HourCells, HourCells]:
    """(taken, left): `wanted` rows moved, largest cells first: only they can have run out of nanoseconds."""
    cells = sorted(
        ((number, hour, signal) for hour, part in counts.items() for signal, _, number in part.each()), reverse=True
    )
    taken: dict[int, dict[int, int]] = {}
    left: dict[int, dict[int, int]] = {}
    for number, hour, signal in cells:
        moved = min(number, wanted)
        wanted -= moved
        for into, share in ((taken, moved), (left, number - moved)):
            if share:
                into.setdefault(hour, {})[signal] = share
    return _duplicates(taken), _duplicates(left)


def _duplicates(counts: dict[int, dict[int, int]]) -> HourCells:
    return {hour: cells_of("duplicate", per_signal) for hour, per_signal in counts.items()}
