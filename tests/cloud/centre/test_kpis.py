"""The centre's own figures by hand, and its assessment: criteria frozen, nobody reviews their own words."""

from __future__ import annotations

import dataclasses
import random
from decimal import Decimal
from typing import Any

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.centre import assessments
from ovoo_cloud.centre.assessments import Answer, result_of
from ovoo_cloud.centre.facts import CaseFact, CentreFacts, ReportFact, Row, SavingFact
from ovoo_cloud.centre.figure_table import as_csv, as_workbook, assessment_rows, kpi_rows
from ovoo_cloud.centre.kinds import enumeration
from ovoo_cloud.centre.kpi_sources import centre_kpis, gather
from ovoo_cloud.centre.kpis import KPIS, YEAR_NS, compute
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ConfigError, ConfigErrors, Forbidden, Stale
from ovoo_contract.xlsx import read_xlsx

from tests.cloud.centre.conftest import EXPERT, NOW, OWN, SYSTEM, Centre

END = NOW
START = NOW - YEAR_NS


def report(
    name: str, enterprise: str, age: float, level: int | None, measured: str | None, ok: bool | None
) -> ReportFact:
    share = None if measured is None else Decimal(measured)
    return ReportFact(name, "0" * 64, enterprise, "dairy", END - int(age * YEAR_NS), level, share, ok)


def row(kind: str, name: str, **content: Any) -> Row:
    return Row(kind, name, 1, content)


REPORTS = (
    report("a1", "a", 2.0, 1, None, None),
    report("a2", "a", 0.5, 3, "80", True),
    report("b1", "b", 1.0, 2, "79.9", False),
    report("c1", "c", 0.1, None, "95", True),
    report("d1", "d", 1.5, 2, None, None),
)
ROWS = (
    row("attendance", "t1", date="2026-01-10", heads=30, hours_per_head="2.5"),
    row("attendance", "t2", date="2026-06-05", heads=10, hours_per_head="4"),
    row("attendance", "t3", date="2024-01-01", heads=99, hours_per_head="9"),
    row("project", "p1", start="2026-02-01", from_report="a2", saved_yuan="1000", saved_document="合同"),
    row("project", "p2", start="2026-02-01", saved_yuan="5000"),
    row("feedback", "f1", date="2026-03-01", score=5),
    row("feedback", "f2", date="2026-03-01", score=4),
)
REQUESTS: dict[str, Any] = {
    "requests": ["m1", "m2"], "closed": ["m1"], "opened": 2, "outcomes": {"matched": 1}, "response_days": "3",
}  # fmt: skip
SAVINGS = (
    SavingFact("s1", Decimal(100_000), Decimal(80_000), Decimal(120_000)),
    SavingFact("s2", Decimal(50_000), Decimal(-10_000), Decimal(60_000)),
)
FACTS = CentreFacts(
    START, END, "2025-06-06", "2026-06-05", REPORTS, ROWS, SAVINGS, REQUESTS,
    (Decimal("0.0001229"), "coal_electricity", False),
    (CaseFact("k", 1, "apply"), CaseFact("k", 7, "freeze"), CaseFact("k", 9, "freeze"), CaseFact("k", 12, "visit"),
     CaseFact("k", 13, "visit"), CaseFact("m", 1, "apply")),
)  # fmt: skip


def values(facts: CentreFacts) -> dict[str, str | None]:
    return {each["id"]: each["value"] for each in compute(facts)["figures"]}


def test_every_figure_equals_what_a_hand_computes() -> None:
    assert values(FACTS) == {
        "cases_opened": "2",
        "cases_diagnosed": "1",  # frozen twice, one case
        "follow_ups": "2",
        "diagnoses_issued": "3",  # a2, b1 (on the first instant), c1
        "measured_share_80": "66.7",  # a2 and c1 of three
        "rediagnosed_share": "33.3",  # a of a, b, d
        "level_gain": "2.00",
        "projects_from_reports": "1",
        "saved_tce": "18.4",  # 150,000 kWh at 0.1229 kgce
        "saved_yuan": "1000",  # p2 has no document
        "training_heads": "40",
        "training_hours": "115.0",
        "matches_opened": "2",
        "matches_closed": "1",
        "response_days": "3",
        "satisfaction": "4.50",
        "verified_share": "66.7",
    }
    saved = next(each for each in compute(FACTS)["figures"] if each["id"] == "saved_tce")
    assert (saved["low"], saved["high"]) == ("8.6", "22.1")
    assert set(KPIS) == set(enumeration("kpi"))


def test_what_cannot_be_computed_has_no_value_and_a_reason() -> None:
    empty = CentreFacts(START, END, "2025-06-06", "2026-06-05", (), (), (), {
        "requests": [], "closed": [], "opened": 0, "outcomes": {}, "response_days": None,
    }, None)  # fmt: skip

    found = {each["id"]: each for each in compute(empty)["figures"]}

    for name in ("measured_share_80", "rediagnosed_share", "level_gain", "saved_tce", "satisfaction", "verified_share"):
        assert (found[name]["value"], bool(found[name]["reason"])) == (None, True), name
    assert found["diagnoses_issued"]["value"] == "0"


def test_every_evidence_id_is_the_hash_of_its_rows_and_order_changes_nothing() -> None:
    found = compute(FACTS)
    draw = random.Random(3)
    shuffled = dataclasses.replace(
        FACTS, reports=tuple(draw.sample(REPORTS, 5)), rows=tuple(draw.sample(ROWS, 7)), savings=SAVINGS[::-1]
    )

    assert canonical_json(compute(shuffled)) == canonical_json(found)
    for each in found["figures"]:
        for key in each["evidence"]:
            assert key == "ev_" + sha256_hex(canonical_json(found["evidence"][key]))[:16]
    changed = dataclasses.replace(FACTS, rows=(*ROWS[:-1], row("feedback", "f9", date="2026-03-01", score=4)))
    assert values(changed) == values(FACTS)
    assert compute(changed)["evidence"].keys() != found["evidence"].keys()


def test_figures_are_read_from_the_installation(centre: Centre) -> None:
    centre.report("r1", created_ns=END - 10, summary={"level": 2})
    centre.report("month", created_ns=END - 9, summary={"kind": "month"})
    centre.put("course", "c", name_zh="课", form="onsite", hours="2")
    centre.put("attendance", "t", course="c", date="2026-06-01", enterprise=OWN, heads=12, hours_per_head="2")

    found = centre_kpis(centre.services, SYSTEM, START, END)
    bound = centre_kpis(centre.services, Scope("x", Role.CENTRE_ADMIN, frozenset({"bayan-chem"})), START, END)

    figures = {each["id"]: each for each in found["figures"]}
    assert figures["diagnoses_issued"]["parts"]["level"] == {"2": 1}
    assert figures["training_heads"]["value"] == "12"
    assert figures["verified_share"]["value"] == "0.0"  # its folder is not there
    assert {each["id"]: each["value"] for each in bound["figures"]}["training_heads"] == "0"
    table = kpi_rows(found)
    assert len(table) == len(KPIS) + 1
    assert len(read_xlsx(as_workbook(table, "kpis"), "k")[0].rows) == len(table)
    assert b"register:attendance/t@1" in as_csv(table)


def saved(centre: Centre, name: str, avoided: str, start: int, end: int, reason: str = "") -> None:
    """An issued report of a month with a saving."""
    values = {"avoided": avoided, "low": "50", "high": "150"}
    data = {"saving": {"reason": reason}, "figures": {f"saving.{key}": {"value": v} for key, v in values.items()}}
    folder = centre.services.settings.reports_dir / name
    folder.mkdir(parents=True)
    (folder / "snapshot.json").write_bytes(canonical_json(data))
    centre.report(
        name, folder=str(folder), snapshot_sha256=sha256_hex(canonical_json(data)), start_ns=start, end_ns=end,
        created_ns=end + 1, summary={"kind": "month"},
    )  # fmt: skip


def test_savings_count_from_issued_reports_and_no_day_twice(centre: Centre) -> None:
    day = 86_400 * 10**9
    saved(centre, "march", "100000", END - 90 * day, END - 60 * day)
    saved(centre, "april", "200000", END - 60 * day, END - 30 * day)
    saved(centre, "both", "999999", END - 100 * day, END - 70 * day)  # over some days of march
    saved(centre, "unproven", "400000", END - 30 * day, END - day, reason="uncertain")
    saved(centre, "outside", "800000", START - 30 * day, START + day)

    found = {each["id"]: each for each in centre_kpis(centre.services, SYSTEM, START, END)["figures"]}["saved_tce"]
    evidence = centre_kpis(centre.services, SYSTEM, START, END)["evidence"][found["evidence"][0]]["rows"]

    factor = Decimal("0.1229")
    assert found["value"] == str((Decimal(300) * factor).quantize(Decimal("0.1")))
    assert [each.partition("@")[0] for each in evidence] == ["factor:coal_electricity", "report:april", "report:march"]
    (centre.services.settings.reports_dir / "april" / "snapshot.json").write_bytes(b"{}")
    again = {each["id"]: each for each in centre_kpis(centre.services, SYSTEM, START, END)["figures"]}["saved_tce"]
    assert again["value"] == str((Decimal(100) * factor).quantize(Decimal("0.1")))


def test_what_the_centre_did_counts_when_no_consent_is_live_any_more(centre: Centre) -> None:
    bound = Scope("expert", Role.CENTRE_EXPERT, None, consents=())
    centre.report("r1", created_ns=END - 10, summary={"level": 2})
    saved(centre, "march", "100000", END - 90 * 86_400 * 10**9, END - 60 * 86_400 * 10**9)
    centre.put("course", "c", name_zh="课", form="onsite", hours="2")
    centre.put("attendance", "t", course="c", date="2026-06-01", enterprise=OWN, heads=12, hours_per_head="2")

    whole = centre_kpis(centre.services, SYSTEM, START, END)
    without = centre_kpis(centre.services, bound, START, END)

    assert without == whole
    figures = {each["id"]: each["value"] for each in without["figures"]}
    assert (figures["diagnoses_issued"], figures["training_heads"]) == ("1", "12")
    assert figures["saved_tce"] is not None
    assert not bound.used


@pytest.fixture
def opened(centre: Centre) -> Centre:
    for name, weight, kpi, target, direction in (
        ("heads", "60", "training_heads", "10", "up"),
        ("days", "40", "response_days", "3", "down"),
    ):
        centre.put(
            "criterion", name, name_zh=name, procedure="assessment", weight=weight, kpi=kpi, target=target,
            direction=direction, source="示例（虚构）", mark="I",
        )  # fmt: skip
    centre.put("course", "c", name_zh="课", form="onsite", hours="2")
    centre.put("attendance", "t", course="c", date="2026-06-01", heads=12, hours_per_head="2")
    found = centre_kpis(centre.services, SYSTEM, START, END)
    with centre.services.database.write() as session:
        assessments.open_assessment(
            session, EXPERT, "y", procedure="assessment", subject="中心", start_ns=START, end_ns=END, kpis=found,
            now_ns=NOW,
        )  # fmt: skip
    return centre


def answer(centre: Centre, *given: Answer, read: int = 1) -> Any:
    with centre.services.database.write() as session:
        return assessments.self_assess(session, EXPERT, "y", given, read=read, now_ns=NOW)


def decide(centre: Centre, scope: Scope, *given: Answer, reason: str = "seen", read: int = 2) -> Any:
    with centre.services.database.write() as session:
        return assessments.decide(session, scope, "y", given, "passed", reason, read=read, now_ns=NOW)


def test_an_assessment_from_frozen_criteria_to_the_decision(opened: Centre) -> None:
    row = answer(opened, Answer("heads", Decimal(90), "done", ("register:attendance/t",)))
    criteria = {each["id"]: each for each in row.content["criteria"]}
    part = result_of(row.content, "answers")
    opened.put(
        "criterion", "heads", read=1, name_zh="changed", procedure="assessment", weight="1", source="x", mark="I"
    )

    done = decide(opened, SYSTEM, Answer("heads", Decimal(80), "ok"), Answer("days", Decimal(50), "no data"))

    assert (criteria["heads"]["reached"], criteria["days"]["reached"]) == (True, None)
    assert part == {"value": None, "low": "54.0", "high": "94.0"}
    assert result_of(done.content, "scores") == {"value": "68.0", "low": "68.0", "high": "68.0"}
    assert {each["weight"] for each in done.content["criteria"]} == {"60", "40"}
    assert done.state == "decided"
    assert ["decision", "passed", "system", "", "", "", "seen"] in assessment_rows(done)
    with pytest.raises(ConfigError, match="decided"):
        answer(opened, read=3)


def test_nobody_reviews_their_own_words_nor_before_they_are_there(opened: Centre) -> None:
    admin = Scope("expert", Role.CENTRE_ADMIN, None)
    with pytest.raises(ConfigError, match="no self-assessment"):
        decide(opened, SYSTEM, read=1)
    answer(opened)
    with pytest.raises(Forbidden, match="own words"):
        decide(opened, admin)
    with pytest.raises(Forbidden):
        decide(opened, EXPERT)
    with pytest.raises(ConfigError, match="without a reason"):
        decide(opened, SYSTEM, reason="")
    with pytest.raises(Stale):
        decide(opened, SYSTEM, read=1)


def test_answers_name_known_criteria_and_evidence_that_is_there(opened: Centre) -> None:
    with pytest.raises(ConfigErrors) as caught:
        answer(
            opened, Answer("wings", Decimal(1), ""), Answer("heads", Decimal(101), ""),
            Answer("days", None, "", ("report:none", "register:attendance/none", "somewhere")),
        )  # fmt: skip

    assert [each.offender for each in caught.value.errors] == ["wings", "heads", "days", "days", "days"]


def test_every_step_of_an_assessment_stays_in_its_history(opened: Centre) -> None:
    answer(opened, Answer("heads", Decimal(90), "first"))
    answer(opened, Answer("heads", Decimal(70), "second"), read=2)
    row = decide(opened, SYSTEM, Answer("heads", Decimal(80), ""), Answer("days", Decimal(50), ""), read=3)

    lines = row.content["history"]
    assert [(each["action"], each["version"], each["by"]) for each in lines] == [
        ("open", 1, "expert"), ("self_assessed", 2, "expert"), ("self_assessed", 3, "expert"),
        ("decided", 4, "system"),
    ]  # fmt: skip
    assert [each["total"]["low"] for each in lines[1:]] == ["54.0", "42.0", "68.0"]
    assert lines[1]["answers"]["heads"]["statement"] == "first"


def test_another_centre_is_assessed_without_the_figures_of_this_one(opened: Centre) -> None:
    with opened.services.database.write() as session:
        row = assessments.open_assessment(
            session, EXPERT, "far", procedure="assessment", subject="另一中心", start_ns=START, end_ns=END,
            kpis=assessments.NO_FIGURES, now_ns=NOW,
        )  # fmt: skip

    assert [(each["figure"], each["reached"]) for each in row.content["criteria"]] == [(None, None), (None, None)]
    assert row.content["evidence"] == {}


def test_a_report_that_nobody_issued_is_not_counted(centre: Centre) -> None:
    for name, status in (("issued", {}), ("working", {"status": "working"})):
        centre.report(name, summary={"level": 2, **status}, created_ns=NOW - 1)

    with centre.services.database.read() as session:
        facts = gather(centre.services, session, SYSTEM, NOW - YEAR_NS, NOW)

    assert len(facts.reports) == 1
