"""Hours of a machine as sums: each minute once, whatever stops in between; merged hours are the rows they hold."""

from __future__ import annotations

import json
import math
import zlib
from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.canonical import canonical_json
from ovoo_contract.completeness import HOUR_NS
from ovoo_contract.errors import ArtifactError
from ovoo_contract.hour_sums import HourSums
from ovoo_contract.quality import GOOD, UNCERTAIN
from ovoo_contract.samples import SampleBatch
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.minute_drivers import mean_figure
from ovoo_models.efficiency.regime_sums import RegimeSums
from ovoo_models.machine_sums import MachineSums
from ovoo_models.minute_rows import POWER, figures_of, layout_of, minute_rows, push_row
from ovoo_models.monitor import AssetMonitor

from tests.models.conftest import SECOND
from tests.models.test_machine_minutes import ASSET, INDEX, batch_of, compressor, trained

MINUTE = 60 * SECOND
ALLOWANCE = 120 * SECOND


def hour_start(time_ns: int) -> int:
    return time_ns // HOUR_NS * HOUR_NS


def derived(block: FrameBlock, cuts: int) -> list[SampleBatch]:
    """What the monitor gives for these rows, batch by batch."""
    watch = AssetMonitor(trained(), ASSET)
    return [
        watch.process(batch_of(block.rows(at, min(at + cuts, len(block)))), INDEX, 5).batch
        for at in range(0, len(block), cuts)
    ]


def followed(state: bytes = b"") -> MachineSums:
    book = MachineSums(ASSET, hour_start)
    assert book.follow(trained(), AssetMonitor(trained(), ASSET).outputs, "important") is not None
    if state:
        book.load(state)
    return book


def raw_rows(batches: Sequence[SampleBatch]) -> dict[int, tuple[int, tuple[float, ...]]]:
    """Start of the minute -> regime and values, read from the samples alone."""
    layout = layout_of(trained())
    assert layout is not None
    outputs = [entry.address.signal for entry in AssetMonitor(trained(), ASSET).outputs]
    columns: list[dict[int, tuple[float, int]]] = [{} for _name in figures_of(layout)]
    for batch in batches:
        for signal, at, value, quality in zip(batch.signal, batch.time_ns, batch.value, batch.quality, strict=True):
            if outputs[signal - 5] in figures_of(layout):
                columns[figures_of(layout).index(outputs[signal - 5])][at] = (value, quality)
    return {row.start_ns: (row.regime, row.values) for row in minute_rows(columns) if row.values}


def merged(hours: Sequence[HourSums]) -> RegimeSums:
    whole = RegimeSums(("flow",), POWER[0], 3)
    for hour in hours:
        whole.merge(RegimeSums.from_json(canonical_json(hour.sums)))
    return whole


def test_the_row_of_a_minute_is_its_mean_flow_and_mean_power_in_its_state() -> None:
    usual = compressor(400, 2)
    block = FrameBlock(array("q", [at + 20 * SECOND for at in usual.time_ns]), usual.values, 3)
    rows = raw_rows(derived(block, 50))
    began = hour_start(block.time_ns[0])

    # minute 50 lies at load, minute 125 at rest; a mean is that of the trapezoid over the four readings
    for minute, regime in ((50, 2), (125, 1)):
        start = began + minute * MINUTE
        code, (flow, power) = rows[start]
        picked = [k for k, at in enumerate(block.time_ns) if start <= at <= start + MINUTE]
        for column, value in ((1, flow), (2, power)):
            x = [block.values[3 * k + column] for k in picked]
            assert value == pytest.approx((x[0] / 2 + x[1] + x[2] + x[3] / 2) / 3, rel=1e-12)
        assert code == regime
    # the first minute is not whole, and in minute 120 the machine came to rest
    closed = {began + minute * MINUTE for minute in range(132)}
    assert closed - rows.keys() == {began, began + 120 * MINUTE, began + 130 * MINUTE}


@pytest.mark.parametrize("cuts", [1, 7, 300])
def test_hours_hold_the_minutes_that_were_given_and_no_other(cuts: int) -> None:
    batches = derived(compressor(1200, 2), cuts)
    book, sent, now_ns = followed(), [], 0
    for batch in batches:
        if len(batch):
            book.take(batch, 5, now_ns)
        sent += book.due(0)
    now_ns = 10**19
    sent += book.due(now_ns)
    rows = raw_rows(batches)

    assert [hour.start_ns for hour in sent] == sorted({hour_start(at) for at in rows})
    for hour in sent:
        own = {at: row for at, row in rows.items() if hour_start(at) == hour.start_ns}
        alone = RegimeSums(("flow",), POWER[0], 3)
        for regime, values in own.values():
            alone.push(FrameBlock(array("q", [0]), array("d", values), 2), (0, 1), [regime])
        assert canonical_json(hour.sums) == alone.to_json(), "bit for bit"
        assert sum(hour.rows) == len(own)
        assert hour.measured >= len(own)
    assert not book.waiting
    whole = merged(sent)
    assert sum(whole.rows(code) for code in range(3)) == len(rows)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 250), min_size=1, max_size=6), st.integers(0, 5))
def test_a_state_that_is_loaded_goes_on_bit_for_bit_and_counts_no_minute_twice(stops: list[int], again: int) -> None:
    batches = [batch for batch in derived(compressor(700, 3), 3) if len(batch)]
    straight = followed()
    for batch in batches:
        straight.take(batch, 5, 0)
    book = followed()
    for number, batch in enumerate(batches):
        book.take(batch, 5, 0)
        if number in stops:
            book = followed(book.state())
            # what a source hands over once more after a restart has been counted
            for repeated in batches[max(0, number - again) : number + 1]:
                book.take(repeated, 5, 0)

    assert book.state() == straight.state()


def test_an_hour_that_ends_in_silence_is_sent_after_the_allowance_and_again_when_more_comes() -> None:
    batches = [batch for batch in derived(compressor(720, 2), 3) if len(batch)]
    minutes = sorted(raw_rows(batches))
    end_ns = hour_start(minutes[0]) + HOUR_NS
    early = [batch for batch in batches if max(batch.time_ns) < end_ns - 20 * MINUTE]
    book = followed()
    for batch in early:
        book.take(batch, 5, end_ns - 15 * MINUTE)

    assert book.due(end_ns + ALLOWANCE - 1) == []
    (first,) = book.due(end_ns + ALLOWANCE)
    assert book.due(end_ns + 2 * ALLOWANCE) == []
    for batch in batches[len(early) :]:
        book.take(batch, 5, end_ns + 3 * ALLOWANCE)
    found = book.due(end_ns + 3 * ALLOWANCE)

    assert first.start_ns == found[0].start_ns
    assert first.measured < found[0].measured
    assert first.minutes & found[0].minutes == first.minutes
    assert first.made_ns < found[0].made_ns


def test_memory_holds_an_hour_however_long_the_machine_runs() -> None:
    book, sizes = followed(), []
    for batch in derived(compressor(5000, 2), 90):
        book.take(batch, 5, 0)
        book.due(0)
        sizes.append(len(book.state()))

    assert max(sizes[20:]) < 1.5 * max(sizes[:20])
    assert len(json.loads(zlib.decompress(book.state()))["hours"]) == 1


def test_a_minute_of_which_a_part_is_missing_explains_nothing() -> None:
    layout = layout_of(trained())
    assert layout is not None
    energy = {0: (1.0, GOOD), 1: (1.0, UNCERTAIN), 2: (1.0, GOOD), 3: (1.0, GOOD), 4: (math.nan, GOOD)}
    state = {0: (2.0, GOOD), 1: (2.0, GOOD), 3: (2.0, GOOD), 4: (2.0, GOOD)}
    flow = {0: (30.0, GOOD), 1: (30.0, GOOD), 2: (30.0, GOOD), 4: (30.0, GOOD)}

    rows = list(minute_rows([energy, state, flow]))

    assert [row.measured for row in rows] == [True, False, True, True, False]
    assert [row.values for row in rows] == [(30.0, 60.0), (), (), (), ()]
    sums = RegimeSums(("flow",), POWER[0], 3)
    assert [push_row(sums, row) for row in rows] == [True, False, False, False, False]


def test_a_model_without_drivers_has_no_sums_and_a_damaged_state_is_named() -> None:
    lone = ModelSet(str(ASSET), 20.0, (SignalUse("power", "kW"),), ())
    book = MachineSums(ASSET, hour_start)

    assert layout_of(lone) is None
    assert book.follow(lone, AssetMonitor(lone, ASSET).outputs, "general") is None
    assert not book.take(SampleBatch.empty(), 0, 0)
    good = followed().state()
    for bad in (b"", b"nonsense", good[:-3], zlib.compress(b'{"version": 9}')):
        with pytest.raises(ArtifactError):
            book.load(bad)


def test_a_long_name_is_cut_so_that_its_address_can_be_written() -> None:
    long = "x" * 63
    other = "x" * 62 + "y"

    assert mean_figure("flow") == "mean_flow"
    assert len("machine-" + mean_figure(long)) <= 63
    assert mean_figure(long) != mean_figure(other)
    assert ASSET.signal("machine-" + mean_figure(long)).signal.startswith("machine-mean_x")
