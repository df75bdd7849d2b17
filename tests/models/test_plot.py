"""The picture of a finding: the same bytes each time, gaps open, names on the lines, both languages."""

from __future__ import annotations

import math
import re
from array import array
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.address import AssetAddress
from ovoo_contract.findings import Finding
from ovoo_models.axes import TimeAxis, value_axis
from ovoo_models.explanation import Explanation, Trace, asked_signals, bands_of, pieces, thin, usual_range, view_of
from ovoo_models.plot import Look, draw, drawing
from ovoo_models.svg import PRINT, text_width

from tests.models.conftest import SECOND, START

MINUTE = 60 * SECOND
SHANGHAI = ZoneInfo("Asia/Shanghai")
CAUSES: dict[str, str | float] = {
    "signal_1": "bearing_temp", "share_1": 0.8, "sigma_1": 6.1, "change_1": 8.25, "unit_1": "degC",
    "signal_2": "vibration", "share_2": 0.15, "sigma_2": -3.0, "change_2": -0.4, "unit_2": "mm/s",
}  # fmt: skip
SPACE = "{http://www.w3.org/2000/svg}"


def finding(code: str = "anomaly.multivariate", detail: dict[str, str | float] | None = None) -> Finding:
    asset = AssetAddress("e", "s", "a", "l", "fan1")
    start = START + 120 * MINUTE
    return Finding(
        code, "warning", asset, start, start + 60 * MINUTE, value=3.2, detail={"phrase": code, **(detail or {})}
    )


def line(
    name: str = "bearing_temp",
    minutes: int = 240,
    hole: tuple[int, int] = (0, 0),
    low: float = math.nan,
    high: float = math.nan,
) -> Trace:
    kept = [i for i in range(minutes) if not hole[0] <= i < hole[1]]
    times = array("q", [START + i * MINUTE for i in kept])
    values = array("d", [60 + math.sin(i / 9) + (5.0 if 120 <= i < 180 else 0.0) for i in kept])
    return Trace(name, "degC", times, values, low, high)


def explained(*signals: Trace, detail: dict[str, str | float] | None = None, score: bool = True) -> Explanation:
    found = finding(detail=CAUSES if detail is None else detail)
    first, last = view_of(found)
    limit = Trace("limit", "1", array("q", [START - 900 * MINUTE]), array("d", [62.0]), hold=True)
    return Explanation(found, first, last, signals, line("score") if score else None, limit if score else None)


def words(svg: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(svg).iter(f"{SPACE}text")]


def test_the_same_explanation_gives_the_same_bytes() -> None:
    one, two = (draw(explained(line(low=58.0, high=62.0)), Look("zh", zone=SHANGHAI)) for _ in range(2))

    assert one == two
    assert "ovoo-plot" in one


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("zh", ["得分", "限值 62", "轴承温度 (°C)", "正常范围 58 至 62 °C",
                "80 %  ▲ 轴承温度（比预期高 8.25 °C，6.1\u00a0σ）"]),
        ("en", ["score", "limit 62", "Bearing temperature (°C)", "usual range 58 to 62 °C",
                "15 %  ▼ Vibration (0.4 mm/s below expected, 3\u00a0σ)"]),
    ],
)  # fmt: skip
def test_lines_carry_their_names_in_both_languages(language: str, expected: list[str]) -> None:
    svg = draw(explained(line(low=58.0, high=62.0)), Look(language, zone=SHANGHAI))

    assert [text for text in expected if text not in words(svg)] == []
    assert ElementTree.fromstring(svg).findtext(f"{SPACE}title")


def test_the_finding_is_named_with_its_times_beside_its_colour() -> None:
    svg = draw(explained(line()), Look("en", zone=SHANGHAI))

    assert "■ finding 01-01 03:00 – 01-01 04:00" in words(svg)
    utc = draw(explained(line()), Look("en"))
    assert "■ finding 12-31 19:00 UTC – 12-31 20:00 UTC" in words(utc)


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    whole, broken = (
        draw(explained(each, detail={}, score=False), Look("en")) for each in (line(), line(hole=(70, 110)))
    )

    assert broken.count('stroke-width="1.4"') == whole.count('stroke-width="1.4"') + 1


def test_no_word_leaves_the_picture_and_names_are_escaped() -> None:
    names = {"bearing_temp": "<bearing> & a rather long name for a temperature at the drive end of the main fan"}
    for width in (330.0, 430.0, 640.0):
        svg = draw(explained(line(low=58.0, high=62.0)), Look("en", names, SHANGHAI, width=width))
        for each in ElementTree.fromstring(svg).iter(f"{SPACE}text"):
            size = float(each.attrib["font-size"])
            room = text_width(each.text or "", size) * 0.9
            start = float(each.attrib["x"]) - {"start": 0, "middle": 0.5, "end": 1}[each.attrib["text-anchor"]] * room
            assert start >= -1, each.text
            assert start + room <= width + 1, each.text


def test_paper_gets_plain_colours_and_screens_a_style_for_light_and_dark() -> None:
    paper = drawing(explained(line()), Look("zh", palette=PRINT, width=430)).finish()
    screen = draw(explained(line()), Look("zh"))

    assert "var(" not in paper
    assert "<style>" not in paper
    assert "prefers-color-scheme:dark" in screen
    assert not re.search(r'(fill|stroke)="#', screen)


def test_a_score_far_above_its_limit_is_drawn_by_logarithm_and_says_so() -> None:
    found = explained(line())
    high = Trace("score", "1", found.signals[0].time_ns, array("d", [x**3 for x in found.signals[0].value]))
    svg = draw(Explanation(found.finding, found.start_ns, found.end_ns, (), high, found.limit), Look("en"))

    assert "log scale" in words(svg)


def test_limits_of_one_signal_lie_on_its_line() -> None:
    found = finding("limit.high", {"signal": "bearing_temp", "high": 64.0})
    first, last = view_of(found)
    svg = draw(Explanation(found, first, last, (line(),)), Look("en"))

    assert "limit 64" in words(svg)


def test_nothing_to_show_is_said() -> None:
    found = finding()
    svg = draw(Explanation(found, *view_of(found), ()), Look("en"))
    silent = draw(Explanation(found, *view_of(found), (Trace("power", "kW", [], []),)), Look("en"))

    assert "no samples in this time" in words(svg)
    assert "no samples in this time" in words(silent)


def test_the_view_leaves_room_before_and_after_and_ends_with_the_data() -> None:
    found = finding()

    assert view_of(found) == (found.start_ns - 60 * MINUTE, found.end_ns + 30 * MINUTE)
    assert view_of(found, found.end_ns)[1] < found.end_ns + 2 * MINUTE
    assert asked_signals(finding(detail=CAUSES), ("flow", "vibration")) == ("bearing_temp", "vibration", "flow")


def test_the_usual_range_is_the_percentiles_before() -> None:
    trace = line(minutes=200)
    low, high = usual_range(trace.time_ns, trace.value, START + 120 * MINUTE)
    before = np.array(trace.value[:120])

    assert low == pytest.approx(np.quantile(before, 0.01, method="nearest"))
    assert high == pytest.approx(np.quantile(before, 0.99, method="nearest"))
    assert all(map(math.isnan, usual_range(trace.time_ns[:19], trace.value[:19], START + 120 * MINUTE)))
    assert bands_of({"signals": {"a": {"low": 1, "high": 2}, "b": {"low": None}, "c": 3}}) == {"a": (1.0, 2.0)}
    assert bands_of({}) == {}


@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), min_size=1, max_size=400), st.integers(1, 50))
def test_thinning_keeps_the_extremes_in_order_and_little_else(values: list[float], buckets: int) -> None:
    trace = Trace("x", "1", [START + i * SECOND for i in range(len(values))], values)
    found = thin(trace, START, START + len(values) * SECOND, buckets)

    known = [x for x in values if math.isfinite(x)]
    kept = [x for x in found.value if math.isfinite(x)]
    assert list(found.time_ns) == sorted(set(found.time_ns))
    assert (not known and not kept) or (min(kept) == min(known) and max(kept) == max(known))
    # a whole number of nanoseconds a bucket may need one bucket more
    assert len(found.value) <= 3 * (buckets + 1)


@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), min_size=1, max_size=60), st.booleans())
def test_pieces_hold_every_value_once_and_never_nan(values: list[float], hold: bool) -> None:
    trace = Trace("x", "1", [START + i * SECOND for i in range(len(values))], values, hold=hold)
    found = [point for piece in pieces(trace, START + 99 * SECOND) for point in piece]

    assert all(math.isfinite(x) for _, x in found)
    if not hold:
        assert found == [(at, x) for at, x in zip(trace.time_ns, values, strict=True) if math.isfinite(x)]


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.floats(0, 1e6))
def test_ticks_lie_within_their_axis(low: float, span: float, limit: float) -> None:
    axis = value_axis([low, low + span], 10, 100, limit)

    assert all(10 <= axis.y(x) <= 100 for x in (*axis.ticks(), low, low + span))
    assert len(axis.ticks()) <= 6


def test_time_ticks_are_round_in_the_zone() -> None:
    for span_h in (1, 5, 26, 24 * 9, 24 * 80):
        axis = TimeAxis(START, START + span_h * 60 * MINUTE, 0, 100, SHANGHAI)
        ticks = axis.ticks()
        assert 2 <= len(ticks) <= 8
        assert all(re.fullmatch(r"\d\d:[0-5]0|\d\d-\d\d", word) for _, word in ticks)
