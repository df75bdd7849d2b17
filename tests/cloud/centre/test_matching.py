"""Matching by stated rules: what is left out, what comes first, and that nobody can buy a place."""

from __future__ import annotations

import dataclasses
import datetime
import json
import pathlib
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, cases
from ovoo_cloud.centre import requests
from ovoo_cloud.centre.conditions import read_conditions
from ovoo_cloud.centre.entries import ANY
from ovoo_cloud.centre.frozen_matching import disagreements, freeze_matching
from ovoo_cloud.centre.kinds import enumeration, kinds
from ovoo_cloud.centre.matching import KINDS, Need, Offer, match, rules
from ovoo_cloud.centre.needs import match_inputs, need_of
from ovoo_cloud.centre.notices import mark_seen, notices, unseen
from ovoo_cloud.centre.request_law import StepGiven, waits_for
from ovoo_cloud.centre.requests import request
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ConfigError, Forbidden, NotFound, Stale, VerifyError

from tests.cloud.centre.conftest import ENGINEER, FOREIGN, NOW, OWN, STRANGER, SYSTEM, Centre

DAY = datetime.date(2026, 6, 5)
NEED = Need(
    "HS-1", "2026-06-05",
    {"sector": "coal_mine", "region": "包头", "size": "small", "level": "1", "employees": None},
    ("idle", "fan_pump"), {"equipment": 2},
)  # fmt: skip


def offer(kind: Any, name: str, proven: tuple[str, ...] = (), **content: Any) -> Offer:
    return Offer(kind, name, 1, {"name_zh": name, **content}, proven)


def listed(result: dict[str, Any], kind: str) -> list[str]:
    return [each["id"] for each in result[kind]]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ({"measures": ["idle"]}, True),
        ({"measures": ["quality"]}, False),
        ({"measures": ["idle"], "sectors": ["dairy"]}, False),
        ({"measures": ["idle"], "regions": ["呼和浩特"]}, False),
        ({"measures": ["idle"], "sizes": ["large"]}, False),
        ({"measures": [], "scenes": ["equipment"], "level_gained": 2}, True),
        ({"measures": [], "scenes": ["equipment"], "level_gained": 1}, False),
        ({"measures": [], "scenes": ["equipment"]}, True),
    ],
)
def test_what_does_not_fit_is_left_out(content: dict[str, Any], wanted: bool) -> None:
    assert listed(match(NEED, [offer("solution", "s", **content)]), "solution") == (["s"] if wanted else [])


def test_a_fact_that_is_not_known_neither_excludes_nor_counts() -> None:
    unknown = dataclasses.replace(NEED, facts={"sector": None, "region": None, "size": None})

    found = match(unknown, [offer("solution", "s", measures=["idle"], sectors=["dairy"])])

    assert found["solution"][0]["met"] == ["measure:idle"]


def test_more_criteria_come_first_then_more_evidence() -> None:
    found = match(
        NEED,
        [
            offer("solution", "one", measures=["idle"]),
            offer("solution", "two", measures=["idle", "fan_pump"]),
            offer("solution", "proven", ("r1", "r2"), measures=["idle"]),
            offer("solution", "three", measures=["idle", "fan_pump"], sectors=["coal_mine"]),
        ],
    )

    assert listed(found, "solution") == ["three", "two", "proven", "one"]
    assert found["solution"][0]["met"] == ["sector", "measure:fan_pump", "measure:idle"]
    assert found["unmet"] == ["scene:equipment"]


def test_equals_stand_in_another_order_in_another_case_and_each_leads_about_as_often() -> None:
    equals = [offer("solution", f"s{n}", measures=["idle"]) for n in range(4)]
    leaders = [match(dataclasses.replace(NEED, key=f"case-{n}"), equals)["solution"][0]["id"] for n in range(400)]

    assert all(70 <= leaders.count(f"s{n}") <= 130 for n in range(4))


@given(st.permutations(range(12)), st.integers(0, 1000))
def test_the_order_in_which_offers_come_changes_nothing(order: list[int], seed: int) -> None:
    draw = random.Random(seed)
    made = [
        offer(
            kind, f"{kind}-{n}", measures=draw.sample(["idle", "fan_pump", "quality"], 2), provider=f"provider-{n}",
            sectors=draw.choice([[], ["coal_mine"], ["dairy"]]), valid_from="2020-01-01", conditions=[],
        )
        for n in range(3) for kind in KINDS
    ]  # fmt: skip

    assert canonical_json(match(NEED, [made[n] for n in order])) == canonical_json(match(NEED, made))


def test_policies_by_validity_and_conditions() -> None:
    def policy(name: str, conditions: str = "", start: str = "2026-01-01", end: str | None = None) -> Offer:
        return offer("policy", name, valid_from=start, valid_until=end, conditions=read_conditions(conditions))

    found = match(
        NEED,
        [
            policy("plain"),
            policy("met", "level >= 1"),
            policy("unmet", "level >= 2"),
            policy("unknown", "employees <= 300; size in small"),
            policy("over", end="2026-06-04"),
            policy("last-day", end="2026-06-05"),
            policy("not-yet", start="2026-06-06"),
        ],
    )

    assert set(listed(found, "policy")) == {"plain", "met", "unknown", "last-day"}
    unknown = next(each for each in found["policy"] if each["id"] == "unknown")
    assert unknown["met"] == ["condition:1:size"]
    assert unknown["to_check"] == ["condition:0:employees"]


def test_a_provider_stands_by_what_its_offers_meet() -> None:
    found = match(
        NEED,
        [
            offer("solution", "s1", ("r1",), measures=["idle"], provider="a"),
            offer("course", "c1", measures=["idle", "fan_pump"], provider="b"),
            offer("provider", "a"),
            offer("provider", "b"),
            offer("provider", "idle-one"),
            offer("provider", "c", sectors=["dairy"]),
        ],
    )

    assert listed(found, "provider") == ["b", "a"]
    assert found["provider"][1]["evidence"] == ["r1"]


def test_the_rules_are_printed_with_their_edition_and_no_register_has_a_field_for_money_paid() -> None:
    found = match(NEED, [])

    assert found["edition"] == "ovoo.matching/2"
    assert found["rules_sha256"] == sha256_hex(canonical_json(rules()))
    assert all(each["zh"] and each["en"] for part in ("exclude", "order") for each in found["rules"][part])
    names = {field.id for kind in KINDS for field in kinds()[kind].fields}
    assert not names & {"rank", "priority", "weight", "sponsor", "fee", "paid"}
    assert canonical_json(found)


def entries_of(provider: str, count: int) -> list[Offer]:
    return [offer("solution", f"{provider}-{n}", measures=["idle"], provider=provider) for n in range(count)]


def providers_in_order(found: dict[str, Any], kind: str = "solution") -> list[str]:
    """Providers by their first entry."""
    return list(dict.fromkeys(name.rpartition("-")[0] for name in listed(found, kind)))


@given(st.integers(1, 30), st.text("abcdef0123456789", min_size=1, max_size=8))
def test_many_entries_move_nobody_forward(count: int, key: str) -> None:
    need = dataclasses.replace(NEED, key=key)
    few = [each for name in "abcd" for each in entries_of(name, 1)]
    many = [*entries_of("a", count), *few[1:], *(offer("provider", name) for name in "abcd")]

    found = match(need, many)

    assert providers_in_order(found) == providers_in_order(match(need, few))
    assert [each["turn"] for each in found["solution"]] == [*([1] * 4), *range(2, count + 1)]
    assert {len(each["met"]) for each in found["provider"]} == {1}


@given(st.lists(st.text("abcxyz0189", min_size=1, max_size=6), min_size=4, max_size=4, unique=True))
def test_ids_of_entries_do_not_move_a_provider(names: list[str]) -> None:
    before = match(NEED, [each for name in "abcd" for each in entries_of(name, 1)])
    renamed = [
        offer("solution", f"{new}-x", measures=["idle"], provider=provider)
        for provider, new in zip("abcd", names, strict=True)
    ]
    owners = {each.id: each.content["provider"] for each in renamed}

    assert [owners[name] for name in listed(match(NEED, renamed), "solution")] == providers_in_order(before)


def test_a_provider_stands_by_its_best_entry_not_by_the_sum_of_many() -> None:
    split = [offer("solution", f"split-{measure}", measures=[measure], provider="split") for measure in NEED.measures]
    whole = offer("solution", "whole", measures=list(NEED.measures), provider="whole")

    found = match(NEED, [*split, whole, offer("provider", "split"), offer("provider", "whole")])

    assert listed(found, "provider") == ["whole", "split"]
    assert [len(each["met"]) for each in found["provider"]] == [2, 1]
    first = match(NEED, [*split, whole, offer("provider", "split"), offer("provider", "whole")], "ovoo.matching/1")
    assert [len(each["met"]) for each in first["provider"]] == [2, 2]


def test_who_names_every_sector_and_size_has_named_none() -> None:
    everything: dict[str, Any] = {"sectors": list(enumeration("sector")), "sizes": list(enumeration("size"))}
    found = match(
        NEED,
        [
            offer("solution", "wide", measures=["idle"], **everything),
            offer("solution", "apt", measures=["idle"], sectors=["coal_mine"]),
        ],
    )

    assert listed(found, "solution") == ["apt", "wide"]
    assert found["solution"][1]["met"] == ["measure:idle"]


def test_every_line_says_by_which_rule_it_stands_behind_the_one_before() -> None:
    found = match(
        NEED,
        [
            offer("solution", "best", measures=["idle", "fan_pump"], provider="a"),
            offer("solution", "proven", ("r1",), measures=["idle"], provider="a"),
            *entries_of("b", 2),
            *entries_of("c", 1),
        ],
    )

    assert [each["behind_by"] for each in found["solution"]] == ["", "criteria", "evidence", "draw", "turn"]


def test_a_section_by_the_rules_of_the_first_edition_is_still_computed_again() -> None:
    offers = [*entries_of("a", 3), *entries_of("b", 1), offer("provider", "a"), offer("provider", "b")]
    frozen = freeze_matching(NEED, offers)
    first = {**frozen, **match(NEED, offers, "ovoo.matching/1")}

    assert not list(disagreements(frozen))
    assert not list(disagreements(first))
    assert "behind_by" not in first["solution"][0]
    assert "solution" in set(disagreements({**first, "solution": first["solution"][::-1]}))
    assert not list(disagreements({**first, "edition": "ovoo.matching/99", "solution": []}))


SNAPSHOT = {
    "format": "ovoo.snapshot/1",
    "figures": {
        "score.class.measured": {"value": "60"}, "score.class.declared": {"value": "20"},
        "score.class.verified": {"value": "0"}, "score.class.insufficient": {"value": "20"},
    },
    "score": {
        "total": ["45", "45"], "level": 1, "level_low": 1, "level_high": 1,
        "scenes": [{"id": "equipment", "levels": [1, 1]}, {"id": "energy", "levels": [2, 3]},
                   {"id": "safety", "levels": [0, 4]}],
    },
    "actions": [{"kind": "idle", "reason": ""}, {"kind": "fouling", "reason": "no_data"}],
}  # fmt: skip


def write(centre: Centre, folder: pathlib.Path, name: str, snapshot: Any, **changes: Any) -> None:
    folder.mkdir(parents=True)
    raw = json.dumps(snapshot).encode()
    (folder / "snapshot.json").write_bytes(raw)
    centre.report(name, folder=str(folder), snapshot_sha256=sha256_hex(raw), **changes)


def test_the_need_comes_from_the_snapshot_and_the_enterprises_file() -> None:
    need = need_of("coal_mine", {"size": "small", "region": "包头"}, SNAPSHOT, key="N", day="2026-06-05")

    assert need.measures == ("idle",)
    assert need.scenes == {"equipment": 2, "safety": 2}
    assert (need.facts["level"], need.facts["score"], need.facts["measured_percent"]) == ("1", "45", "60")
    assert need.facts["employees"] is None


def test_the_newest_report_that_verifies_counts_and_a_changed_one_is_named(
    centre: Centre, tmp_path: pathlib.Path
) -> None:
    write(centre, tmp_path / "a", "r-a", SNAPSHOT, created_ns=NOW - 2)
    write(centre, tmp_path / "b", "r-b", SNAPSHOT, created_ns=NOW - 1)
    (tmp_path / "b" / "snapshot.json").write_bytes(b"{}")
    centre.put("profile", "p", enterprise=OWN, size="small", region="包头")

    with centre.services.database.read() as session:
        need, _, broken = match_inputs(session, ENGINEER, OWN, DAY, measures=["quality"])
        with pytest.raises(VerifyError):
            match_inputs(session, ENGINEER, OWN, DAY, report="r-b")
        with pytest.raises(NotFound):
            match_inputs(session, STRANGER, OWN, DAY)
        with pytest.raises(NotFound):
            match_inputs(session, SYSTEM, FOREIGN, DAY, report="r-a")
        with pytest.raises(ConfigError):
            match_inputs(session, ENGINEER, OWN, DAY, measures=["magic"])

    assert need.sources == ("r-a",)
    assert broken == ["r-b"]
    assert need.measures == ("idle", "quality")
    assert need.facts["size"] == "small"


def test_only_reports_that_verify_and_prove_a_saving_are_evidence(centre: Centre, tmp_path: pathlib.Path) -> None:
    for name, saving in (("real", {"reason": ""}), ("unsure", {"reason": "uncertain"}), ("none", None)):
        write(centre, tmp_path / name, name, {"figures": {}, "saving": saving})
    write(centre, tmp_path / "changed", "changed", {"figures": {}, "saving": {"reason": ""}})
    (tmp_path / "changed" / "snapshot.json").write_bytes(b'{"figures": {}, "saving": {"reason": "" }}')
    centre.put("provider", "p", name_zh="甲", services=["software"])
    centre.put(
        "solution", "s", name_zh="方案", provider="p", measures=["idle"], reports=["real", "unsure", "none", "changed"]
    )

    with centre.services.database.read() as session:
        need, offers, _ = match_inputs(session, ENGINEER, OWN, DAY, measures=["idle"])

    assert match(need, offers)["solution"][0]["evidence"] == ["real"]


@pytest.fixture
def asked(centre: Centre) -> str:
    centre.put("provider", "p", name_zh="甲", services=["software"])
    centre.put("solution", "s", name_zh="方案", provider="p", measures=["idle"])
    centre.put("solution", "other", name_zh="另一方案", provider="p", measures=["quality"])
    with centre.services.database.write() as session:
        need, offers, _ = match_inputs(session, ENGINEER, OWN, DAY, measures=["idle"])
        row = requests.open_request(
            session, ENGINEER, OWN, case="", note="help", matching=match(need, offers), now_ns=NOW
        )
        return str(row.id)


def step(centre: Centre, name: str, given: StepGiven, scope: Scope = SYSTEM, read: int = ANY, days: int = 0) -> str:
    at = NOW + days * 86_400 * 10**9
    with centre.services.database.write() as session:
        return str(requests.move(session, scope, OWN, name, given, read=read, now_ns=at).state)


def test_a_request_goes_its_way_and_is_counted(centre: Centre, asked: str) -> None:
    offered = (("solution", "s"),)

    states = [
        step(centre, asked, StepGiven("offer", offers=offered), read=1, days=3),
        step(centre, asked, StepGiven("contact"), days=4),
        step(centre, asked, StepGiven("close", offers=offered, outcome="matched"), days=9),
    ]

    assert states == ["offered", "contacted", "closed"]
    with centre.services.database.read() as session:
        found = requests.request_statistics(session, SYSTEM, NOW, NOW + 1)
        taken = requests.steps(session, asked)
        assert audit.verify_chain(session) == 7
        with pytest.raises(NotFound):
            requests.request(session, STRANGER, OWN, asked)
    assert [row.step for row in taken] == ["open", "offer", "contact", "close"]
    assert taken[1].detail["offers"] == [{"kind": "solution", "id": "s", "version": 1, "listed": True}]
    assert (found["opened"], found["outcomes"]["matched"], found["response_days"]) == (1, 1, "3")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (StepGiven("contact"), "no such step now"),
        (StepGiven("offer"), "nothing offered"),
        (StepGiven("offer", offers=(("solution", "none"),)), "no such offer"),
        (StepGiven("offer", offers=(("profile", "s"),)), "no such offer"),
        (StepGiven("offer", offers=(("solution", "other"),)), "offered beside the rules"),
        (StepGiven("close"), "closed without a result"),
        (StepGiven("close", outcome="matched"), "closed without a result"),
        (StepGiven("close", outcome="unmatched"), "closed without a reason"),
    ],
)
def test_a_step_that_skips_or_hides_something_is_refused(
    centre: Centre, asked: str, given: StepGiven, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        step(centre, asked, given)


def test_a_request_names_only_a_case_of_its_enterprise(centre: Centre) -> None:
    with centre.services.database.write() as session:
        cases.save_case(session, SYSTEM, "c-own", enterprise=OWN, site="s", title="t", intake={}, now_ns=NOW)
        cases.save_case(session, SYSTEM, "c-far", enterprise=FOREIGN, site="s", title="t", intake={}, now_ns=NOW)
        opened = requests.open_request(
            session, ENGINEER, OWN, case="c-own", note="", matching=match(NEED, []), now_ns=NOW
        )
        for scope in (ENGINEER, SYSTEM):
            with pytest.raises(NotFound):
                requests.open_request(session, scope, OWN, case="c-far", note="", matching=match(NEED, []), now_ns=NOW)

    assert opened.case == "c-own"


def test_an_offer_beside_the_rules_needs_a_reason_and_shows(centre: Centre, asked: str) -> None:
    step(centre, asked, StepGiven("offer", "the enterprise asked for it", (("solution", "other"),)))

    with centre.services.database.read() as session:
        assert requests.steps(session, asked)[-1].detail["offers"][0]["listed"] is False


def test_only_the_centre_offers_and_two_hands_do_not_cross(centre: Centre, asked: str) -> None:
    with pytest.raises(Forbidden):
        step(centre, asked, StepGiven("close", "x", outcome="unmatched"), ENGINEER)
    step(centre, asked, StepGiven("note", "more"), ENGINEER, read=1)
    with pytest.raises(Stale):
        step(centre, asked, StepGiven("note", "late"), read=1)
    assert step(centre, asked, StepGiven("withdraw"), ENGINEER) == "closed"
    with pytest.raises(ConfigError, match="closed"):
        step(centre, asked, StepGiven("note", "too late"))


def test_a_request_is_accepted_done_and_judged_by_the_side_whose_step_it_is(centre: Centre, asked: str) -> None:
    offered = (("solution", "s"),)
    step(centre, asked, StepGiven("offer", offers=offered))
    for wrong, scope in (
        (StepGiven("accept", offers=offered), SYSTEM),
        (StepGiven("finish"), ENGINEER),
        (StepGiven("evaluate", score=5), SYSTEM),
    ):
        with pytest.raises(Forbidden, match="takes this step"):
            step(centre, asked, wrong, scope)
    with pytest.raises(ConfigError, match="nothing accepted"):
        step(centre, asked, StepGiven("accept"), ENGINEER)
    with pytest.raises(ConfigError, match="not offered"):
        step(centre, asked, StepGiven("accept", offers=(("solution", "other"),)), ENGINEER)
    with pytest.raises(ConfigError, match="no such step now"):
        step(centre, asked, StepGiven("finish"))

    states = [
        step(centre, asked, StepGiven("accept", offers=offered), ENGINEER),
        step(centre, asked, StepGiven("finish", "delivered")),
    ]
    with pytest.raises(ConfigError, match="no such mark"):
        step(centre, asked, StepGiven("evaluate"), ENGINEER)
    states.append(step(centre, asked, StepGiven("evaluate", "good", score=4), ENGINEER))

    assert states == ["accepted", "done", "evaluated"]
    assert [waits_for(each) for each in ("opened", "offered", *states)] == [
        "centre", "enterprise", "centre", "enterprise", "",
    ]  # fmt: skip
    with centre.services.database.read() as session:
        row = requests.request(session, SYSTEM, OWN, asked)
        found = requests.request_statistics(session, SYSTEM, NOW, NOW + 1)
        assert row.outcome == "matched"
        assert requests.steps(session, asked)[-1].detail["score"] == 4
    assert (found["closed"], found["scores"], found["outcomes"]["matched"]) == ([asked], {asked: 4}, 1)
    with pytest.raises(ConfigError, match="no such step now"):
        step(centre, asked, StepGiven("evaluate", score=5), ENGINEER)


def test_what_was_not_matched_is_not_judged(centre: Centre, asked: str) -> None:
    step(centre, asked, StepGiven("close", "nothing fits", outcome="unmatched"))

    with pytest.raises(ConfigError, match="no such step now"):
        step(centre, asked, StepGiven("evaluate", score=1), ENGINEER)


def test_both_sides_are_told_what_the_other_did_until_they_looked(centre: Centre, asked: str) -> None:
    def told(scope: Scope) -> list[str]:
        with centre.services.database.read() as session:
            return [each.step for each, _ in notices(session, scope)]

    assert (told(SYSTEM), told(ENGINEER), told(STRANGER)) == (["open"], [], [])
    with centre.services.database.write() as session:
        assert mark_seen(session, SYSTEM, OWN, asked) == 1
        with pytest.raises(NotFound):
            mark_seen(session, STRANGER, OWN, asked)
    step(centre, asked, StepGiven("offer", offers=(("solution", "s"),)), days=1)
    step(centre, asked, StepGiven("contact"), days=2)
    assert (told(SYSTEM), told(ENGINEER), told(STRANGER)) == ([], ["contact", "offer"], [])
    with centre.services.database.write() as session:
        mark_seen(session, ENGINEER, OWN, asked)
    step(centre, asked, StepGiven("note", "thanks"), ENGINEER, days=3)
    assert (told(SYSTEM), told(ENGINEER)) == (["note"], [])


def test_a_step_that_came_since_the_page_was_shown_stays_new(centre: Centre, asked: str) -> None:
    step(centre, asked, StepGiven("offer", offers=(("solution", "s"),)), days=1)
    step(centre, asked, StepGiven("contact"), days=2)

    def new() -> set[int]:
        with centre.services.database.read() as session:
            return unseen(session, ENGINEER, request(session, ENGINEER, OWN, asked))

    assert new() == {2, 3}
    with centre.services.database.write() as session:
        assert mark_seen(session, ENGINEER, OWN, asked, 2) == 2
    assert new() == {3}
    with centre.services.database.write() as session:
        assert mark_seen(session, ENGINEER, OWN, asked, 99) == 3
        mark_seen(session, ENGINEER, OWN, asked, 1)
    assert new() == set()
