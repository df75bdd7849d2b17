"""Figures of a change table are called by names, in both languages."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from ovoo_cloud.casework.freezing import changes
from ovoo_cloud.diagnosis.clocks import ClockFacts, OwnClock
from ovoo_cloud.diagnosis.snapshot import Issue, Snapshot, freeze
from ovoo_cloud.diagnosis.usage import AlarmLife, LinkFacts, Usage
from ovoo_cloud.reports.nodes import Facts
from ovoo_cloud.reports.resolve import Language, Locale
from ovoo_cloud.reports.sections.figure_names import figure_name
from ovoo_cloud.reports.sections.review import review

from tests.cloud.diagnosis import full_mine, mine
from tests.cloud.reports.leads import LEADS, lead_case, lead_shelf

ISSUE = Issue("T-1", "2026-06-08", 1, "test")


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    case = mine.case()
    return dict(freeze(case, mine.source(case), ISSUE).data)


def _linked() -> Snapshot:
    """The sample mine with what its gateways and people told."""
    case = mine.case()
    own = OwnClock(((0, 3),), 1, 20, 30)
    links = tuple(
        LinkFacts(gateway, deliveries=9, late=1, expected=90, lost=2, delay_ms=8, clocks=clocks, own=own)
        for gateway, clocks in (
            ("gw1", (ClockFacts("plc", ((0, 1), (1, 2))), ClockFacts("scada.local", ((0, 3),)))),
            ("gw2.local", ()),
        )
    )
    alarms = tuple(
        AlarmLife(f"f{n}", "heishan-coal/heishan/ventilation/main/fan1", "deviation", severity, case.start_ns + n)
        for n, severity in enumerate(("critical", "warning"))
    )
    return freeze(case, mine.source(case, usage=Usage(links=links, alarms=alarms)), ISSUE)


def _full() -> Snapshot:
    case = full_mine.case()
    return freeze(case, full_mine.source(case), ISSUE)


def _led(method: str) -> Snapshot:
    return freeze(lead_case(method), mine.source(mine.case()), ISSUE, lead_shelf())


@pytest.fixture(scope="module", params=["mine", "full", "linked", *LEADS])
def report(request: pytest.FixtureRequest, data: dict[str, Any]) -> dict[str, Any]:
    """Snapshots that have every kind of figure between them."""
    if request.param == "mine":
        return data
    made = {"full": _full, "linked": _linked}.get(request.param)
    return dict((_led(request.param) if made is None else made()).data)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_figure_of_a_report_has_a_name_of_its_own(report: dict[str, Any], language: Language) -> None:
    facts, locale = Facts(report), Locale(language)
    told = {figure: locale.inline(figure_name(facts, figure)) for figure in report["figures"]}

    assert len(told) > 100
    assert [figure for figure, text in told.items() if text == figure] == []
    assert [text for text, times in Counter(told.values()).items() if times > 1] == []
    if language == "zh":
        assert [text for text in told.values() if not re.search(r"[\u4e00-\u9fff]", text)] == []


def test_an_unknown_figure_is_shown_by_its_id(data: dict[str, Any]) -> None:
    facts = Facts(data)

    for figure in ("of.tomorrow", "energy.tomorrow", "score.class.other", "machine.fan1.other", "nothing",
                   "energy.mix.x", "cost.other", "cost.action.idle.other", "saving.later", "network.gw1.other",
                   "network.gw1.clock.plc.other", "norm.course.1.other", "norm.other", "model_days.nobody",
                   "oee.belt1.other", "score.other.total", "per_output.site.x"):  # fmt: skip
        assert Locale("zh").inline(figure_name(facts, figure)) == figure


def test_a_change_names_figure_values_units_and_the_items_that_a_sum_follows_from(data: dict[str, Any]) -> None:
    item, total = "score.item.network_build", "score.total"
    old = dict(data["figures"])
    old[item] = {**old[item], "value": "6", "low": None, "high": None}
    old[total] = {**old[total], "value": "60", "low": None, "high": None}
    before = {"figures": old, "issue": {"number": "N-1", "revision": 1, "date": "2026-06-01"}}
    review_rows = [{"subject": "item:network_build", "decision": "override", "reason": "拓扑图为2019年"}]

    found = changes(before, {**data, "review": {"items": review_rows}}, "更正")
    rows = {row["figure"]: row for row in found["figures"]}
    table = next(each for each in review(Facts({**data, "changes": found})) if each["b"] == "table")
    zh = [[Locale("zh").inline(cell) for cell in row] for row in table["rows"]]
    en = [[Locale("en").inline(cell) for cell in row] for row in table["rows"]]

    assert rows[item]["why"] == "拓扑图为2019年"
    assert rows[total]["because"] == [item]
    assert ["得分：网络建设", "6 分", "4 分", "拓扑图为2019年"] in zh
    assert [row[0] for row in en] == ["Points: Network build", "Total score"]
    assert (zh[1][0], zh[1][1], zh[1][3]) == ("综合得分", "60 分", "更正；由于：得分：网络建设")
