"""A centre's own registers: documents checked by line, versions kept, in use at once everywhere."""

from __future__ import annotations

import datetime
import importlib.resources
import json
import pathlib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.catalogue.register_kind_tables import RegisterKind
from ovoo_cloud.catalogue.tables import AuditEntry
from ovoo_cloud.centre import entries, exchange
from ovoo_cloud.centre.handles import resolve
from ovoo_cloud.centre.kind_schema import compile_kind
from ovoo_cloud.centre.kinds import kinds
from ovoo_cloud.centre.matching import match
from ovoo_cloud.centre.needs import match_inputs
from ovoo_cloud.centre.own_kinds import add_kind, kind_in, kind_versions, kinds_in
from ovoo_cloud.cli import main
from ovoo_contract.errors import ConfigError, ConfigErrors, Forbidden, NotFound
from sqlalchemy import func, select

from tests.cloud.centre.conftest import ENGINEER, EXPERT, FOREIGN, NOW, OWN, STRANGER, SYSTEM, Centre

TEXT = importlib.resources.files("ovoo_cloud.centre").joinpath("own_kind_example.yaml").read_text("utf-8")


def document(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(TEXT)
    return found | changes


def with_field(**field: Any) -> dict[str, Any]:
    base = document()
    return base | {"fields": [*base["fields"], {"id": "extra", "type": "text", "words": ["另加", "Extra"]} | field]}


def add(centre: Centre, text: str | dict[str, Any], scope: Any = SYSTEM) -> RegisterKind:
    written = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, indent=1)
    with centre.services.database.write() as session:
        return add_kind(session, scope, written, name="k.yaml", now_ns=NOW)


@pytest.fixture
def credit(centre: Centre) -> Centre:
    add(centre, TEXT)
    centre.put("own_credit", "h1", enterprise=OWN, grade="甲", amount_10k_yuan="500", document="合同")
    return centre


def test_an_own_register_is_in_use_at_once(credit: Centre) -> None:
    table = "编号,企业,授信等级,授信额度（万元）\nb1,bayan-chem,乙,20\n".encode("gbk")
    with credit.services.database.write() as session:
        done = exchange.import_file(session, EXPERT, "own_credit", table, "t.csv", NOW)
    with credit.services.database.read() as session:
        body, rows = exchange.export_csv(session, SYSTEM, "own_credit")
        seen = [row.id for row in entries.entries(session, ENGINEER, "own_credit")]
        shown = entries.shown(ENGINEER, kind_in(session, "own_credit"), {"document": "合同", "grade": "a"})
        assert [each.id for each in entries.readable_kinds(session, ENGINEER)][-1] == "own_credit"

    assert (done.added, rows, seen) == (1, 2, ["h1"])
    assert "document" not in shown
    assert b"b1,1,no,bayan-chem,b,20" in body


def test_wrong_cells_of_an_own_register_are_told_by_cell(credit: Centre) -> None:
    with (
        pytest.raises(ConfigErrors) as caught,
        credit.services.database.write() as session,
    ):
        exchange.import_file(
            session, SYSTEM, "own_credit", b"id,enterprise,grade\nx,bayan-chem,z\ny,heishan-coal,a\n", "t", NOW
        )

    assert [each.offender for each in caught.value.errors] == ["row 2 grade (C2)", "row 3 enterprise (B3)"]


def test_conditions_of_policies_ask_its_facts(credit: Centre) -> None:
    policy: dict[str, Any] = {"name_zh": "贴息", "authority": "示例", "valid_from": "2026-01-01", "benefit": "示例"}
    credit.put("policy", "good", **policy, conditions="own_credit.grade in a|b; own_credit.amount_10k_yuan >= 100")
    credit.put("policy", "high", **policy, conditions="own_credit.amount_10k_yuan >= 501")
    today = datetime.datetime.fromtimestamp(NOW // 10**9, datetime.UTC).date()
    with credit.services.database.read() as session:
        need, offers, _ = match_inputs(session, SYSTEM, OWN, today)
        other, _, _ = match_inputs(session, SYSTEM, FOREIGN, today)
    found = match(need, offers)["policy"]

    assert need.facts["own_credit.grade"] == "a"
    assert other.facts["own_credit.grade"] is None
    assert [(each["id"], each["to_check"]) for each in found] == [("good", [])]
    assert found[0]["met"] == ["condition:0:own_credit.grade", "condition:1:own_credit.amount_10k_yuan"]
    assert match(other, offers)["policy"][0]["to_check"]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("own_credit.wings = a", "no such fact"),
        ("own_credit.document = a", "no such fact"),  # inside
        ("own_credit.grade = z", "no such value"),
        ("own_credit.amount_10k_yuan = many", "not a number"),
        ("own_credit.grade >= 3", "no such value"),
        ("other.grade = a", "no such fact"),
    ],
)
def test_a_condition_on_a_fact_that_is_not_there_is_refused(credit: Centre, condition: str, message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        credit.put(
            "policy", "p", name_zh="x", authority="a", valid_from="2026-01-01", benefit="b", conditions=condition
        )

    assert message in {each.message for each in caught.value.errors}


def test_a_handle_leads_to_a_row_and_says_only_the_register(credit: Centre) -> None:
    credit.put("handle", "h", enterprise=OWN, handle="88.118.1/c-1", object="entry", target="own_credit/h1")
    with pytest.raises(ConfigErrors):
        credit.put("handle", "x", enterprise=FOREIGN, handle="88.118.1/c-2", object="entry", target="own_credit/h1")

    with credit.services.database.read() as session:
        found = resolve(session, "88.118.1/c-1")

    assert (found["status"], found["register_zh"]) == ("registered", "融资授信")
    assert "500" not in str(found)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (TEXT.replace("id: own_credit", "id: provider"), "k.yaml:2 id", "not an identifier"),
        (TEXT.replace("Credit lines]", "]"), "k.yaml:4 name", "no words in both languages"),
        (TEXT.replace("audience: enterprise", "audience: moon"), "k.yaml:5 audience", "not one of the choices"),
        (TEXT.replace("of: grade", "of: wings"), "k.yaml:13 of", "not one of the choices"),
        (TEXT.replace("type: date", "type: datum"), "k.yaml:15 type", "not one of the choices"),
        (TEXT.replace("min: 0", "min: few"), "k.yaml:14 min", "expected a number"),
        (TEXT.replace("unique: true, ", ""), "k.yaml:13 fact", "not a fact of an enterprise"),
        (TEXT.replace("[依据, Document]", "[授信等级, Document]"), "k.yaml:16 words", "two columns of the same words"),
        (TEXT.replace("id: document", "id: version"), "k.yaml:16 id", "duplicate id"),
        (TEXT.replace("inside: true", "inside: perhaps"), "k.yaml:16 inside", "expected true or false"),
        (TEXT.replace("version: 1", "version: one"), "k.yaml:3 version", "expected a whole number"),
        (TEXT.replace("version: 1", "colour: red"), "k.yaml:3 colour", "unknown key"),
        (TEXT + "\n  - broken: [", "k.yaml:18", "not valid YAML"),
    ],
)
def test_every_fault_of_a_document_has_its_line(centre: Centre, text: str, place: str, message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        add(centre, text)

    assert (place, message) in {(each.offender, each.message) for each in caught.value.errors}
    with centre.services.database.read() as session:
        assert kinds_in(session).keys() == kinds().keys()


KEYS = st.sampled_from(["id", "version", "name", "audience", "fields", "enumerations", "type", "words", "of", "x"])
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=30
)


@given(TREES)
def test_any_other_document_is_refused_with_its_lines(data: Any) -> None:
    with pytest.raises(ConfigErrors) as caught:
        compile_kind(json.dumps(data), "k", ())

    assert all(each.offender.startswith("k:") for each in caught.value.errors)


def test_versions_count_up_and_a_document_again_changes_nothing(credit: Centre) -> None:
    add(credit, TEXT)
    grown = with_field() | {"version": 2}
    add(credit, grown)
    with pytest.raises(ConfigError, match="next version"):
        add(credit, grown | {"version": 2, "audience": "all"})
    with pytest.raises(ConfigError, match="next version"):
        add(credit, grown | {"version": 9})

    credit.put("own_credit", "h1", read=1, enterprise=OWN, grade="b", extra="更多")
    with credit.services.database.read() as session:
        assert [row.version for row in kind_versions(session, EXPERT, "own_credit")] == [2, 1]
        assert entries.entry(session, SYSTEM, "own_credit", "h1").content["extra"] == "更多"
        actions = list(session.scalars(select(AuditEntry.action)))
    assert actions.count("register_kind.save") == 2


@pytest.mark.parametrize(
    ("changed", "offender"),
    [
        (document(version=2, fields=document()["fields"][:2]), "fields.document"),
        (with_field(required=True) | {"version": 2}, "h1 extra"),
        (document(version=2, enumerations={"grade": {"b": ["乙", "B"]}}), "h1 grade"),
    ],
    ids=["a column goes", "a new column is required", "a value goes"],
)
def test_a_version_that_rows_do_not_fit_is_refused(credit: Centre, changed: dict[str, Any], offender: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        add(credit, changed)

    assert offender in {each.offender for each in caught.value.errors}
    with credit.services.database.read() as session:
        assert kind_in(session, "own_credit").version == 1


def test_a_retired_register_is_read_and_not_written(credit: Centre) -> None:
    add(credit, document(version=2, retired=True))

    with pytest.raises(ConfigError, match="closed"):
        credit.put("own_credit", "h1", read=1, enterprise=OWN, grade="b")
    with credit.services.database.read() as session:
        assert len(entries.entries(session, SYSTEM, "own_credit")) == 1
        assert not entries.entries(session, STRANGER, "own_credit")


@pytest.mark.parametrize("scope", [EXPERT, ENGINEER], ids=lambda each: each.user)
def test_only_the_administrator_of_the_centre_adds_one(centre: Centre, scope: Any) -> None:
    with pytest.raises(Forbidden):
        add(centre, TEXT, scope)
    with centre.services.database.read() as session, pytest.raises(NotFound):
        kind_in(session, "own_credit")
    with centre.services.database.read() as session:
        assert session.scalar(select(func.count()).select_from(RegisterKind)) == 0


def test_the_command_line_takes_one_in_and_lists_it(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(TEXT, encoding="utf-8")
    bad.write_text(TEXT.replace("type: date", "type: datum"), encoding="utf-8")
    data = ["--data-dir", str(tmp_path / "data")]

    assert main(["centre", "add-kind", str(bad), *data]) != 0
    assert "bad.yaml:15 type" in capsys.readouterr().err
    assert main(["centre", "add-kind", str(good), *data]) == 0
    assert main(["centre", "kinds", *data]) == 0
    assert "own_credit" in capsys.readouterr().out
