"""Range, rate and standstill: what is flagged, with which code, and that kernel and twin agree to the bit."""

from __future__ import annotations

import math
import pathlib
import struct
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import ConfigErrors
from ovoo_contract.line_protocol import LineEncoder
from ovoo_contract.quality import CLOCK_SUSPECT, UNCERTAIN, describe, severity
from ovoo_edge import _process_py
from ovoo_edge._select import COMPILED, process_kernels
from ovoo_edge.mapping import read_signals
from ovoo_edge.minutes import figure_entries
from ovoo_edge.normalise import Checks, Normaliser, SignalRule
from ovoo_edge.verdicts import CLAMPED_HIGH, CLAMPED_LOW, STUCK, TOO_FAST

from tests.edge_agent.support import SECOND, T0, make_batch


def test_clamping_moves_good_values_to_the_bound_and_says_so() -> None:
    batch = make_batch([(0, T0, -5.0), (0, T0 + 1, 15.0), (0, T0 + 2, 15.0), (0, T0 + 3, math.nan), (0, T0 + 4, 10.0)])
    batch.quality[1], batch.quality[2] = CLOCK_SUSPECT, UNCERTAIN

    result = Normaliser([SignalRule(low=0, high=10, clamp=True)]).apply(batch)

    assert [value for value in result.value if value == value] == [0.0, 10.0, 15.0, 10.0]
    assert list(result.quality) == [CLAMPED_LOW, CLAMPED_HIGH | CLOCK_SUSPECT, UNCERTAIN, 0, 0]


def test_scaling_others_leaves_the_sign_of_zero() -> None:
    result = Normaliser([SignalRule(2.0), SignalRule()]).apply(make_batch([(1, T0, -0.0)]))
    assert struct.pack("d", result.value[0]) == struct.pack("d", -0.0)


def test_a_jump_is_flagged_once_and_its_value_kept() -> None:
    values = [0.0, 5.0, 25.0, 30.0, 5.0]
    batch = make_batch([(0, T0 + at * SECOND, value) for at, value in enumerate(values)])

    result = Checks([SignalRule(max_rate=10.0)]).apply(batch)

    assert list(result.quality) == [0, 0, TOO_FAST, 0, TOO_FAST]
    assert list(result.value) == values


def test_a_flat_line_is_flagged_until_it_moves_across_batches() -> None:
    checks = Checks([SignalRule(stuck_after_s=3.0)])
    first = checks.apply(make_batch([(0, T0 + at * SECOND, 7.0) for at in range(3)]))
    second = checks.apply(make_batch([(0, T0 + at * SECOND, 7.0 + (at > 4)) for at in range(3, 7)]))
    late = checks.apply(make_batch([(0, T0, 99.0)]))

    assert (list(first.quality), list(second.quality)) == ([0, 0, 0], [STUCK, STUCK, 0, 0])
    assert list(late.quality) == [0]


def test_the_codes_are_uncertain_and_have_words() -> None:
    for code in (CLAMPED_LOW, CLAMPED_HIGH, STUCK, TOO_FAST):
        assert severity(code) == "uncertain"
        assert "0x" not in describe(code)


NUMBERS = st.one_of(st.floats(), st.floats(-20, 20), st.sampled_from([0.0, 1.0, 1.0, 1.0]))


@pytest.mark.skipif(not COMPILED, reason="the kernels were not built")
@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), NUMBERS, st.sampled_from([0, 0, UNCERTAIN])), max_size=40)
)
def test_kernels_and_twins_give_the_same_bits(rows: list[tuple[int, int, float, int]]) -> None:
    batch = make_batch([(signal, T0 + at * SECOND, value) for signal, at, value, _ in rows])
    batch.quality = array("I", [quality for *_, quality in rows])
    batch = batch.sorted()
    low, high = array("d", [-1.0, -math.inf, 0.5]), array("d", [1.0, math.inf, 0.75])
    found: list[list[bytes]] = [[], []]
    for into, module in zip(found, (process_kernels, _process_py), strict=True):
        state = array("q", [-(2**63)] * 3), array("d", bytes(24)), array("q", [0] * 3)
        rules = array("d", [1.1, 1.0, -2.0]), array("d", [0.1, -0.0, 3.0]), low, high, bytes([0, 0, 1])
        value, quality = module.normalise_rows(batch.signal, batch.value, batch.quality, *rules)
        limits = array("d", [0.5, math.inf, 3.0]), array("q", [0, 2 * SECOND, SECOND])
        checked, flagged = module.check_rows(batch.signal, batch.time_ns, value, quality, *limits, *state)
        mark, newest = bytearray(len(batch)), array("q", [T0 + SECOND] * 3)
        numbers = [flagged, module.mark_behind(batch.signal, batch.time_ns, newest, mark, 1)]
        numbers.append(module.mark_before(batch.time_ns, T0 + 5 * SECOND, mark, 0, 4))
        picked = module.pick_rows(mark, 1 << 4)
        cells = module.count_cells(batch.signal, batch.time_ns, mark, 0b10001, None, T0 // (3600 * SECOND), 4, 2)
        merged = module.merge_cells(*cells, array("I", [2, 7]), array("I", [5, 5]), False)
        steps = module.steps_of(merged[0])
        module_value = array("d", [math.nan if item != item else item for item in value])
        numbers += [module.greatest_signal(batch.signal), module.newest_own(batch.time_ns, batch.quality, UNCERTAIN)]
        numbers.append(module.time_span(batch.time_ns) if rows else None)
        columns = [module_value, checked, mark, newest, picked, *cells, *merged, steps, module.keys_of(steps), *state]
        into += [bytes(column) for column in [*columns, module.hours_of(batch.time_ns)]]
        into.append(repr(numbers).encode())
    assert found[0] == found[1]


def test_a_span_needs_rows_and_a_time_of_its_own_a_quality_that_says_so() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the twin's words are Python's
        process_kernels.time_span(array("q"))
    assert process_kernels.time_span(array("q", [5, -3, 4])) == (-3, 5)
    assert process_kernels.newest_own(array("q", [-9, 7, -4]), array("I", [0, 2, 1]), 2) == -4
    assert process_kernels.newest_own(array("q", [7]), array("I", [3]), 2) is None
    assert process_kernels.greatest_signal(array("I")) == -1
    assert process_kernels.greatest_signal(array("I", [0xFFFFFFFF, 2])) == 0xFFFFFFFF


def test_counts_of_a_minute_are_written_as_integers() -> None:
    entry = SignalEntry(Address.parse("ent/site/area/line/asset/power"), "kW", uplink="aggregate_1m")
    catalogue = Catalogue(figure_entries(entry))
    values = [60.0, 59.0, 1.5, 2.5, 2.0, 2.25]

    lines = LineEncoder(catalogue).encode(make_batch([(index, T0, value) for index, value in enumerate(values)]))

    head = b"telemetry_1m,asset=area/line/asset,signal=power,site=site "
    fields = [b"count=60i", b"good=59i", b"min=1.5", b"max=2.5", b"mean=2.0", b"last=2.25"]
    assert lines == b"".join(b"%b%b %d\n" % (head, field, T0) for field in fields)


def signals_of(folder: pathlib.Path, columns: str, cells: str) -> SignalRule:
    path = folder / "signals.csv"
    path.write_text(f"address,unit,low,high,{columns}\nent/site/area/line/asset/power,kW,0,200,{cells}\n")
    return read_signals(path)[0].rule


def test_the_signal_list_says_how_samples_are_treated(tmp_path: pathlib.Path) -> None:
    rule = signals_of(
        tmp_path, "compress,max_error,refresh_s,max_rate,stuck_after_s,out_of_range", "swinging_door,0.5%,60,5,90,clamp"
    )
    assert (rule.keep, rule.deadband, rule.refresh_s) == ("swinging_door", 1.0, 60.0)
    assert (rule.max_rate, rule.stuck_after_s, rule.clamp) == (5.0, 90.0, True)
    assert signals_of(tmp_path, "deadband", "2%") == SignalRule(low=0, high=200, deadband=4.0, keep="on_change")
    assert signals_of(tmp_path, "uplink", "aggregate_1m").keep == "aggregate_1m"


@pytest.mark.parametrize(
    ("columns", "cells", "words"),
    [
        ("compress", "swinging_door", "max_error: is missing"),
        ("max_error", "1", "compress: is missing"),
        ("compress,max_error,deadband", "swinging_door,1,1", "does not go with the swinging door"),
        ("compress,max_error,keep_times", "swinging_door,1,yes", "does not go with the swinging door"),
        ("compress,max_error,type", "swinging_door,1,bool", "is for numbers"),
        ("compress,max_error,uplink", "swinging_door,1,events", "leave uplink raw"),
        ("compress", "zip", "one of none, swinging_door"),
        ("max_rate", "0", "a number above 0"),
        ("stuck_after_s", "-1", "is out of range"),
        ("deadband", "a%", "is not a number"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path: pathlib.Path, columns: str, cells: str, words: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        signals_of(tmp_path, columns, cells)
    assert words in str(caught.value)
    assert "signals.csv:2" in str(caught.value)
