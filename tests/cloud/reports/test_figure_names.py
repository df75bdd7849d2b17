"""Figures of a change table are called by names, in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ovoo_cloud.casework.freezing import changes
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.reports.nodes import Facts
from ovoo_cloud.reports.resolve import Language, Locale
from ovoo_cloud.reports.sections.figure_names import figure_name
from ovoo_cloud.reports.sections.review import review

from tests.cloud.diagnosis import mine


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    case = mine.case()
    return dict(freeze(case, mine.source(case), Issue("T-1", "2026-06-08", 1, "test")).data)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_figure_of_a_report_has_a_name_of_its_own(data: dict[str, Any], language: Language) -> None:
    facts, locale = Facts(data), Locale(language)
    told = {figure: locale.inline(figure_name(facts, figure)) for figure in data["figures"]}

    assert len(told) > 100
    assert [figure for figure, text in told.items() if text == figure] == []
    assert len(set(told.values())) == len(told)
    if language == "zh":
        assert [text for text in told.values() if not re.search(r"[\u4e00-\u9fff]", text)] == []


def test_an_unknown_figure_is_shown_by_its_id(data: dict[str, Any]) -> None:
    facts = Facts(data)

    for figure in ("of.tomorrow", "energy.tomorrow", "score.class.other", "machine.fan1.other", "nothing"):
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
