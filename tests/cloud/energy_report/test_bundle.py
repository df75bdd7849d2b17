"""The month as a bundle: same bytes again, same figures in both languages, every change named, recomputed."""

from __future__ import annotations

import json
import re
import shutil
from array import array
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook
from ovoo_cloud.diagnosis.snapshot import Snapshot
from ovoo_cloud.energy_report.build import build_month_report
from ovoo_cloud.energy_report.snapshot import freeze_month
from ovoo_cloud.reports.build import render_files
from ovoo_cloud.reports.bundle import manifest_bytes
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.resolve import Locale, Resolved, resolve
from ovoo_cloud.reports.signing import load_signing_key, sign
from ovoo_cloud.reports.tree import build_tree
from ovoo_cloud.reports.verify import Verification, verify_bundle
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import ReportError
from pypdf import PdfReader

from tests.cloud.energy_report import dairy
from tests.cloud.energy_report.conftest import ISSUE, IssuedMonth

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@pytest.fixture
def copy(issued: IssuedMonth, tmp_path: Path) -> Path:
    """A copy of the bundle to spoil."""
    return Path(shutil.copytree(issued.folder, tmp_path / "copy"))


def names(outcome: Verification, kind: str) -> set[str]:
    return {each.name for each in outcome.mismatches if each.kind == kind}


def _edit(path: Path, change: Any) -> None:
    data = json.loads(path.read_bytes())
    change(data)
    path.write_bytes(canonical_json(data))


def _sign_again(folder: Path, private_key: Path) -> None:
    files = {
        path.name: path.read_bytes() for path in folder.iterdir() if path.name not in ("manifest.json", "manifest.sig")
    }
    manifest = manifest_bytes(files, json.loads(files["snapshot.json"]))
    (folder / "manifest.json").write_bytes(manifest)
    (folder / "manifest.sig").write_bytes(sign(load_signing_key(private_key), manifest))


def resolved(snapshot: Snapshot, language: str) -> Resolved:
    return resolve(build_tree(snapshot.data, "0" * 64), "zh" if language == "zh" else "en", draw)


def test_the_month_built_again_has_the_same_bytes(issued: IssuedMonth, tmp_path: Path) -> None:
    again = build_month_report(dairy.plan(), issued.source, issued.settings(), tmp_path / "again")

    assert again.files == issued.result.files


def test_an_untouched_bundle_verifies_from_the_snapshot_and_from_the_store(issued: IssuedMonth) -> None:
    plain = verify_bundle(issued.folder, trust=issued.public_key)
    deep = verify_bundle(issued.folder, trust=issued.public_key, deep=issued.source)

    assert (plain.mismatches, plain.level) == ((), 1)
    assert (deep.mismatches, deep.level) == ((), 2)
    assert deep.figures > 80


@pytest.mark.parametrize("name", ["snapshot.json", "report.json", "report.pdf", "report.en.docx", "report.xlsx"])
def test_a_changed_byte_names_its_file(issued: IssuedMonth, copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)

    assert name in names(verify_bundle(copy, trust=issued.public_key), "file")


@pytest.mark.parametrize("figure", ["energy.kwh", "bill.total", "demand.peak", "saving.avoided", "data.percent"])
def test_a_changed_digit_names_the_figure_even_when_signed_again(issued: IssuedMonth, copy: Path, figure: str) -> None:
    def change(data: Any) -> None:
        text = data["figures"][figure]["value"]
        data["figures"][figure]["value"] = str(int(text[0]) % 9 + 1) + text[1:]

    _edit(copy / "snapshot.json", change)
    plain = verify_bundle(copy, trust=issued.public_key)
    _sign_again(copy, issued.private_key)
    signed = verify_bundle(copy, trust=issued.public_key)

    assert figure in names(plain, "figure")
    assert figure in names(signed, "figure")
    assert "snapshot.json" not in names(signed, "file")


def test_a_changed_record_is_named_even_when_signed_again(issued: IssuedMonth, copy: Path) -> None:
    which = issued.result.snapshot.data["provenance"]["bill.total"]
    _edit(copy / "snapshot.json", lambda data: data["records"][which]["parameters"].update(documents=["other.pdf"]))
    _sign_again(copy, issued.private_key)

    assert which in names(verify_bundle(copy, trust=issued.public_key), "evidence")


def test_samples_changed_in_the_store_are_found_by_the_deep_check_only(issued: IssuedMonth) -> None:
    parts = dairy.batches(cuts=[("2026-05-10", "2026-05-13")])
    changed = parts[0].take(array("q", range(len(parts[0]))))
    changed.value[-1] += 100.0
    deep = verify_bundle(issued.folder, trust=issued.public_key, deep=dairy.source([changed, *parts[1:]]))

    assert "energy.meter.gaolin/utilities/power/meter1" in names(deep, "figure")
    assert names(deep, "evidence")
    assert verify_bundle(issued.folder, trust=issued.public_key).ok


@pytest.mark.parametrize("state", ["whole", "gap", "half", "none"])
def test_both_languages_print_the_same_figures(state: str, whole: Snapshot) -> None:
    parts = None
    if state != "whole":
        cuts = [("2026-05-10", "2026-05-13")] if state == "gap" else []
        parts = (
            [] if state == "none" else dairy.batches(end="2026-05-16" if state == "half" else "2026-06-01", cuts=cuts)
        )
    snapshot = whole if parts is None else freeze_month(dairy.plan(), dairy.source(parts), ISSUE)
    zh, en = (resolved(snapshot, language) for language in ("zh", "en"))

    words = next(
        n for n, block in enumerate(zh.blocks) if block.get("text") == Locale("zh").text("annex.glossary.title")
    )
    for left, right in zip(zh.blocks[:words], en.blocks[:words], strict=True):
        assert left["b"] == right["b"]
        if left["b"] == "table":
            for a, b in zip(left["rows"], right["rows"], strict=True):
                assert [_NUMBER.findall(cell) for cell in a] == [_NUMBER.findall(cell) for cell in b]


@pytest.mark.parametrize("state", ["half", "none"])
def test_a_month_with_too_little_data_still_makes_pages_that_say_so(state: str, tmp_path: Path) -> None:
    parts = dairy.batches(end="2026-05-16") if state == "half" else []
    snapshot = freeze_month(dairy.plan(), dairy.source(parts), ISSUE)
    path = tmp_path / "report.pdf"
    path.write_bytes(render_files(snapshot, ["en"])["report.pdf"])

    text = "\n".join(page.extract_text() for page in PdfReader(path).pages)
    assert "Insufficient evidence" in text
    assert re.search(r"Page 2 of \d+|2 / \d+|2 of \d+", text)


def test_the_total_stands_alike_in_pdf_word_and_excel(issued: IssuedMonth) -> None:
    total = f"{float(issued.result.snapshot.data['figures']['bill.total']['value']):,.2f}"
    pdf = "\n".join(page.extract_text() for page in PdfReader(issued.folder / "report.pdf").pages)
    word = Document(str(issued.folder / "report.docx"))
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    book = load_workbook(issued.folder / "report.xlsx", read_only=True)
    excel = [str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell]

    assert total in pdf
    assert any(total in cell for cell in cells)
    assert any(total in cell for cell in excel)


def test_a_snapshot_of_an_unknown_format_names_it(whole: Snapshot) -> None:
    with pytest.raises(ReportError, match="month/9"):
        build_tree({**whole.data, "format": "ovoo.month/9"}, "0" * 64)
