"""Forms of parts without a browser: what is kept comes back, every key has a field, joining loses nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.casework.parts import PARTS
from ovoo_cloud.console.intake.faults import placed
from ovoo_cloud.console.intake.fields import PART_GROUPS, Field, Group
from ovoo_cloud.console.intake.merging import Side, differences, joined
from ovoo_cloud.console.intake.offers import _NAMED
from ovoo_cloud.console.intake.questions import Known, further_groups, question_groups
from ovoo_cloud.console.intake.sheets import Sheet, content_of, filled, sent, with_change
from ovoo_cloud.console.language import Language, Words, catalogue
from ovoo_cloud.diagnosis.case import parse_case
from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_packs import load_framework
from starlette.datastructures import FormData

from tests.cloud.casework.content import PARTS as TOLD
from tests.cloud.diagnosis import mine

FRAMEWORK = load_framework("sme_2024")
NAMES = st.sampled_from(["a", "b", "c", "d"])
TEXT = st.text(alphabet="ab12 /", max_size=4).map(str.strip)


def groups_of(part: str) -> Sequence[Group]:
    return PART_GROUPS.get(part) or question_groups(part, FRAMEWORK, Known())


def full() -> dict[str, Any]:
    """The example case, as texts."""
    found: dict[str, Any] = json.loads(json.dumps(mine.case().raw))
    return found


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_that_is_only_shown_and_saved_stays_what_it_was(part: str) -> None:
    content = {name: full()[name] for name in PARTS[part] if name in full()}
    made, slips = content_of(filled(content, groups_of(part)), groups_of(part))

    before = parse_case(full())
    after = parse_case({**full(), **_plain(made)})

    assert slips == []
    assert set(made) == set(content)
    for name in ("profile", "sites", "products", "machines", "answers", "scenes", "finance", "energy"):
        assert getattr(after, name) == getattr(before, name)


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    scenes = content.get("scenes")
    if scenes is None:
        return dict(content)
    levels = {
        name: {
            **{key: each for key, each in told.items() if key != "levels_met"},
            "level": max(told["levels_met"], default=0),
        }
        for name, told in scenes.items()
    }
    return {**content, "scenes": levels}


@pytest.mark.parametrize("part", sorted(PART_GROUPS))
def test_every_key_that_a_part_can_hold_has_a_field(part: str) -> None:
    every: dict[str, dict[str, Any]] = {
        "profile": {"profile": {"x": "1"}, "sites": [{"x": "1"}], "products": [{"x": "1"}], "window": {"x": "1"}},
        "equipment": {"equipment": [{"x": "1"}]},
        "finance": {"finance": {"2025": {"x": "1"}}},
        "energy": {
            "energy": {
                "x": "1",
                "carriers": [{"x": "1"}],
                "norm": {"x": "1", "corrections": [{"x": "1"}]},
                "tariff": {"x": "1"},
            }
        },
        "secrets": {
            "trade_secrets": {
                "groups": {"x": "1"},
                **{kind: [{"x": "1"}] for kind in ("documents", "products", "finance", "figures")},
            }
        },
    }
    with pytest.raises(ConfigErrors) as caught:
        parse_case({"enterprise": "e", **TOLD["profile"], **every[part]}, "case")

    asked = {group.path: {field.name.partition(".")[0] for field in group.fields} for group in PART_GROUPS[part]}
    below = {path for path in asked if "." in path}
    for error in caught.value.errors:
        if error.code != "intake.unknown_key":
            continue
        path = (
            re.sub(r"\[\d+\]", "", error.offender.partition(" ")[2])
            .rpartition(".")[0]
            .replace("finance.2025", "finance")
        )
        known = set(str(error.slots["known"]).split(", "))
        shown = asked[path] | {each.rpartition(".")[2] for each in below if each.rpartition(".")[0] == path}
        assert known - shown == set(), path


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_field_group_and_choice_has_its_words(language: Language) -> None:
    texts = catalogue(language)
    for part in PARTS:
        for group in groups_of(part):
            assert group.label or f"intake.group.{group.path or 'rules'}" in texts
            assert group.shape == "one" or f"intake.add.{group.path}" in texts
            for field in group.fields:
                assert {f"intake.field.{group.path}.{field.name}", f"intake.field.{field.name}"} & texts.keys(), field
    fields = [(group.path, field.name) for part in PARTS for group in groups_of(part) for field in group.fields]
    places = {
        *(path for path, _ in fields),
        *(name for _, name in fields),
        *(f"{path}.{name}" for path, name in fields),
    }
    for kind in ("field", "help", "group"):
        named = {key.removeprefix(f"intake.{kind}.") for key in texts if key.startswith(f"intake.{kind}.")}
        assert named - places - {"rules"} == set(), "texts of no field"
    for name, values in _NAMED.items():
        assert {f"intake.offer.{name}.{value}" for value in values} <= texts.keys()


def test_an_answer_is_none_of_the_options_or_no_answer_at_all() -> None:
    groups = groups_of("answers")
    content = {
        "answers": {"rules": {"options": [], "class": "declared"}, "talent": {"options": ["staff"], "open": ["pay"]}}
    }

    made, slips = content_of(filled(content, groups), groups)
    wrong = filled(content, groups)
    rows = {**wrong.rows, "answers.rules": [{**wrong.rows["answers.rules"][0], "options": ["-", "workflow"]}]}

    assert slips == []
    assert made["answers"] == {
        "rules": {"options": [], "class": "declared"},
        "talent": {"options": ["staff"], "open": ["pay"], "class": "declared"},
    }
    assert [each.code for each in content_of(Sheet(rows), groups)[1]] == ["intake.none_and_others"]


def test_answers_that_the_framework_no_longer_has_are_carried_along_until_they_are_taken_away() -> None:
    groups = groups_of("answers")
    content = {"answers": {"of_old": {"options": ["x"]}}}
    sheet = filled(content, groups)

    kept = sent(FormData([("rest:answers.of_old", "1")]), groups, sheet.rest)
    dropped = sent(FormData([]), groups, sheet.rest)

    assert content_of(kept, groups)[0] == content
    assert content_of(dropped, groups)[0] == {}


def test_further_frameworks_keep_what_they_ask_and_carry_along_what_they_do_not() -> None:
    groups = [group for name in ("sme_2022", "gbt_39116") for group in further_groups(load_framework(name), Known())]
    total = {"low": "58", "high": "61", "class": "declared"}
    told = {"sme_2022": {"answers": {"total": total}}, "gbt_39116": {"answers": {"data": {"grades": {"1": ["1"]}}}}}
    strange = {"sme_2022": {"answers": {"total": total, "old": {"value": "1"}}, "scenes": {"energy": {"level": "1"}}}}

    made, slips = content_of(filled({"assessments": told}, groups), groups)
    sheet = filled({"assessments": strange}, groups)

    assert slips == []
    assert made["assessments"]["sme_2022"] == told["sme_2022"]
    assert made["assessments"]["gbt_39116"]["answers"]["data"]["grades"] == {"1": ["1"]}
    assert sorted(sheet.rest) == ["assessments.sme_2022.answers.old", "assessments.sme_2022.scenes.energy"]
    assert content_of(sheet, groups)[0] == {"assessments": strange}


def test_a_mistake_stands_at_its_field_its_row_or_the_part() -> None:
    groups = PART_GROUPS["equipment"]
    sheet = filled(TOLD["equipment"], groups)
    words = Words("zh", ZoneInfo("Asia/Shanghai"), 0)
    errors = [
        ConfigError("x", offender="equipment equipment[1].name.zh"),
        ConfigError("x", offender="equipment.fan1"),
        ConfigError("x", offender="equipment equipment[7].id"),
        ConfigError("x", offender="answers.rules"),
    ]

    assert set(placed(errors, (), groups, sheet, words)) == {"equipment[1].name", "equipment[0]", "equipment", ""}


def test_rows_are_added_and_removed_and_nothing_else_changes() -> None:
    groups = PART_GROUPS["equipment"]
    sheet = filled(TOLD["equipment"], groups)

    longer, place = with_change(sheet, groups, "add:equipment")
    shorter, _ = with_change(longer, groups, "remove:equipment[0]")

    assert place == "equipment[2].id"
    assert [row["id"] for row in longer.rows["equipment"]] == ["fan1", "winch", ""]
    assert [row["id"] for row in shorter.rows["equipment"]] == ["winch", ""]
    for nothing in ("add:profile", "remove:equipment[x]", "turn:equipment", "", "add:equipment.x"):
        assert with_change(sheet, groups, nothing)[0].rows == sheet.rows


GROUPS = (
    Group("list", "rows", (Field("id"), Field("n"), Field("tags", "several")), "id"),
    Group("one", "one", (Field("m"),)),
)
ROWS = st.dictionaries(NAMES, st.tuples(TEXT, st.lists(NAMES, max_size=2)), max_size=4)
SHEETS = st.tuples(ROWS, TEXT).map(
    lambda told: Sheet(
        {"list": [{"id": name, "n": n, "tags": tags} for name, (n, tags) in told[0].items()], "one": [{"m": told[1]}]}
    )
)


def _by_key(sheet: Sheet) -> dict[str, Any]:
    return {row["id"]: row for row in sheet.rows["list"]} | {"": sheet.rows["one"][0]}


@given(before=SHEETS, mine_=SHEETS, theirs=SHEETS)
def test_whoever_is_chosen_everywhere_gets_his_version_and_each_value_comes_from_one_of_both(
    before: Sheet, mine_: Sheet, theirs: Sheet
) -> None:
    found = differences(GROUPS, before, mine_, theirs)

    for side, wanted in (("mine", mine_), ("theirs", theirs)):
        picks: dict[str, Side] = {each.id: "mine" if side == "mine" else "theirs" for each in found}
        assert _by_key(joined(GROUPS, mine_, theirs, found, picks)) == _by_key(wanted)
    assert differences(GROUPS, before, mine_, mine_) == []
    for each in found:
        if each.chosen is not None:
            other = each.theirs if each.chosen == "mine" else each.mine
            assert other == each.before, "what is chosen already is what only one of them changed"


KEYS = [
    "equipment",
    "id",
    "name",
    "zh",
    "links",
    "answers",
    "rules",
    "options",
    "scenes",
    "energy",
    "levels_met",
    "level",
    "norm",
]
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(content=ANYTHING)
def test_whatever_is_sent_as_a_part_becomes_a_form_and_a_part_again(content: Any) -> None:
    told = content if isinstance(content, dict) else {"equipment": content}
    for part in PARTS:
        groups = groups_of(part)
        made, _ = content_of(filled(told, groups), groups)
        again, _ = content_of(filled(made, groups), groups)
        assert again == made


TOLD_TWICE = {"class": "declared"}
OPERATION = {
    "machines": [
        {
            "machine": "fan1",
            "planned_h": "600",
            "ideal_per_h": "40",
            "output": {"signal": "made", "kind": "counter"},
            "good": {"signal": "good", "kind": "counter"},
            **TOLD_TWICE,
        }
    ],
    "shutdowns": [{"start": "2026-05-03", "end": "2026-05-05", "machines": ["fan1"], **TOLD_TWICE}],
    "work_orders": {"issued": "5", "closed": "4", **TOLD_TWICE},
}
PLAN = [{"action": "idle", "responsible": "王工", "due": "2026-09-30", "budget_low_yuan": "1000", **TOLD_TWICE}]
SECRETS = {
    "groups": {"costs": "false"},
    "documents": [{"document": "合同.pdf", "reason": "价格"}],
    "products": [{"product": "coal", "reason": "供货合同"}],
    "finance": [{"year": "2025", "reason": "未公布"}],
    "figures": [{"figure": "load.peak", "reason": "正在谈判"}],
}
MEASURED = {"asset": "heishan/washing/main/scale1", "signal": "made", "kind": "counter"}


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("equipment", {"operation": OPERATION}),
        ("finance", {"plan": PLAN}),
        ("secrets", {"trade_secrets": SECRETS}),
        ("profile", {"products": [{"id": "coal", "name": "原煤", "measured": MEASURED, **TOLD_TWICE}]}),
    ],
)
def test_sections_inside_a_row_come_back_from_the_form(part: str, content: dict[str, Any]) -> None:
    made, slips = content_of(filled(content, groups_of(part)), groups_of(part))

    assert slips == []
    assert {name: made[name] for name in content} == content


def test_secrets_that_were_told_as_a_list_of_groups_are_shown_by_the_form_and_saved_alike() -> None:
    groups = groups_of("secrets")

    made, slips = content_of(filled({"trade_secrets": ["costs"]}, groups), groups)

    told = [parse_case({**full(), **each}).trade_secrets for each in (made, {"trade_secrets": ["costs"]})]
    assert slips == []
    assert told[0] == told[1]


def test_a_section_of_which_only_the_class_is_chosen_is_not_told() -> None:
    made, _ = content_of(filled({}, groups_of("equipment")), groups_of("equipment"))

    assert made == {}


GRADED: dict[str, dict[str, Any]] = {
    "smart_mine": {
        "answers": {
            "variant": {"options": ["production"], **TOLD_TWICE},
            "scope": {"options": ["mining"], **TOLD_TWICE},
            "mining-stable_running": {"low": "2", "high": "3", **TOLD_TWICE},
        },
        "machines": {"mining": ["fan1"]},
    },
    "gbt_39116": {"answers": {"strategy": {"grades": {"1": ["1", "0.5"], "2": ["?"]}, **TOLD_TWICE}}},
    "norms_coal_mine": {
        "answers": {"coal_underground": {"value": "5.5", "corrections": {"gas_class": "0.05"}, **TOLD_TWICE}}
    },
}


@pytest.mark.parametrize("name", sorted(GRADED))
def test_every_question_of_a_framework_without_points_has_a_field(name: str) -> None:
    framework, content = load_framework(name), GRADED[name]
    groups = question_groups("answers", framework, Known())
    made, slips = content_of(filled(content, groups), groups)

    assert (made, slips) == (content, [])
    assert {f"answers.{item.id}" for item in framework.items} <= {group.path for group in groups}
    parsed = parse_case({**full(), "framework": name, "scenes": {}, **made})
    assert {each.item for each in parsed.graded} | {each.item for each in parsed.answers} == set(content["answers"])
