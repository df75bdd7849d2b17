"""Two experts on different further frameworks: nobody waits, nothing is lost; on one item the later one hears of it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.casework.item_merge import joined

from tests.cloud.casework.centre import CASE, Centre
from tests.cloud.casework.test_beside import BOTH, opened

INDEX = {"answers": {"total": {"low": "58", "high": "61", "class": "declared"}}}
MINE = {"answers": {"must_have": {"options": ["no"], "class": "declared"}}, "machines": {"ventilation_air": ["fan1"]}}
_PATHS = st.tuples(*(st.sampled_from(each) for each in (("a", "b"), ("answers", "scenes"), ("x", "y"))))
_TOLD = st.dictionaries(_PATHS, st.integers(0, 2), max_size=8)


def part(told: dict[tuple[str, str, str], int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for (framework, section, item), value in told.items():
        found.setdefault("assessments", {}).setdefault(framework, {}).setdefault(section, {})[item] = {"value": value}
    return found


@given(_TOLD, _TOLD, _TOLD)
def test_each_item_is_that_of_whoever_changed_it(
    before: dict[tuple[str, str, str], int],
    mine: dict[tuple[str, str, str], int],
    theirs: dict[tuple[str, str, str], int],
) -> None:
    found = joined(part(before), part(mine), part(theirs))

    every = before.keys() | mine.keys() | theirs.keys()
    changed = {each for each in every if mine.get(each) != before.get(each)}
    later = {each for each in every if theirs.get(each) != before.get(each)}
    both = {each for each in changed & later if mine.get(each) != theirs.get(each)}
    if both:
        assert found is None
        return
    kept = {each: (mine if each in changed else theirs).get(each) for each in every}
    assert found == part({each: value for each, value in kept.items() if value is not None})


def test_an_item_where_another_has_its_section_is_not_joined() -> None:
    mine, theirs = ({"assessments": {"a": each}} for each in ("nothing", {"answers": {"x": 1}}))

    assert joined({}, mine, theirs) is None


def test_two_experts_write_at_once_and_only_one_item_of_both_is_a_conflict(house: Centre) -> None:
    opened(house, BOTH)
    index, mine = ({"assessments": {name: told}} for name, told in zip(BOTH, (INDEX, MINE), strict=True))

    first = house.write("assessments", index, 0, "centre_expert")
    beside = house.write("assessments", mine, 0, "enterprise_engineer")
    mended = {"assessments": {BOTH[0]: {"answers": {"total": {"low": "60", "high": "61"}}}}}
    item = house.write("assessments", mended, 0, "enterprise_engineer")
    later = house.write("assessments", {"assessments": {BOTH[0]: INDEX, BOTH[1]: {}}}, 2, "centre_expert")
    unknown = house.write("assessments", mine, 9, "centre_expert")
    other = [house.write("finance", {"finance": {year: {"staff": "9"}}}, 0) for year in ("2024", "2025")]

    assert (first.status_code, beside.status_code) == (200, 200)
    assert (beside.json()["version"], beside.headers["ETag"]) == (2, '"2"')
    assert beside.json()["content"] == {"assessments": {BOTH[0]: INDEX, BOTH[1]: MINE}}
    assert item.status_code == 412
    assert item.json()["code"] == "case.part_stale"
    assert (later.status_code, later.json()["content"]) == (200, {"assessments": {BOTH[0]: INDEX, BOTH[1]: {}}})
    assert unknown.status_code == 412  # nobody can say what it was made from
    assert [each.status_code for each in other] == [200, 412]  # other parts are joined by a person
    kept = house.call("centre_expert", "GET", f"/cases/{CASE}/parts/assessments/versions").json()["items"]
    assert [(row["version"], row["author"]) for row in kept][-2:] == [(2, "enterprise_engineer"), (1, "centre_expert")]
