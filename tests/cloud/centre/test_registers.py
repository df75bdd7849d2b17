"""Registers: fields that fit, versions nobody writes over, files in and out, who sees which row."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import threading
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.centre import entries, exchange
from ovoo_cloud.centre.conditions import judge, read_conditions, write_conditions
from ovoo_cloud.centre.handles import resolve
from ovoo_cloud.centre.kinds import Field, Kind, Label, enumeration, kinds
from ovoo_cloud.centre.sheets import read_table, write_csv, write_workbook
from ovoo_cloud.centre.values import cell_text, read_value
from ovoo_contract.errors import ConfigError, ConfigErrors, Forbidden, NotFound, Stale

from tests.cloud.centre.conftest import ENGINEER, EXPERT, FOREIGN, NOW, OWN, REGION, STRANGER, SYSTEM, Centre

PROVIDERS = "id,name_zh,services,regions\nacme,甲公司,consulting;软件,呼和浩特;包头\nbeta,乙公司,training,\n"


def load(centre: Centre, kind: str, raw: bytes, name: str = "t.csv", scope: Scope = SYSTEM) -> exchange.Imported:
    with centre.services.database.write() as session:
        return exchange.import_file(session, scope, kind, raw, name, NOW)


def ids(centre: Centre, kind: str, scope: Scope = SYSTEM) -> list[str]:
    with centre.services.database.read() as session:
        return [row.id for row in entries.entries(session, scope, kind)]


def workbook(rows: list[list[Any]], merge: str = "") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def places(error: pytest.ExceptionInfo[ConfigErrors]) -> list[str]:
    return [each.offender for each in error.value.errors]


def test_every_kind_names_known_enumerations_and_references() -> None:
    for each in kinds().values():
        for field in each.fields:
            assert not field.of or enumeration(field.of), field
            assert not field.to or field.to in {*kinds(), "enterprise", "report", "case"}, field
            assert bool(field.of) == (field.type in ("choice", "choices"))
            assert bool(field.to) == (field.type in ("ref", "refs"))


def test_no_two_columns_of_a_table_have_the_same_words() -> None:
    for each in kinds().values():
        words = ["id", "version", "withdrawn", "编号", "版本", "已撤回"]
        for field in each.fields:
            words += {field.id, field.label.zh.lower(), field.label.en.lower()}
        assert len(words) == len(set(words)), sorted(word for word in words if words.count(word) > 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_a_csv_is_read_in_the_encodings_that_spreadsheets_write(centre: Centre, encoding: str) -> None:
    done = load(centre, "provider", PROVIDERS.encode(encoding))

    assert (done.added, done.changed, done.unchanged) == (2, 0, 0)
    with centre.services.database.read() as session:
        row = entries.entry(session, SYSTEM, "provider", "acme")
    assert row.content["name_zh"] == "甲公司"
    assert row.content["services"] == ["consulting", "software"]
    assert row.content["regions"] == ["呼和浩特", "包头"]


def test_a_workbook_with_chinese_headers_below_a_merged_title_is_read(centre: Centre) -> None:
    rows: list[list[Any]] = [
        ["服务商名单", None, None],
        ["编号", "名称", "服务类别*"],
        ["acme", "甲公司", "咨询诊断；培训"],
    ]

    done = load(centre, "provider", workbook(rows, "A1:C1"), "p.xlsx")

    assert done.added == 1


def test_merged_cells_in_the_table_are_refused_by_range(centre: Centre) -> None:
    rows: list[list[Any]] = [["id", "name_zh", "services"], ["acme", "甲", "training"], ["beta", None, "training"]]

    with pytest.raises(ConfigErrors) as caught:
        load(centre, "provider", workbook(rows, "B2:B3"), "p.xlsx")

    assert places(caught) == ["cells B2:B3"]
    assert ids(centre, "provider") == []


def test_every_wrong_cell_is_told_at_once_and_nothing_is_imported(centre: Centre) -> None:
    table = (
        "id,name_zh,services,sectors\n"
        "good,好,training,coal_mine\n"
        "bad id,甲,training,\n"
        "twice,乙,flying,\n"
        "twice,,training,mars\n"
    )

    with pytest.raises(ConfigErrors) as caught:
        load(centre, "provider", table.encode())

    assert set(places(caught)) == {
        "row 3 id (A3)", "row 4 services (C4)", "row 5 id (A5)", "row 5 name_zh (B5)", "row 5 sectors (D5)",
    }  # fmt: skip
    assert ids(centre, "provider") == []


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("id,name_zh,wings\na,b,c\n", "no such column"),
        ("id,name_zh,名称\na,b,c\n", "this column is there twice"),
        ("x,y\n1,2\n", "no header"),
        ("id,name_zh\n", "no rows"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(centre: Centre, table: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(centre, "provider", table.encode())


def test_an_error_of_a_spreadsheet_is_no_name(centre: Centre) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load(centre, "provider", b"id,name_zh,services\na,#REF!,training\n")

    assert places(caught) == ["row 2 name_zh (B2)"]


def test_references_must_lead_somewhere_also_inside_one_file(centre: Centre) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load(centre, "solution", "id,name_zh,provider,measures\ns1,方案,nobody,idle\n".encode())

    assert places(caught) == ["row 2 provider (C2)"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_was_exported_comes_back_unchanged_and_a_stale_row_is_refused(centre: Centre, form: str) -> None:
    load(centre, "provider", PROVIDERS.encode())
    centre.put("provider", "odd", name_zh="=1+1", services=["training"], note="-x; 'y")
    with centre.services.database.read() as session:
        raw = (
            exchange.export_csv(session, SYSTEM, "provider")[0]
            if form == "csv"
            else exchange.export_workbook(session, SYSTEM, "provider", "zh")[0]
        )

    again = load(centre, "provider", raw, f"p.{form}")
    centre.put("provider", "acme", read=1, name_zh="改名", services=["training"])

    assert (again.added, again.changed, again.unchanged) == (0, 0, 3)
    with pytest.raises(ConfigErrors) as caught:
        load(centre, "provider", raw, f"p.{form}")
    assert places(caught) == ["row 2 version (B2)"]


def test_a_column_that_the_file_lacks_leaves_what_is_stored(centre: Centre) -> None:
    load(centre, "provider", PROVIDERS.encode())

    done = load(centre, "provider", "id,name_zh\nacme,新名\n".encode())

    assert done.changed == 1
    with centre.services.database.read() as session:
        assert entries.entry(session, SYSTEM, "provider", "acme").content["services"] == ["consulting", "software"]


def test_two_writers_never_write_over_each_other(centre: Centre) -> None:
    centre.put("provider", "acme", name_zh="一", services=["training"])
    centre.put("provider", "acme", read=1, name_zh="二", services=["training"])

    with pytest.raises(Stale) as caught:
        centre.put("provider", "acme", read=1, name_zh="三", services=["training"])
    with pytest.raises(Stale):
        centre.put("provider", "acme", name_zh="四", services=["training"])

    yours, theirs = caught.value.versions["yours"], caught.value.versions["theirs"]
    assert isinstance(yours, dict)
    assert isinstance(theirs, dict)
    assert (yours["version"], yours["content"]["name_zh"]) == (1, "三")
    assert (theirs["version"], theirs["author"], theirs["content"]["name_zh"]) == (2, SYSTEM.user, "二")
    with centre.services.database.read() as session:
        history = entries.versions(session, SYSTEM, "provider", "acme")
        assert [row.content["name_zh"] for row in history] == ["二", "一"]
        assert audit.verify_chain(session) == 2


def test_equal_content_makes_no_version(centre: Centre) -> None:
    centre.put("provider", "acme", name_zh="一", services=["training"])

    again = centre.put("provider", "acme", read=1, name_zh="一", services=["training"])

    assert again.version == 1


def test_rows_of_an_enterprise_are_for_it_and_the_centre(centre: Centre) -> None:
    centre.put("profile", "p1", enterprise=OWN, size="small", region="包头")
    centre.put("profile", "p2", enterprise=FOREIGN, size="small", region="包头")

    assert ids(centre, "profile", ENGINEER) == ["p1"]
    assert ids(centre, "profile", STRANGER) == ["p2"]
    assert ids(centre, "profile", EXPERT) == ["p1", "p2"]
    with pytest.raises(Forbidden):
        ids(centre, "profile", REGION)
    with centre.services.database.read() as session, pytest.raises(NotFound):
        entries.entry(session, ENGINEER, "profile", "p2")


def test_a_bound_expert_neither_sees_nor_takes_a_foreign_row(centre: Centre) -> None:
    bound = Scope("bound", EXPERT.role, frozenset({OWN}))
    centre.put("profile", "p2", enterprise=FOREIGN, size="small", region="包头")
    centre.put("project", "x", name_zh="项目", enterprise=FOREIGN, sector="dairy", state="running")

    assert ids(centre, "profile", bound) == []
    with pytest.raises(NotFound):
        centre.put("project", "x", scope=bound, read=1, name_zh="我的", sector="dairy", state="running")
    with pytest.raises(ConfigErrors):
        centre.put("profile", "p3", scope=bound, enterprise=FOREIGN, size="small", region="包头")
    with centre.services.database.read() as session:
        row = entries.entry(session, bound, "project", "x")
        assert "enterprise" not in entries.shown(bound, kinds()["project"], row.content)


def test_fields_for_the_centre_only_are_kept_from_others(centre: Centre) -> None:
    centre.put("provider", "acme", name_zh="一", services=["training"], contact="联络处")

    with centre.services.database.read() as session:
        row = entries.entry(session, ENGINEER, "provider", "acme")
        csv, _ = exchange.export_csv(session, ENGINEER, "provider")
        found = entries.entries(session, ENGINEER, "provider", text="联络处")

    assert "contact" not in entries.shown(ENGINEER, kinds()["provider"], row.content)
    assert "联络处" not in csv.decode()
    assert list(found) == []


def test_a_unique_value_is_taken_once_also_within_a_file(centre: Centre) -> None:
    table = f"id,enterprise,size,region\np1,{OWN},small,包头\np2,{OWN},small,包头\n"

    with pytest.raises(ConfigErrors) as caught:
        load(centre, "profile", table.encode())

    assert places(caught) == ["row 3 enterprise (B3)"]


def test_registers_work_on_both_databases(database: Database) -> None:
    with database.write() as session:
        done = exchange.import_file(session, SYSTEM, "provider", PROVIDERS.encode(), "t.csv", NOW)
        with pytest.raises(Stale):
            entries.save(
                session, SYSTEM, "provider", "acme", {"name_zh": "x", "services": ["training"]}, read=0, now_ns=NOW
            )

    assert done.added == 2


def test_a_handle_is_resolved_on_both_databases(database: Database) -> None:
    content = {"handle": "88.1/fan", "object": "asset", "enterprise": OWN, "target": "a/b/c/d"}
    with database.write() as session:
        session.add(
            RegisterEntry(
                kind="handle", id="h", version=1, enterprise=OWN, content=content, withdrawn=False, updated_by="x",
                updated_ns=NOW,
            )
        )  # fmt: skip

    with database.read() as session:
        assert resolve(session, "88.1/fan")["status"] == "registered"
        with pytest.raises(NotFound):
            resolve(session, "88.1/none")


def test_of_writers_at_one_moment_one_wins(database: Database) -> None:
    with database.write() as session:
        entries.save(
            session, SYSTEM, "provider", "acme", {"name_zh": "0", "services": ["training"]}, read=0, now_ns=NOW
        )
    start = threading.Barrier(4)
    won: list[str] = []
    lost: list[str] = []

    def write(number: int) -> None:
        start.wait(30)
        for name, read in (("acme", 1), ("fresh", 0)):
            try:
                with database.write() as session:
                    fields = {"name_zh": str(number + 1), "services": ["training"]}
                    entries.save(session, SYSTEM, "provider", name, fields, read=read, now_ns=NOW)
                won.append(name)
            except Stale:
                lost.append(name)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(won) == ["acme", "fresh"]
    assert len(lost) == 6
    with database.read() as session:
        assert len(entries.versions(session, SYSTEM, "provider", "acme")) == 2
        assert len(entries.versions(session, SYSTEM, "provider", "fresh")) == 1


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("level >= 2; size in micro|small", [("met", "met"), ("unmet", "met"), ("unknown", "unmet")]),
        ("revenue_10k_yuan<=500", [("unknown",), ("met",), ("unknown",)]),
    ],
)
def test_conditions_are_met_unmet_or_not_known(text: str, wanted: list[tuple[str, ...]]) -> None:
    facts: list[dict[str, str | None]] = [
        {"level": "2", "size": "small"},
        {"level": "1", "size": "micro", "revenue_10k_yuan": "500"},
        {"level": None, "size": "large"},
    ]
    conditions = read_conditions(text)

    assert [tuple(judge(each, known) for each in conditions) for known in facts] == wanted
    assert read_conditions(write_conditions(conditions)) == conditions


@pytest.mark.parametrize(
    "text", ["colour = red", "level > 2", "level >= two", "size in huge", "level >= 1|2", "size >= 2"]
)
def test_a_condition_that_cannot_be_judged_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        read_conditions(text)


FIELDS = [each for kind in kinds().values() for each in kind.fields]
WORDS = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters=";；"), max_size=30).map(
    str.strip
)


def value_of(field: Field) -> st.SearchStrategy[Any]:
    """Values of a field as its reader gives them."""
    options = list(enumeration(field.of)) if field.of else []
    made: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(int(float(field.low or 0)), int(float(field.high or 10**6))),
        "decimal": st.decimals(0, 100, places=4).map(str),
        "boolean": st.booleans(),
        "date": st.dates().map(str),
        "month": st.dates().map(lambda day: str(day)[:7]),
        "choice": st.sampled_from(options) if options else st.nothing(),
        "choices": st.lists(st.sampled_from(options), unique=True) if options else st.nothing(),
        "texts": st.lists(WORDS.filter(bool), max_size=4),
        "refs": st.lists(WORDS.filter(bool), max_size=4),
        "conditions": st.sampled_from(["level >= 2", "size in micro|small; employees <= 300"]),
        "handle": st.from_regex(r"\A[0-9]{2}\.[0-9]{1,3}/[a-z]{1,9}\Z"),
    }
    return made.get(field.type, WORDS)


@given(st.data())
def test_any_value_survives_its_cell_and_its_table(data: st.DataObject) -> None:
    field = dataclasses.replace(data.draw(st.sampled_from(FIELDS)), required=False)
    value = read_value(field, data.draw(value_of(field)))
    kind = Kind("k", Label("表", "Table"), "all", (field,))
    row = ("r1", 1, False, {field.id: value})

    assert read_value(field, cell_text(field, value)) == value if value is not None else cell_text(field, value) == ""
    for raw in (write_csv(kind, [row], [field]), write_workbook(kind, [row], [field], "zh")):
        table = read_table(kind, raw, "t")
        cell = table.rows[0].cells.get(field.id, "")
        assert (read_value(field, cell) if cell.strip() else None) == value


@given(
    st.sampled_from(FIELDS),
    st.one_of(st.text(), st.integers(), st.floats(), st.lists(st.text()), st.none(), st.booleans()),
)
def test_a_reader_survives_any_input(field: Field, raw: Any) -> None:
    value = faultless(field, raw)

    assert value is None or read_value(field, value) == value


def faultless(field: Field, raw: Any) -> Any:
    """The value, None where the reader refuses; any other exception than its own fails the test."""
    with contextlib.suppress(ConfigError):
        return read_value(field, raw)
    return None


def many(count: int, wrong: int = -1) -> bytes:
    rows = [f"row-{n},第{n}家,{'flying' if n == wrong else '咨询诊断;培训'},呼和浩特" for n in range(count)]
    return ("编号,名称,服务类别,服务地区\n" + "\n".join(rows) + "\n").encode("gbk")


def test_ten_thousand_rows_come_in_and_one_wrong_cell_among_them_keeps_all_out(centre: Centre) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load(centre, "provider", many(10_000, wrong=9_998))
    assert places(caught) == ["row 10000 services (C10000)"]
    assert ids(centre, "provider") == []

    done = load(centre, "provider", many(10_000))

    assert (done.added, len(ids(centre, "provider"))) == (10_000, 10_000)


def test_a_value_that_must_be_unique_twice_in_a_file_is_told_by_its_cell(centre: Centre) -> None:
    table = "id,enterprise,size,region\np1,heishan-coal,medium,a\np2,heishan-coal,small,b\n"

    with pytest.raises(ConfigErrors) as caught:
        load(centre, "profile", table.encode())

    assert places(caught) == ["row 3 enterprise (B3)"]
    assert ids(centre, "profile") == []
