"""Pictures of energy: what is drawn, what is named, what stays open."""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.plots import (
    Course,
    Duration,
    Flow,
    Intensity,
    Line,
    Scatter,
    Shape,
    TariffDay,
    draw_duration,
    draw_flows,
    draw_heat_map,
    draw_intensity,
    draw_saving,
    draw_scatter,
    draw_tariff_day,
    draw_typical_days,
)
from ovoo_models.efficiency.plots import png as png_module
from ovoo_models.plot import Look
from ovoo_models.svg import PRINT

NAN = math.nan
DAY = 86_400 * 10**9
SVG = "{http://www.w3.org/2000/svg}"
EN = Look("en", palette=PRINT)

SCATTER = Scatter(
    "output", "t", "kWh", [1, 2, 3, NAN], [10, 21, 29, 5],
    [Line("", [1, 2, 3], [10, 20, 30], [2, 2, 2])], [2.2], [2.5], [20],
)  # fmt: skip
COURSE = Course(
    [n * DAY for n in range(6)], 6 * DAY, [10, 11, NAN, 9, 8, 8], [10, 10, 10, 10, 10, 10], [1] * 6,
    [NAN, NAN, NAN, 1, 3, 5], [NAN, NAN, NAN, 0.5, 1, 1.5], 3 * DAY, "kWh", {4 * DAY: "new fan"},
)  # fmt: skip
SHAPE = Shape(
    [[float(hour) for hour in range(24)] for _ in range(6)] + [[NAN] * 24],
    3.0,
    {"work": ([1.0] * 24, [5.0] * 24, [9.0] * 24), "rest": ([0.5] * 24, [1.0] * 24, [2.0] * 24)},
)
TARIFF = TariffDay([10.0, NAN, 30.0, 20.0], [(0, 6, "valley", "0.2"), (6, 24, "peak", "0.7")], 25.0)
DURATION = Duration([1.0, NAN, 5.0, 3.0], 4.0, 1.0)
MONTHS = Intensity("coal", "kgce/t", ["2026-05", "2026-06"], [5.5, NAN], [0.4, 0.0], [("limit", 10.8), ("access", 6.2)])
TREE = Flow("main", 100.0, 1.0, (Flow("fan", 60.0), Flow("pump", 30.0)))

PICTURES: dict[str, Callable[[Look], str]] = {
    "scatter": lambda look: draw_scatter(SCATTER, look),
    "saving": lambda look: draw_saving(COURSE, look),
    "heat_map": lambda look: draw_heat_map(SHAPE, look),
    "typical": lambda look: draw_typical_days(SHAPE, look),
    "tariff": lambda look: draw_tariff_day(TARIFF, look),
    "duration": lambda look: draw_duration(DURATION, look),
    "intensity": lambda look: draw_intensity(MONTHS, look),
    "flows": lambda look: draw_flows(TREE, look),
}


def words(document: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(document).iter(f"{SVG}text")]


def polylines(document: str) -> list[Sequence[str]]:
    return [each.get("points", "").split() for each in ElementTree.fromstring(document).iter(f"{SVG}polyline")]


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [320.0, 640.0])
def test_every_picture_is_whole_and_stays_inside(name: str, language: str, width: float) -> None:
    document = PICTURES[name](Look(language, width=width, palette=PRINT))
    root = ElementTree.fromstring(document)

    assert "nan" not in document
    assert root.get("viewBox", "").split()[2] == f"{width:g}"
    xs = [float(point.split(",")[0]) for line in polylines(document) for point in line]
    assert all(-0.01 <= x <= width for x in xs)


@pytest.mark.parametrize("name", PICTURES)
def test_the_same_data_give_the_same_bytes_on_paper_and_a_title_on_screens(name: str) -> None:
    assert PICTURES[name](EN) == PICTURES[name](EN)
    assert "var(--" not in PICTURES[name](EN)
    screen = PICTURES[name](Look("en"))
    assert "<title>" in screen
    assert "prefers-color-scheme:dark" in screen


def test_chinese_pictures_hold_no_english_words() -> None:
    for name in ("heat_map", "typical", "tariff", "duration"):
        shown = " ".join(words(PICTURES[name](Look("zh"))))
        assert not re.search(r"[a-z]{4,}", shown.replace("work", "").replace("rest", "")), shown


def test_a_baseline_names_line_knees_and_both_periods() -> None:
    shown = words(draw_scatter(SCATTER, EN))

    assert "baseline" in shown
    assert "knee 2.2" in shown
    assert any("reporting period" in each for each in shown)
    assert draw_scatter(SCATTER, EN).count("<circle") == 3


def test_a_baseline_without_later_points_has_no_key() -> None:
    shown = words(draw_scatter(replace(SCATTER, later_x=(), later_y=()), EN))
    assert not any("reporting period" in each for each in shown)


def test_segments_are_named_in_the_language_of_the_reader() -> None:
    two = replace(SCATTER, lines=[replace(SCATTER.lines[0], name="cold"), replace(SCATTER.lines[0], name="warm")])

    assert {"cold months", "warm months"} <= set(words(draw_scatter(two, EN)))
    assert {"冷月", "暖月"} <= set(words(draw_scatter(two, Look("zh"))))


def test_a_missing_day_is_a_gap_and_the_saving_carries_its_band() -> None:
    document = draw_saving(COURSE, EN)

    shown = words(document)
    assert "5 ± 1.5 kWh" in shown
    assert "new fan" in shown
    assert "reporting period" in shown
    measured = [line for line in polylines(document) if len(line) in (2, 3)]
    assert measured


def test_hours_without_data_are_hatched_not_nought() -> None:
    document = draw_heat_map(SHAPE, EN)
    assert document.count('stroke-dasharray="2 2"') == 24
    assert document.count("<rect") == 7 * 24 + 1 + 5


def test_typical_days_are_named_on_their_lines_with_the_base_load() -> None:
    shown = words(draw_typical_days(SHAPE, EN))
    assert {"work", "rest", "base load 3 kW"} <= set(shown)


def test_a_tariff_day_shows_bands_prices_and_the_limit() -> None:
    shown = words(draw_tariff_day(TARIFF, EN))
    assert {"valley", "peak", "0.2", "limit 25 kW"} <= set(shown)
    assert "24" in shown


def test_duration_counts_only_what_is_known() -> None:
    document = draw_duration(DURATION, EN)
    assert "peak 5 kW" in words(document)
    assert {"contract demand 4 kW", "base load 1 kW"} <= set(words(document))
    assert max(len(line) for line in polylines(document)) == 3


def test_a_month_without_a_figure_has_no_bar_and_every_line_its_value() -> None:
    shown = words(draw_intensity(MONTHS, EN))
    assert {"2026-05", "2026-06", "5.5", "limit 10.8", "access 6.2"} <= set(shown)
    both = Intensity("coal", "kgce/t", MONTHS.months, [5.5, 5.5], [0.0, 0.0], MONTHS.lines)
    assert words(draw_intensity(both, EN)).count("5.5") == shown.count("5.5") + 1


def test_flows_say_what_no_meter_accounts_for() -> None:
    assert any(each.startswith("not accounted for 10 (10.0 %)") for each in words(draw_flows(TREE, EN)))
    over = Flow("main", 100.0, 0.0, (Flow("fan", 80.0), Flow("pump", 30.0)))
    assert any("-10" in each for each in words(draw_flows(over, EN)))


def test_nothing_known_gives_an_empty_picture_without_failing() -> None:
    assert words(draw_duration(Duration([NAN, NAN]), EN))
    assert words(draw_heat_map(Shape([[NAN] * 24] * 7), EN))
    assert words(draw_tariff_day(TariffDay([NAN] * 4, []), EN))


def test_png_is_drawn_by_typst() -> None:
    assert png_module.png(draw_duration(DURATION, EN), ppi=72.0).startswith(b"\x89PNG")


def test_without_typst_png_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(ConfigError, match="install typst"):
        png_module.png("<svg/>")
