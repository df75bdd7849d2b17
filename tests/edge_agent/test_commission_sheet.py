"""From a browsed server to a spreadsheet and back, with what spreadsheets do to cells on the way."""

from __future__ import annotations

import io
import pathlib
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles import PatternFill
from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_contract.xlsx import read_xlsx, write_xlsx
from ovoo_edge.commission_sheet import ENCODINGS, Encoding, sheet_bytes, write_list
from ovoo_edge.mapping import SIGNAL_COLUMNS, read_table
from ovoo_edge.signal_list import read_signal_files
from ovoo_edge.sources.opcua_describe import BrowsedNode
from ovoo_edge.spreadsheet_cells import mangled_number, mangled_text

NODES = [
    BrowsedNode(
        "nsu=urn:p;s=风机.功率",
        "矿/风机/功率",
        "功率",
        "Double",
        "12.5",
        "功率",
        "Power",
        "轴功率 喆堃",
        "kW",
        0.0,
        500.0,
    ),
    BrowsedNode("nsu=urn:p;i=123456", "矿/=风机/状态", "=状态", "Boolean", "True", "=状态", access="read write"),
    BrowsedNode("nsu=urn:p;s=3-1", "矿/3-1", "3-1", "Int32", "7", "", "+x", "", "°F·x", -1.5, 1e-7, "read history"),
]
FAN = "heishan-coal/heishan/ventilation/main/fan1"


def fields_of(path: pathlib.Path) -> list[dict[str, str]]:
    return [fields for _, fields in read_table(path, SIGNAL_COLUMNS, ("address",), {})]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_csv_in_every_encoding_reads_back_what_was_browsed(tmp_path: pathlib.Path, encoding: Encoding) -> None:
    path = tmp_path / "list.csv"
    write_list(path, sheet_bytes(NODES, "plc", ".csv", encoding))

    rows = fields_of(path)

    assert [row["reference"] for row in rows] == [node.node for node in NODES]
    assert [(row["name_zh"], row["name_en"]) for row in rows] == [("功率", "Power"), ("=状态", ""), ("", "+x")]
    assert [row["unit"] for row in rows] == ["kW", "1", ""]
    assert [(row["low"], row["high"]) for row in rows] == [("0.0", "500.0"), ("", ""), ("-1.5", "1e-07")]
    assert all(not name.startswith("#") for row in rows for name in row)


def test_xlsx_reads_back_and_opens_in_openpyxl(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(sheet_bytes(NODES, "plc", ".xlsx"))

    rows = fields_of(path)
    sheet = openpyxl.load_workbook(path)["signals"]

    assert [row["reference"] for row in rows] == [node.node for node in NODES]
    assert [(row["low"], row["high"]) for row in rows] == [("0", "500"), ("", ""), ("-1.5", "1e-07")]
    assert sheet["D3"].value == "nsu=urn:p;i=123456"
    assert sheet["H3"].value == "=状态"
    assert sheet["H3"].data_type == "s"
    assert sheet.freeze_panes == "A2"
    assert sheet["F2"].value == 0.0


def test_faults_of_a_workbook_name_sheet_row_and_column(tmp_path: pathlib.Path) -> None:
    book = openpyxl.Workbook()
    notes = book.active
    notes.title = "说明"
    notes.append(["just notes"])
    sheet = book.create_sheet("信号")
    sheet.append(["address", "unit", "reference", "low", "high", "scale"])
    sheet.append([f"{FAN}/power", "kW", "nsu=urn:x;s=P", 0, 500.5, 0.1])
    sheet.append([f"{FAN}/flow", "m3/s", "1.23E+05", None, "1,234.5", None])
    sheet.append([f"{FAN}/speed", "r/min", "nsu=urn:x;s=S", None, None, None])
    sheet["F4"] = 44927
    sheet["F4"].number_format = "yyyy-mm-dd"
    sheet.append(["=BROKEN()", "kW", "n"])
    sheet["A5"].fill = PatternFill("solid", fgColor="FFFF00")
    path = tmp_path / "list.xlsx"
    book.save(path)

    rows, errors = read_signal_files([path])
    said = "\n".join(map(str, errors))

    assert [row.where for row in rows] == ["list.xlsx[信号]:2"]
    assert (rows[0].factor, rows[0].entry.high) == (0.1, 500.5)
    for part in (
        "list.xlsx[信号]:3 reference",
        "rounded number",
        "'1.23E+05'",
        "list.xlsx[信号]:3 high",
        "thousands separators",
        "list.xlsx[信号]:4 scale",
        "turned into a date",
        "'2023-01-01'",
        "list.xlsx[信号]:5",
    ):
        assert part in said, part


def test_shared_strings_phonetics_booleans_and_errors_of_excel_are_understood() -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    sheets = '<sheets><sheet name="S" r:id="a"/></sheets>'
    cells = '<c r="B7" t="s"><v>0</v></c><c t="b"><v>1</v></c><c t="e"><v>#REF!</v></c>'
    cells += "<c><v>123456</v></c><c><v>1.5</v></c>"
    files = {
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">{sheets}</workbook>',
        "xl/_rels/workbook.xml.rels": '<R xmlns="x"><R Id="a" Target="/xl/worksheets/s.xml"/></R>',
        "xl/sharedStrings.xml": f'<sst xmlns="{main}"><si><r><t>主</t></r><r><t>风机</t></r>'
        "<rPh><t>zhu</t></rPh></si></sst>",
        "xl/worksheets/s.xml": f'<worksheet xmlns="{main}"><sheetData><row r="7">{cells}</row></sheetData></worksheet>',
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)

    (sheet,) = read_xlsx(target.getvalue(), "here")

    assert sheet.rows == ((7, ("", "主风机", "yes", "#REF!", "123456", "1.5")),)


def test_entity_bombs_zip_bombs_and_rubbish_are_refused(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = write_xlsx("s", [["address"], ["x"]], [10])

    def with_member(name: str, data: bytes) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
            for item in old.namelist():
                new.writestr(item, data if item == name else old.read(item))
        return target.getvalue()

    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    cases = [with_member("xl/worksheets/sheet1.xml", bomb), b"PK\x03\x04", b"", good[:-30], good[: len(good) // 2]]
    cases.append(with_member("xl/workbook.xml", b"<workbook"))
    for data in cases:
        with pytest.raises(ConfigError, match="here"):
            read_xlsx(data, "here")
    monkeypatch.setattr("ovoo_contract.xlsx._MOST_BYTES", 1 << 20)
    with pytest.raises(ConfigError, match="unpacks to too much"):
        read_xlsx(with_member("xl/worksheets/sheet1.xml", b" " * (2 << 20)), "here")
    path = tmp_path / "list.xlsx"
    path.write_bytes(write_xlsx("s", [["name"]], [1]))
    with pytest.raises(ConfigErrors, match="no sheet with a signal list"):
        fields_of(path)


@given(st.binary(max_size=300), st.integers(0, 4000))
def test_damaged_workbooks_never_do_more_than_fail(noise: bytes, place: int) -> None:
    good = write_xlsx("s", [["address", "unit"], ["x", 1.5]], [10, 10])
    damaged = good[: place % len(good)] + noise + good[place % len(good) + len(noise) :]

    offenders = []
    try:
        read_xlsx(damaged, "here")
    except ConfigError as error:
        offenders.append(error.offender)
    assert offenders in ([], ["here"])


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8), min_size=1, max_size=5)))
def test_every_text_survives_a_workbook(rows: list[list[str]]) -> None:
    (sheet,) = read_xlsx(write_xlsx("s", rows, [8]), "here")

    read = dict(sheet.rows)
    for number, row in enumerate(rows, start=1):
        kept = list(row)
        while kept and not kept[-1]:
            kept.pop()
        assert list(read.get(number, ())) == kept


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.23E+05", "rounded number"),
        ("123456.0", "decimal number"),
        ("2026-03-01", "date"),
        ("2026/3/1 0:00", "date"),
        ("1-Mar", "date"),
        ("3月1日", "date"),
        ("#NAME?", "spreadsheet error"),
        ("ns=2;i=1.5", None),
        ("nsu=urn:x;s=1.0", None),
        ("site/1-Mar/x", None),
        ("DB1.X0.0", None),
    ],
)
def test_texts_that_a_spreadsheet_changed_are_recognised(text: str, said: str | None) -> None:
    found = mangled_text(text)

    assert (found is None) if said is None else (found is not None and said in found[0])


@given(st.from_regex(r"[A-Za-z]{3}-\d{2,4}|[+-]?\d(?:[.,]\d+)?[eE]\+?\d{2,}|#REF!?|\d{1,2}月", fullmatch=True))
def test_no_text_is_recognised_that_starts_with_a_letter_and_is_long(text: str) -> None:
    long = len(text) > 8 and text[0].isalpha()
    assert (mangled_text(text) is not None) is not long
    assert mangled_text("device." + text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.23457E+11", "lost its last digits"),
        ("1.5E+03", None),
        ("1e-07", None),
        ("1,234.5", "thousands"),
        ("1,5", "decimal comma"),
        ("10 kW", "more than a number"),
        ("8:30", "date"),
        ("2-Jan", "date"),
        ("#DIV/0!", "spreadsheet error"),
        ("12.0", None),
        ("-3", None),
    ],
)
def test_numbers_that_a_spreadsheet_changed_are_recognised(text: str, said: str | None) -> None:
    found = mangled_number(text)

    assert (found is None) if said is None else (found is not None and said in found[0])


def test_an_existing_list_is_never_overwritten(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("mine", encoding="utf-8")

    with pytest.raises(ConfigError, match="is there already"):
        write_list(path, b"new")
    with pytest.raises(ConfigError, match="is no kind of list"):
        sheet_bytes(NODES, "plc", ".ods")
    assert path.read_text(encoding="utf-8") == "mine"
