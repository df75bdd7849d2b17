"""The rendered pages: Grafana's model, both languages, quiet looks, stable bytes."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import ovoo_dashboards
import pytest
from ovoo_contract.errors import ConfigError
from ovoo_dashboards import Dashboard, Panel, Row, Target, Text, ThresholdLine, build, dashboards, inspect, render
from ovoo_dashboards.model import Language
from ovoo_dashboards.palette import IDLE, LEVELS, LINE, NONE, NORMAL
from ovoo_dashboards.render import panel_id
from ovoo_packs import load_pack, pack_names

ROOT = pathlib.Path(ovoo_dashboards.__file__).resolve().parents[1]
LANGUAGES: tuple[Language, Language] = ("zh", "en")


def _panels(page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (panel for panel in page["panels"] if panel["type"] != "row")


def _chinese(text: str) -> bool:
    return any("一" <= character <= "鿿" for character in text)


def test_there_are_four_pages_with_stable_uids() -> None:
    assert [page.uid for page in dashboards()] == ["ovoo-fleet", "ovoo-coal-chemical", "ovoo-coal-mine", "ovoo-dairy"]


def test_committed_files_are_fresh() -> None:
    assert ovoo_dashboards.stale_files(build("zh"), ROOT) == [], "run: ovoo-dashboards build"


def test_json_is_sorted_and_the_same_each_time() -> None:
    first, second = build("zh"), build("zh")

    assert first == second
    for name, content in first.items():
        if name.endswith(".json"):
            document = json.loads(content)
            text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
            assert content.decode() == text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda page: page.uid)
def test_pages_keep_the_rules(dashboard: Dashboard, language: Language) -> None:
    assert inspect(render(dashboard, language)) == []


@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda page: page.uid)
def test_titles_are_chinese_and_descriptions_english(dashboard: Dashboard) -> None:
    page = render(dashboard, "zh")
    for place in (page, *_panels(page)):
        assert _chinese(place["title"])
        assert not _chinese(place["description"])


@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda page: page.uid)
def test_english_pages_turn_it_round_and_live_beside_the_chinese(dashboard: Dashboard) -> None:
    chinese, english = render(dashboard, "zh"), render(dashboard, "en")

    assert english["uid"] == chinese["uid"] + "-en"
    for one, other in zip(_panels(chinese), _panels(english), strict=True):
        assert (one["title"], one["description"]) == (other["description"], other["title"])
        assert one["id"] == other["id"]
        assert [target["query"] for target in one["targets"]] == [target["query"] for target in other["targets"]]
    assert not _chinese(json.dumps(english["templating"], ensure_ascii=False))


@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda page: page.uid)
def test_pages_follow_grafanas_model(dashboard: Dashboard) -> None:
    page = render(dashboard, "zh")

    assert page["schemaVersion"] == 41
    assert page["id"] is None
    assert len(page["uid"]) <= 40
    assert page["templating"]["list"][0]["name"] == "source"
    ids = [panel["id"] for panel in page["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in _panels(page):
        assert panel["type"] in ("timeseries", "state-timeline")
        assert panel["datasource"] == {"type": "influxdb", "uid": "${source}"}
        assert set(panel["gridPos"]) == {"h", "w", "x", "y"}
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps[0]["value"] is None
        assert [step["value"] for step in steps[1:]] == sorted(step["value"] for step in steps[1:])
        assert [target["refId"] for target in panel["targets"]] == [chr(65 + n) for n in range(len(panel["targets"]))]
        assert all(target["rawQuery"] and target["resultFormat"] == "time_series" for target in panel["targets"])


@pytest.mark.parametrize("name", pack_names())
def test_sector_page_shows_what_the_pack_says(name: str) -> None:
    pack = load_pack(name)
    page = next(render(each, "zh") for each in dashboards() if each.uid == f"ovoo-{name.replace('_', '-')}")

    titles = [panel["title"] for panel in page["panels"] if panel["type"] == "row"]
    orders = sorted(pack.templates.values(), key=lambda template: template.dashboard.order)
    assert titles[2:] == [f"{each.dashboard.group_zh}：{each.name_zh}" for each in orders]
    assert {variable["name"] for variable in page["templating"]["list"]} == {"source", "site", "asset", "demand_target"}
    drawn = {panel["id"]: panel for panel in _panels(page)}
    for template in pack.templates.values():
        for hint in template.dashboard.panels:
            panel = drawn[panel_id(template.id, hint.id)]
            values = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1:]]
            assert values == sorted(line.value for line in hint.thresholds)


@pytest.mark.parametrize("name", pack_names())
def test_machines_show_what_their_models_tell_of_energy(name: str) -> None:
    page = next(render(each, "zh") for each in dashboards() if each.uid == f"ovoo-{name.replace('_', '-')}")
    drawn = {panel["id"]: panel for panel in _panels(page)}
    for template in load_pack(name).templates.values():
        models = {each.model for each in template.models}
        drift = drawn.get(panel_id(template.id, "machine-drift_kw"))
        assert (drift is not None) == ("energy_drift" in models)
        assert drift is None or len(drift["targets"]) == 3, "with both ends of its band"
        if panel_id(template.id, "machine-specific") in drawn:
            assert "sec" in models
        assert (panel_id(template.id, "machine-demand") in drawn) == (template.id == "site_meter")
    assert {panel_id("energy", key) for key in ("run", "idle_min", "idle_kwh", "power", "energy")} <= drawn.keys()


def test_colour_is_only_for_what_is_abnormal() -> None:
    quiet = {LINE, NORMAL, IDLE, NONE}
    for dashboard in dashboards():
        for panel in _panels(render(dashboard, "zh")):
            defaults = panel["fieldConfig"]["defaults"]
            assert defaults["color"]["fixedColor"] in quiet
            for mapping in defaults.get("mappings", []):
                for state in mapping["options"].values():
                    assert state["text"], "never colour alone"
                    assert state["color"] in quiet | set(LEVELS.values())


def test_abnormal_states_carry_their_colour() -> None:
    dairy = next(render(each, "zh") for each in dashboards() if each.uid == "ovoo-dairy")
    panel = next(panel for panel in _panels(dairy) if panel["title"] == "回流状态")

    states = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]

    assert states["1"] == {"color": LEVELS["warning"], "index": 1, "text": "是"}
    assert states["0"]["color"] == NORMAL


def test_gaps_are_left_open_but_for_what_is_sent_on_change() -> None:
    for name in pack_names():
        held = {
            panel_id(template.id, hint.id)
            for template in load_pack(name).templates.values()
            for hint in template.dashboard.panels
            if all(template.signal(signal).uplink == "on_change" for signal in hint.signals)
        }
        page = next(render(each, "zh") for each in dashboards() if each.uid == f"ovoo-{name.replace('_', '-')}")
        for panel in _panels(page):
            minutes = int(panel["interval"].removesuffix("m"))
            expected = True if panel["id"] in held else minutes * 180_000
            assert panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] == expected


def _page(*panels: Panel) -> Dashboard:
    return Dashboard("x", Text("页", "page"), (), (), (Row("r", Text("行", "row"), panels),), "1m", "1h")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('SELECT mean("value") FROM "telemetry"', "without time bound"),
        ('SELECT mean("value") FROM "nonsense" WHERE $timeFilter', "not a measurement"),
        ('SELECT mean("value") FROM "telemetry" WHERE $timeFilter AND "site" = \'$place\'', "unknown variable"),
        ('SELECT mean("value") FROM "telemetry" WHERE $timeFilter GROUP BY tag', "cannot be a tag key"),
    ],
)
def test_inspection_finds_bad_queries(query: str, message: str) -> None:
    panel = Panel("p", "timeseries", Text("图", "chart"), "none", (Target(query, Text("线", "line")),))

    problems = inspect(render(_page(panel), "zh"))

    assert len(problems) == 1
    assert message in str(problems[0])
    assert problems[0].offender == "x/图"


def test_inspection_finds_missing_unit_title_query_and_overlap() -> None:
    page = render(_page(Panel("p", "timeseries", Text("图", " "), "", (), width=30)), "zh")

    messages = " ".join(str(problem) for problem in inspect(page))

    for expected in ("no title", "no unit", "no query", "off its place"):
        assert expected in messages


def test_two_panels_with_one_key_are_refused() -> None:
    panel = Panel("p", "timeseries", Text("图", "chart"), "none", ())

    with pytest.raises(ConfigError, match="two panels have one id"):
        render(_page(panel, panel), "zh")


def test_thresholds_rise_whatever_their_order() -> None:
    lines = (ThresholdLine("high", 7.0, "critical"), ThresholdLine("low", -1.0, "warning"))
    page = render(_page(Panel("p", "timeseries", Text("图", "chart"), "none", (), thresholds=lines)), "zh")

    steps = next(_panels(page))["fieldConfig"]["defaults"]["thresholds"]["steps"]

    assert [step["value"] for step in steps] == [None, -1.0, 7.0]
