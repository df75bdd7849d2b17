"""Rendering: same bytes twice, same numbers everywhere, no missing glyph."""

from __future__ import annotations

import io
import json
import re
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook
from ovoo_cloud.diagnosis.snapshot import Snapshot
from ovoo_cloud.reports.build import build_report, render_files, summary
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.fonts import check_glyphs
from ovoo_cloud.reports.resolve import Locale, Resolved, catalogue, resolve
from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import ReportError
from pypdf import PdfReader

from tests.cloud.diagnosis import mine
from tests.cloud.pdf_text import page_texts
from tests.cloud.reports.conftest import Issued

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def pdf_text(path: Path) -> str:
    return "\n".join(page_texts(path))


def docx_text(path: Path) -> str:
    document = Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def resolved(issued: Issued, language: str) -> Resolved:
    tree = json.loads((issued.folder / "report.json").read_bytes())
    return resolve(tree, "zh" if language == "zh" else "en", draw)


def test_an_issued_report_is_never_overwritten(issued: Issued) -> None:
    with pytest.raises(ReportError, match="not empty"):
        build_report(mine.case(), issued.source, issued.settings(), issued.folder)


def _figures(issued: Issued, language: str) -> set[str]:
    """Every figure of the snapshot as the language prints it."""
    locale = Locale("zh" if language == "zh" else "en")
    tree = json.loads((issued.folder / "report.json").read_bytes())
    found: set[str] = set()

    def walk(node: object) -> None:
        if isinstance(node, dict):
            if node.get("t") == "figure" and (node["value"] is not None or node["low"] is not None):
                found.add(locale.figure(node))
            for each in node.values():
                walk(each)
        elif isinstance(node, list):
            for each in node:
                walk(each)

    walk(tree["blocks"])
    return found


@pytest.mark.parametrize(("language", "stem"), [("zh", "report"), ("en", "report.en")])
def test_every_figure_stands_in_the_pdf_and_in_word(issued: Issued, language: str, stem: str) -> None:
    figures = _figures(issued, language)
    for text in (pdf_text(issued.folder / f"{stem}.pdf"), docx_text(issued.folder / f"{stem}.docx")):
        flat = re.sub(r"[\s\u200b]+", "", text)
        missing = [figure for figure in figures if re.sub(r"\s+", "", figure) not in flat]

        assert len(figures) > 60
        assert missing == []


def test_both_languages_print_the_same_numbers(issued: Issued) -> None:
    zh, en = ([sorted(_NUMBER.findall(figure) for figure in _figures(issued, language))] for language in ("zh", "en"))

    assert zh == en


@pytest.mark.parametrize("name", ["report.pdf", "report.en.pdf"])
def test_extracted_text_has_no_nul_and_no_replacement_character(issued: Issued, name: str) -> None:
    text = pdf_text(issued.folder / name)

    assert "\x00" not in text
    assert "\ufffd" not in text
    assert "OVOO-2026-0001" in text
    assert issued.result.snapshot_sha256 in text.replace("\n", "")


def test_the_chinese_report_reads_as_chinese(issued: Issued) -> None:
    text = pdf_text(issued.folder / "report.pdf").replace("\n", "")

    for words in ("数字化转型诊断报告", "预评", "黑山煤业有限公司", "证据不足", "摘要", "附录二"):
        assert words in text
    assert re.search(r"第\s*2\s*页\s*共\s*\d+\s*页", text)


def test_only_our_fonts_are_embedded(issued: Issued) -> None:
    fonts: set[str] = set()
    for page in PdfReader(issued.folder / "report.pdf").pages:
        resources: Any = page["/Resources"]  # pypdf types page contents loosely
        fonts |= {str(font.get_object()["/BaseFont"]) for font in resources.get("/Font", {}).values()}

    assert fonts
    assert all("NotoSansSC" in font for font in fonts)


def test_a_character_without_glyph_fails_loudly(issued: Issued) -> None:
    data = json.loads((issued.folder / "snapshot.json").read_bytes())
    data["case"]["profile"]["name"] = {"zh": "黑山\U0001f600煤业", "en": "Heishan"}

    with pytest.raises(ReportError, match=r"U\+1F600"):
        render_files(Snapshot(data), ["zh"])


def test_rare_characters_of_names_have_glyphs() -> None:
    check_glyphs(["喆堃犇 鑫淼焱垚 ①②㎡℃ ★※✓■▲●"])


def test_catalogues_have_the_same_keys_and_slots() -> None:
    zh, en = catalogue("zh"), catalogue("en")

    assert set(zh) == set(en)
    slot = re.compile(r"\{[a-z0-9_]+\}")
    assert not [key for key in zh if sorted(slot.findall(zh[key])) != sorted(slot.findall(en[key]))]


def test_every_finding_of_the_models_has_a_name_in_the_report() -> None:
    phrases = json.loads(resources.files("ovoo_models").joinpath("phrases", "zh.json").read_text(encoding="utf-8"))
    codes = re.findall(r'"((?:anomaly|signal|limit|energy)\.[a-z]+)":', json.dumps(phrases))

    assert len(codes) >= 8
    assert not [code for code in codes if f"finding.{code}" not in catalogue("zh")]


def test_a_text_missing_from_the_catalogue_is_an_error() -> None:
    with pytest.raises(ReportError, match="no\\.such\\.text"):
        Locale("zh").text("no.such.text")


def test_the_word_file_is_stored_sorted_and_dated_1980(issued: Issued) -> None:
    with zipfile.ZipFile(io.BytesIO((issued.folder / "report.docx").read_bytes())) as archive:
        entries = archive.infolist()

    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}


def test_every_figure_of_a_table_stands_in_excel_as_printed(issued: Issued) -> None:
    workbook = load_workbook(issued.folder / "report.en.xlsx", read_only=True)
    cells = {str(cell) for sheet in workbook for row in sheet.iter_rows(values_only=True) for cell in row if cell}
    tables = [block for block in resolved(issued, "en").blocks if block["b"] == "table" and block["caption"]]

    assert len(workbook.sheetnames) == len(tables) + 1
    assert {cell for block in tables for row in block["rows"] for cell in row if cell} <= cells
    assert "2,183,783.4 kWh" in cells


def test_the_workbook_opens_with_a_list_that_leads_to_each_table_and_prints_on_the_width_of_a_page(
    issued: Issued,
) -> None:
    workbook = load_workbook(issued.folder / "report.xlsx")
    cover, *tables = workbook.worksheets

    links = {cell.hyperlink.location: cell.offset(0, 1).value for row in cover for cell in row if cell.hyperlink}

    assert links == {f"'{sheet.title}'!A1": sheet["A1"].value for sheet in tables}
    assert all(sheet.sheet_properties.pageSetUpPr.fitToPage for sheet in workbook)
    assert {(sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) for sheet in workbook} == {(1, 0)}
    assert {sheet.print_title_rows for sheet in tables} == {"$3:$3"}
    assert all(sheet.auto_filter.ref.startswith("A3:") for sheet in tables if sheet["A4"].value)
    assert {sheet.page_setup.orientation for sheet in tables} >= {"landscape"}


def test_the_word_file_names_a_chinese_font(issued: Issued) -> None:
    with zipfile.ZipFile(issued.folder / "report.docx") as archive:
        styles = archive.read("word/styles.xml").decode()

    assert 'w:eastAsia="Noto Sans SC"' in styles


def test_an_office_without_the_font_takes_one_of_the_same_kind(issued: Issued) -> None:
    with zipfile.ZipFile(issued.folder / "report.docx") as archive:
        fonts = archive.read("word/fontTable.xml").decode()

    assert 'w:name="Noto Sans SC"' in fonts
    assert "Microsoft YaHei" in fonts


def test_the_line_of_a_picture_in_the_word_file_is_as_high_as_the_picture(issued: Issued) -> None:
    document = Document(str(issued.folder / "report.docx"))
    pictures = [each for each in document.paragraphs if each._p.xpath(".//w:drawing")]

    assert pictures
    assert {each.paragraph_format.line_spacing for each in pictures} == {1.0}


def test_the_manifest_lists_every_other_file(issued: Issued) -> None:
    manifest = json.loads((issued.folder / "manifest.json").read_bytes())

    on_disk = {path.name for path in issued.folder.iterdir()} - {"manifest.json", "manifest.sig"}
    assert set(manifest["files"]) == on_disk
    assert all(sha256_hex((issued.folder / name).read_bytes()) == digest for name, digest in manifest["files"].items())


def test_the_gap_of_the_cut_source_is_printed(issued: Issued) -> None:
    text = pdf_text(issued.folder / "report.en.pdf").replace("\n", " ")

    assert "2026-05-11 12:00" in text
    assert "336.0" in text


def test_the_summary_holds_what_a_demo_prints(issued: Issued) -> None:
    short = summary(issued.result.snapshot.data)

    assert short["figures"]["equipment.networked_percent"]["value"] == "50.0"
    assert len(short["actions"]) == 5
    assert json.dumps(short)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_charts_stay_inside_their_frame(issued: Issued, language: str) -> None:
    for name, svg in resolved(issued, language).charts.items():
        width, height = (float(part) for part in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups())  # type: ignore[union-attr]
        for x, y in re.findall(r'<(?:rect|text) x="(-?[\d.]+)" y="(-?[\d.]+)"', svg):
            assert -0.5 <= float(x) <= width + 0.5, name
            assert -0.5 <= float(y) <= height + 0.5, name
