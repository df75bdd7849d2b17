"""The questionnaire as a file: out empty, back filled, and every mistake named by its cell."""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ovoo_cloud.casework import questionnaire, sheet
from ovoo_contract.errors import ConfigErrors
from ovoo_packs import load_framework

from tests.cloud.api.hostile_files import damaged_inside

FRAMEWORK = load_framework("sme_2024")
FILLED = {
    ("network_build", "control_network"): ("是", "verified", "网络拓扑图.pdf"),
    ("network_build", "five_g"): ("?", "", ""),
    ("systems_covered", "two_or_more"): ("x", "申报", ""),
    ("funding", ""): ("1.2%", "", "审计报告.pdf；说明.pdf"),
    ("pass_rate", "flat"): ("1", "", ""),
    ("equipment", "1"): ("yes", "", ""),
    ("equipment", "2"): ("yes", "", ""),
    ("equipment", "4"): ("yes", "", ""),
    ("energy", "1"): ("否", "", ""),
}
WANTED_ANSWERS = {
    "network_build": {
        "options": ["control_network"],
        "open": ["five_g"],
        "class": "verified",
        "evidence": ["网络拓扑图.pdf"],
    },
    "systems_covered": {"options": ["two_or_more"], "class": "declared"},
    "funding": {"ratio": "0.012", "class": "declared", "evidence": ["审计报告.pdf", "说明.pdf"]},
    "pass_rate": {"direction": "flat", "class": "declared"},
}
WANTED_SCENES = {
    "equipment": {"levels_met": [1, 2, 4], "class": "declared"},
    "energy": {"levels_met": [], "class": "declared"},
}


def workbook(change: Callable[[Any], None] = lambda page: None) -> bytes:
    """The exported form, filled in and changed as people do."""
    book = openpyxl.load_workbook(io.BytesIO(sheet.write_xlsx(FRAMEWORK)))
    page = book.worksheets[0]
    for row in page.iter_rows(min_row=2):
        told = FILLED.get((row[1].value, row[2].value or ""))
        for cell, text in zip(row[5:], told or (), strict=False):
            cell.value = text
    change(page)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def filled_csv(encoding: str) -> bytes:
    rows = list(csv.reader(io.StringIO(sheet.write_csv(FRAMEWORK).decode("utf-8-sig"))))
    for row in rows[1:]:
        row[5:] = FILLED.get((row[1], row[2]), ("", "", ""))
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


def test_a_filled_workbook_says_what_people_wrote() -> None:
    told = questionnaire.parts_of_rows(sheet.read_xlsx(workbook()), FRAMEWORK)

    assert told == {"answers": {"answers": WANTED_ANSWERS}, "scenes": {"scenes": WANTED_SCENES}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_csv_file_is_read_in_every_encoding_that_offices_save(encoding: str) -> None:
    told = questionnaire.parts_of_rows(sheet.read_csv(filled_csv(encoding)), FRAMEWORK)

    assert told["answers"]["answers"] == WANTED_ANSWERS


def test_an_empty_form_answers_nothing() -> None:
    for rows in (sheet.read_xlsx(sheet.write_xlsx(FRAMEWORK)), sheet.read_csv(sheet.write_csv(FRAMEWORK))):
        assert questionnaire.parts_of_rows(rows, FRAMEWORK) == {"answers": {"answers": {}}, "scenes": {"scenes": {}}}


def _set(cell: str, text: object) -> Callable[[Any], None]:
    return lambda page: page.__setitem__(cell, text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda page: page.merge_cells("F2:F4"), "questionnaire!F2:F4: merged cells"),
        (_set("F3", "=1+1"), "questionnaire!F3: a formula (got '=1+1'"),
        (_set("A1", "Kind?"), "this is no questionnaire"),
        (_set("B5", "nonsense"), "questionnaire!B5: the framework has no such entry"),
        (_set("C2", "no_option"), "questionnaire!C2: no such option"),
        (_set("F2", "maybe"), "questionnaire!F2: not an answer (got 'maybe'"),
        (_set("G2", "sworn"), "questionnaire!G2: no such class"),
        (_set("A2", "thing"), "questionnaire!A2: neither item nor scene"),
    ],
    ids=["merged", "formula", "wrong sheet", "id", "option", "answer", "class", "kind"],
)
def test_every_mistake_is_named_by_its_cell(change: Callable[[Any], None], words: str) -> None:
    content = workbook(change)

    with pytest.raises(ConfigErrors) as told:
        questionnaire.parts_of_rows(sheet.read_xlsx(content), FRAMEWORK)

    assert words in str(told.value)


def test_merged_cells_in_the_names_do_no_harm() -> None:
    told = questionnaire.parts_of_rows(sheet.read_xlsx(workbook(lambda page: page.merge_cells("D2:D4"))), FRAMEWORK)

    assert told["answers"]["answers"] == WANTED_ANSWERS


@pytest.mark.parametrize("text", ["36", "-1%", "abc", "1e999", "nan"])
def test_a_share_that_is_none_is_refused_by_its_cell(text: str) -> None:
    rows = sheet.read_csv(filled_csv("utf-8").replace(b"1.2%", text.encode()))

    with pytest.raises(ConfigErrors, match=r"line \d+ column 6: not a share"):
        questionnaire.parts_of_rows(rows, FRAMEWORK)


@pytest.mark.parametrize(
    ("text", "ratio"),
    [
        ("３５％", "0.35"),
        ("０.３５", "0.35"),
        ("35 %", "0.35"),
        (0.35, "0.35"),
        (0.00001, "0.00001"),
        (1, "1"),
        (0, "0"),
        ("100%", "1"),
        (".5", "0.5"),
    ],
)
def test_a_share_is_read_as_people_and_office_programs_write_it(text: object, ratio: str) -> None:
    told = questionnaire.parts_of_rows(sheet.read_xlsx(workbook(lambda page: page.__setitem__("F49", text))), FRAMEWORK)

    assert told["answers"]["answers"]["funding"]["ratio"] == ratio


@pytest.mark.parametrize(
    "text",
    ["1e999999999", "1e-900000", "-0", "1_0%", "0，35", "35", "1.01", datetime.date(2026, 1, 2), True, "0" * 5000],
    ids=str,
)
def test_a_share_that_no_form_holds_is_refused_by_its_cell_at_once(text: object) -> None:
    rows = sheet.read_xlsx(workbook(lambda page: page.__setitem__("F49", text)))

    with pytest.raises(ConfigErrors, match="questionnaire!F49: not a share") as told:
        questionnaire.parts_of_rows(rows, FRAMEWORK)
    assert len(str(told.value)) < 300


def _again(*cells: str) -> Callable[[Any], None]:
    return lambda page: page.append(cells)


def _two_classes(page: Any) -> None:
    page["G3"] = "declared"
    page["F3"] = "yes"


def _two_sheets(page: Any) -> None:
    page.parent.copy_worksheet(page).title = "second"
    page.sheet_state = "hidden"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_again("item", "funding", "", "", "", "50%", "", ""), "C126: the same row again"),
        (_again("item", "network_build", "control_network", "", "", "否", "", ""), "keep this one or questionnaire!C2"),
        (_two_classes, "questionnaire!G3: an entry has one class, and questionnaire!G2 says verified"),
        (_two_sheets, "questionnaire (hidden), second (visible)"),
        (_set("F4", datetime.datetime(2026, 1, 1, tzinfo=None)), "questionnaire!F4: not an answer"),
        (_set("F4", "#REF!"), "questionnaire!F4: not an answer"),
    ],
    ids=["ratio twice", "yes and no", "two classes", "hidden sheet", "date", "error value"],
)
def test_what_contradicts_itself_in_the_form_is_refused(change: Callable[[Any], None], words: str) -> None:
    content = workbook(change)

    with pytest.raises(ConfigErrors) as told:
        questionnaire.parts_of_rows(sheet.read_xlsx(content), FRAMEWORK)

    assert words in str(told.value)


def _with_part(name: str, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as read, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        for each in {*read.namelist(), name}:
            written.writestr(
                each, change(read.read(each) if each in read.namelist() else b"") if each == name else read.read(each)
            )
    return out.getvalue()


BOMB = b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
PAGE = "xl/worksheets/sheet1.xml"
MERGED = b'</sheetData><mergeCells><mergeCell ref="%b"/></mergeCells>'


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("xl/vbaProject.bin", lambda _: b"x", "xl/vbaProject.bin: macros"),
        ("xl/externalLinks/externalLink1.xml", lambda _: b"<x/>", "links to other workbooks"),
        (PAGE, lambda old: BOMB + old, f"{PAGE}: defines entities of its own"),
        ("xl/workbook.xml", lambda old: BOMB + old, "xl/workbook.xml: defines entities of its own"),
        (PAGE, lambda old: old.decode().encode("utf-16"), f"{PAGE}: defines entities of its own"),
        (PAGE, lambda _: b"<row/>" * 3_000_000, f"{PAGE}: too many rows"),
        (PAGE, lambda _: b"<c/>" * 3_000_000, f"{PAGE}: too many rows"),
        (PAGE, lambda _: b"\0" * (65 * 1024 * 1024), "unpacks to too much"),
        ("xl/sharedStrings.xml", lambda _: b"<si><t/></si>" * 400_000, "unpacks to too much"),
        (PAGE, lambda old: old.replace(b"</sheetData>", MERGED % b"A1:XFD1048576"), f"{PAGE}: too many rows"),
        (PAGE, lambda old: old.replace(b"</sheetData>", MERGED % b"A1:&#88;FD1048576"), f"{PAGE}: too many rows"),
        ("xl/worksheets/sheet2.dat", lambda _: BOMB + b"<a/>", "xl/worksheets/sheet2.dat: defines entities"),
    ],
    ids=[
        "macro",
        "external link",
        "entities",
        "entities of the book",
        "utf-16",
        "rows",
        "cells",
        "zip bomb",
        "strings",
        "merged whole",
        "merged in code",
        "sheet of another name",
    ],
)
def test_a_workbook_that_brings_more_than_a_table_is_refused_before_it_is_parsed(
    name: str, change: Callable[[bytes], bytes], words: str
) -> None:
    with pytest.raises(ConfigErrors) as told:
        sheet.read_xlsx(_with_part(name, change))

    assert words in str(told.value)


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["bzip2", "lzma"])
def test_a_workbook_packed_as_no_spreadsheet_does_is_refused_though_damaged(how: int) -> None:
    with pytest.raises(ConfigErrors, match="not a workbook"):
        sheet.read_xlsx(damaged_inside(workbook(), how))


def test_files_that_are_no_tables_are_refused() -> None:
    for content, words in ((b"x", "not a workbook"), (b"PK\x03\x04" + b"\0" * 40, "not a workbook")):
        with pytest.raises(ConfigErrors, match=words):
            sheet.read_xlsx(content)
    with pytest.raises(ConfigErrors, match="neither UTF-8 nor GBK"):
        sheet.read_csv(b"\xff\xff\xff\xff")
    with pytest.raises(ConfigErrors, match="no questionnaire"):
        sheet.read_csv("a,b\n1,2\n".encode("utf-16-le"))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=400))
def test_no_bytes_break_the_readers(content: bytes) -> None:
    for read in (sheet.read_xlsx, sheet.read_csv):
        refused: list[ConfigErrors] = []
        table: object = None
        try:
            table = read(content)
        except ConfigErrors as error:
            refused.append(error)

        assert (table is None) == bool(refused)
        assert all(each.errors for each in refused)
