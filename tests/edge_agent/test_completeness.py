"""The gateway's account of an hour: it adds up whatever happened, names causes and intervals, and is drawn up once."""

from __future__ import annotations

import pathlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.completeness import HOUR_NS, MAX_SIGNALS, LostInterval
from ovoo_contract.errors import DeliveryError
from ovoo_edge.completeness import Counts, KnownGap, WatchedSignal, account, cause_code
from ovoo_edge.completeness_reporter import CompletenessReporter
from ovoo_edge.completeness_row import ReportRow
from ovoo_edge.completeness_state import ReporterState
from ovoo_edge.mapping import SignalRow
from ovoo_edge.sources.base import Intake, SourceGap, SourceHealth
from ovoo_edge.spool_rows import EVENT_RANK, Group, LostRow, RowMeta, SpoolRow
from ovoo_edge.spool_service import SpoolService
from ovoo_edge.treatment import Treatment

from tests.edge_agent.support import make_catalogue, open_spool

HOUR = 489_000
START = HOUR * HOUR_NS
S = 1_000_000_000
CAUSES = st.sampled_from(["spool_full", "rejected:wire", "row_damaged"])


def watched(index: int = 0, step_s: float = 1.0, since_ns: int = 0, source: str = "plc") -> tuple[int, WatchedSignal]:
    return index, WatchedSignal(f"e/s/a/l/m/x{index}", int(step_s * S), source, since_ns)


def drawn_up(
    signals: Sequence[tuple[int, WatchedSignal]], counts: dict[str, Counts], gaps: Sequence[KnownGap] = ()
) -> ReportRow:
    (row,) = account("0" * 16, signals, HOUR, 7, counts, (), gaps)
    return row


@given(
    st.lists(st.tuples(*[st.integers(0, 5000)] * 4), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), CAUSES, st.integers(1, 6000), st.sampled_from("ab")), max_size=8),
    st.lists(st.tuples(st.integers(-HOUR_NS, HOUR_NS), st.integers(1, 2 * HOUR_NS), st.booleans()), max_size=4),
    st.sampled_from([0.1, 1.0, 7.0, 4000.0]),
)
def test_every_account_adds_up_whatever_was_counted(
    numbers: list[tuple[int, ...]],
    losses: list[tuple[int, str, int, str]],
    holes: list[tuple[int, int, bool]],
    step_s: float,
) -> None:
    signals = [watched(index, step_s) for index in range(len(numbers))]
    counts = {
        signal.address: Counts(four[0], four[1], four[2], four[3])
        for (_, signal), four in zip(signals, numbers, strict=True)
    }
    for index, cause, number, sink in losses:
        if index < len(signals):
            address = signals[index][1].address
            loss = LostRow(address, HOUR, cause, sink, number, START + 5, START + 5 + number)
            counts[address].lost.setdefault(sink, []).append(loss)
    gaps = [
        KnownGap("plc" if own else "", START + start, START + start + length, "link") for start, length, own in holes
    ]

    row = drawn_up(signals, counts, gaps)

    for sink in ("a", "b", "without losses"):
        report = row.whole(sink)
        for signal, (_, watch) in zip(report.signals, signals, strict=True):
            have = counts[watch.address]
            lost = sum(loss.count for loss in have.lost.get(sink, []))
            assert signal.expected == signal.stored + signal.suppressed + signal.lost + signal.absent
            assert signal.lost_received == lost
            assert signal.expected >= HOUR_NS // watch.step_ns
            assert signal.suppressed == have.suppressed
    assert ReportRow.from_bytes(row.to_bytes()) == row


def test_a_shortfall_is_blamed_on_known_gaps_and_the_rest_is_absent() -> None:
    gap = KnownGap("plc", START + 600 * S, START + 900 * S, "queue_overflow")
    other = KnownGap("meter", START, START + HOUR_NS, "link")

    row = drawn_up([watched()], {"e/s/a/l/m/x0": Counts(received=3000)}, [other, gap])

    (signal,) = row.base.signals
    assert (signal.expected, signal.stored, signal.lost_before, signal.absent) == (3600, 3000, 300, 300)
    assert row.base.lost == (LostInterval(0, START + 600 * S, START + 900 * S, "queue_overflow", 300, received=False),)


def test_a_gap_that_history_filled_costs_nothing() -> None:
    gap = KnownGap("", START, START + HOUR_NS, "link")

    row = drawn_up([watched()], {"e/s/a/l/m/x0": Counts(received=3600, backfilled=3600)}, [gap])

    assert (row.base.signals[0].lost, row.base.signals[0].backfilled, row.base.lost) == (0, 3600, ())


def test_a_signal_is_expected_from_when_it_was_known_and_a_derived_one_as_often_as_it_was_made() -> None:
    late = watched(0, since_ns=START + HOUR_NS // 2)
    derived = watched(1, step_s=0.0)

    row = drawn_up([late, derived], {"e/s/a/l/m/x1": Counts(received=17)}, [KnownGap("", START, START + S, "link")])

    assert [signal.expected for signal in row.base.signals] == [1800, 17]
    assert row.base.lost == ()


def test_a_large_catalogue_takes_several_reports() -> None:
    signals = [watched(index) for index in range(MAX_SIGNALS + 3)]

    rows = list(
        account("0" * 16, signals, HOUR, 7, {}, [LostRow("*", HOUR, "spool_damaged", "a", 2, START, START)], ())
    )

    assert [len(row.base.signals) for row in rows] == [MAX_SIGNALS, 3]
    assert [len(row.per_sink.get("a", ())) for row in rows] == [1, 0]


def test_a_sink_hears_nothing_of_signals_above_its_class() -> None:
    counts = {f"e/s/a/l/m/x{index}": Counts(received=5) for index in range(3)}
    loss = LostRow("e/s/a/l/m/x1", HOUR, "spool_full", "cloud", 2, START, START + 1)
    counts["e/s/a/l/m/x1"].lost["cloud"] = [loss]

    lost = LostRow("e/s/a/l/m/x2", HOUR, "spool_full", "cloud", 3, START, START + 1)
    counts["e/s/a/l/m/x2"].lost["cloud"] = [lost]

    row = drawn_up([watched(index) for index in range(3)], counts)
    report = row.for_sink("cloud", "1" * 16, b"\1\0\1", (0, 1, 1))

    assert [signal.signal for signal in report.signals] == [0, 1]
    assert report.catalogue_id == "1" * 16
    assert ([(item.signal, item.count) for item in report.lost], report.withheld) == ([(1, 3)], 1)


@pytest.mark.parametrize("data", [b"", b"x", b"\x78\x9c\x03\x00\x00\x00\x00\x01"])
def test_a_damaged_row_is_told_as_such(data: bytes) -> None:
    with pytest.raises(DeliveryError, match="report row"):
        ReportRow.from_bytes(data)


def test_causes_become_words_that_the_contract_takes() -> None:
    assert cause_code("rejected:partial write") == "rejected_partial_write"
    assert cause_code("7 days") == "cause_7_days"
    assert len(cause_code("x" * 99)) == 63


def test_what_the_reporter_remembers_reads_back_and_rubbish_starts_anew() -> None:
    state = ReporterState(5, {"a": 3}, {("plc", 1, "link"): 9}, {HOUR: ("aa", 4)})

    assert ReporterState.read(state.pack(), state.pack_known()) == state
    assert ReporterState.read(b"rubbish", b"") == ReporterState()


@dataclass
class Line:
    """A source that only tells of gaps."""

    name: str = "plc"
    gaps: list[SourceGap] = field(default_factory=list)

    async def run(self, intake: Intake) -> None:
        raise AssertionError("nobody runs it")

    def health(self) -> SourceHealth:
        return SourceHealth(self.name, "replay", "running", gaps=tuple(self.gaps))


@dataclass
class Gateway:
    """A reporter over a real spool, with a clock that tests move."""

    spool: SpoolService
    reporter: CompletenessReporter
    catalogue: Catalogue
    line: Line
    clock: list[int]

    async def count(self, hour: int, counter: str, numbers: dict[int, int]) -> None:
        group = Group()
        group.count(hour, counter, self.catalogue.id, numbers)
        await self.spool.commit(group)

    async def rows(self) -> list[SpoolRow]:
        found = await self.spool.call(lambda spool: spool.pending("cloud", 100))
        return [row for row in found if row.kind == "completeness"]

    async def reports(self) -> list[ReportRow]:
        return [ReportRow.from_bytes(row.payload) for row in await self.rows()]


def configured(catalogue: Catalogue) -> list[SignalRow]:
    return [SignalRow(entry, "", "", "", 0, 1.0, 0.0, Treatment(), 0.0, "test") for entry in catalogue.entries[:2]]


@asynccontextmanager
async def gateway(folder: pathlib.Path, clock: list[int], line: Line | None = None) -> AsyncIterator[Gateway]:
    catalogue = make_catalogue(3)
    source = line or Line()
    async with SpoolService(lambda _damage: open_spool(folder, sinks=("cloud",))) as spool:
        await spool.add_catalogue(catalogue)
        reporter = CompletenessReporter(catalogue, configured(catalogue), [source], spool, lambda: clock[0])
        yield Gateway(spool, reporter, catalogue, source, clock)


async def test_an_hour_is_reported_once_it_closed_and_again_only_when_it_changed(tmp_path: pathlib.Path) -> None:
    async with gateway(tmp_path, [START]) as here:
        await here.reporter.cycle()
        await here.count(HOUR, "received", {0: 3600, 1: 3000, 2: 12})
        here.clock[0] = START + HOUR_NS + 119 * S
        assert await here.reporter.cycle() == 0

        here.clock[0] += S
        assert await here.reporter.cycle() == 1
        assert await here.reporter.cycle() == 0
        (first,) = await here.reports()
        assert [(row.expected, row.stored, row.absent) for row in first.base.signals] == [
            (3600, 3600, 0),
            (3600, 3000, 600),
            (12, 12, 0),
        ]
        (stored,) = await here.rows()
        assert (stored.rank, stored.rows, stored.first_ns) == (EVENT_RANK, 1, START)

        await here.count(HOUR, "received", {1: 600})
        await here.count(HOUR, "backfilled", {1: 600})
        assert await here.reporter.cycle() == 0  # not more often than every ten minutes
        here.clock[0] += 600 * S
        assert await here.reporter.cycle() == 1
        second = (await here.reports())[1].base
        assert (second.signals[1].stored, second.signals[1].backfilled) == (3600, 600)
        assert second.made_ns > first.base.made_ns


async def test_an_hour_without_a_single_sample_is_reported_too(tmp_path: pathlib.Path) -> None:
    async with gateway(tmp_path, [START]) as here:
        await here.reporter.cycle()
        here.line.gaps.append(SourceGap(START + 60 * S, START + HOUR_NS, "subscription lost at the server"))
        here.clock[0] = START + HOUR_NS + 200 * S
        await here.reporter.cycle()

        (report,) = await here.reports()
        assert [(row.lost_before, row.absent) for row in report.base.signals] == [(3540, 60), (3540, 60), (0, 0)]
        assert {item.cause for item in report.base.lost} == {"subscription_lost_at_the_server"}


async def test_folding_the_counts_does_not_look_like_a_change(tmp_path: pathlib.Path) -> None:
    async with gateway(tmp_path, [START]) as here:
        await here.reporter.cycle()
        await here.count(HOUR, "received", {0: 5})
        here.clock[0] = START + HOUR_NS + 200 * S
        assert await here.reporter.cycle() == 1
        await here.spool.call(lambda spool: spool.fold())
        here.clock[0] += 1200 * S
        assert await here.reporter.cycle() == 0


async def test_after_a_restart_nothing_is_reported_twice_and_the_standstill_is_a_cause(tmp_path: pathlib.Path) -> None:
    clock = [START]
    async with gateway(tmp_path, clock) as here:
        await here.reporter.cycle()
        clock[0] = START + HOUR_NS + 200 * S
        assert await here.reporter.cycle() == 1
    clock[0] = START + 3 * HOUR_NS + 200 * S
    async with gateway(tmp_path, clock) as here:
        assert await here.reporter.cycle() == 2
        reports = await here.reports()
        assert [report.base.hour for report in reports] == [HOUR, HOUR + 1, HOUR + 2]
        assert reports[0].base.lost == ()
        stopped = [item for item in reports[1].base.lost if item.signal == 0]
        assert stopped == [
            LostInterval(0, START + HOUR_NS + 200 * S, START + 2 * HOUR_NS, "gateway_stopped", 3400, received=False)
        ]


async def test_losses_of_a_sink_change_its_report_and_no_other(tmp_path: pathlib.Path) -> None:
    async with gateway(tmp_path, [START]) as here:
        await here.reporter.cycle()
        await here.count(HOUR, "received", {0: 100})
        address = str(here.catalogue.entries[0].address)
        await here.spool.commit(Group(lost={"spool_full": {(address, HOUR): [30, START + 10, START + 500]}}))
        here.clock[0] = START + HOUR_NS + 200 * S
        await here.reporter.cycle()

        (row,) = await here.reports()
        mine, foreign = row.whole("cloud"), row.whole("site")
        assert mine.lost == (LostInterval(0, START + 10, START + 501, "spool_full", 30),)
        assert (mine.signals[0].stored, foreign.signals[0].stored) == (70, 100)


async def test_people_on_the_gateway_see_the_last_hours_as_sums(tmp_path: pathlib.Path) -> None:
    async with gateway(tmp_path, [START]) as here:
        await here.reporter.cycle()
        await here.count(HOUR, "received", {0: 3600, 1: 3000})
        await here.count(HOUR, "suppressed", {1: 1000})
        here.clock[0] = START + HOUR_NS

        sums = await here.reporter.sums(["cloud"])

    assert [row["hour"] for row in sums] == list(range(HOUR - 5, HOUR + 1))
    shown = {name: sums[-1][name] for name in ("expected", "stored", "suppressed", "lost", "absent")}
    assert shown == {"expected": 7200, "stored": 5600, "suppressed": 1000, "lost": 0, "absent": 600}


async def test_a_refused_report_is_not_drawn_up_again_for_that(tmp_path: pathlib.Path) -> None:
    async with gateway(tmp_path, [START]) as here:
        await here.reporter.cycle()
        here.clock[0] = START + HOUR_NS + 200 * S
        assert await here.reporter.cycle() == 1
        (row,) = await here.rows()
        await here.spool.call(lambda spool: spool.quarantine("cloud", row.seq, "completeness", "too new for it"))
        here.clock[0] += 1200 * S
        assert await here.reporter.cycle() == 0


async def test_signals_of_an_earlier_signal_list_are_still_accounted_for(tmp_path: pathlib.Path) -> None:
    former = make_catalogue(5)
    async with gateway(tmp_path, [START]) as here:
        await here.spool.add_catalogue(former)
        await here.reporter.cycle()
        group = Group()
        group.count(HOUR, "received", former.id, {0: 10, 4: 20})
        group.append("batch", former.id, b"x", RowMeta(1, START, START))
        await here.spool.commit(group)
        await here.count(HOUR, "received", {0: 5})
        here.clock[0] = START + HOUR_NS + 200 * S
        await here.reporter.cycle()

        found = {report.base.catalogue_id: report.base.signals for report in await here.reports()}
        assert found[here.catalogue.id][0].received == 15
        assert [(row.signal, row.expected, row.stored) for row in found[former.id]] == [(4, 20, 20)]
