"""A report outside a case says on every page, in its manifest and when it is verified that nobody issued it."""

from __future__ import annotations

import io
import json
import pathlib
import zipfile
from dataclasses import dataclass

import pytest
from docx import Document
from ovoo_cloud.diagnosis.snapshot import Snapshot
from ovoo_cloud.diagnosis.standing import WORKING
from ovoo_cloud.reports.build import render_files
from ovoo_cloud.reports.bundle import write_bundle
from ovoo_cloud.reports.resolve import catalogue
from ovoo_cloud.reports.signing import load_signing_key
from ovoo_cloud.reports.tree import build_tree
from ovoo_cloud.reports.verify import verify_bundle
from pypdf import PdfReader

from tests.cloud.reports.conftest import Issued

STEMS = {"zh": "report", "en": "report.en"}


@dataclass(frozen=True, slots=True)
class Working:
    """A working report on disk."""

    folder: pathlib.Path
    trust: pathlib.Path

    def content(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


@pytest.fixture(scope="module")
def working(issued: Issued, tmp_path_factory: pytest.TempPathFactory) -> Working:
    """What was measured for the bundle of the mine, as a report that no case leads to."""
    data = issued.result.snapshot.data
    snapshot = Snapshot({**data, "issue": {**data["issue"], "number": "W-7", "status": WORKING}})
    files = render_files(snapshot, ("zh", "en"))
    folder = tmp_path_factory.mktemp("working") / "bundle"
    write_bundle(folder, files, snapshot.data, load_signing_key(issued.private_key))
    return Working(folder, issued.public_key)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_of_every_form_says_that_it_is_not_issued(working: Working, language: str) -> None:
    words, stem = catalogue("zh" if language == "zh" else "en"), STEMS[language]
    mark, status = words["cover.marking.working"], words["cover.status.working.pre"]
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(working.content(f"{stem}.pdf"))).pages]
    word = Document(io.BytesIO(working.content(f"{stem}.docx")))
    web = working.content(f"{stem}.html").decode()
    with zipfile.ZipFile(io.BytesIO(working.content(f"{stem}.xlsx"))) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        strings = book.read("xl/sharedStrings.xml").decode()

    cover = "".join(pages[0].split())
    for key in ("cover.status.working.pre", "cover.number.working", "cover.date.working"):
        assert "".join(words[key].split()) in cover, key
    assert len(pages) > 10
    assert all(f"{mark} W-7" in page for page in pages[1:])
    assert status in "\n".join(each.text for each in word.paragraphs)
    assert f"{mark} W-7" in word.sections[-1].header.paragraphs[0].text
    assert all(f"<oddHeader>&amp;L{mark} W-7</oddHeader>" in sheet for sheet in sheets)
    assert status in strings
    assert web.count(mark) >= 3  # in the title, in sight on every page, and in the foot
    assert "position:fixed" in web
    assert status in web


def test_manifest_and_verification_say_it_and_the_square_code_too(working: Working) -> None:
    outcome = verify_bundle(working.folder, trust=working.trust)

    assert json.loads(working.content("manifest.json"))["status"] == "working"
    assert (outcome.ok, outcome.status, outcome.number) == (True, "working", "W-7")
    assert json.loads(working.content("report.json"))["cover"]["code"].startswith("OVOO working W-7 r1 ")


def test_a_working_report_cannot_be_made_an_issued_one_by_hand(working: Working, tmp_path: pathlib.Path) -> None:
    """Whoever takes the word away is found out: nothing but the key makes another manifest."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    for path in working.folder.iterdir():
        content = path.read_bytes()
        if path.name in ("snapshot.json", "manifest.json"):
            content = content.replace(b'"status":"working"', b'"status":"issued"')
        (folder / path.name).write_bytes(content)

    outcome = verify_bundle(folder, trust=working.trust)

    assert not outcome.ok
    assert {"manifest.sig", "issue/status"} <= {each.name for each in outcome.mismatches}


def test_a_report_of_a_case_or_of_old_carries_no_such_mark(issued: Issued) -> None:
    data = issued.result.snapshot.data
    for status in ("", "issued"):
        told = {**data["issue"], **({"status": status} if status else {})}
        assert "marking" not in build_tree({**data, "issue": told}, "0" * 64)["cover"]
    assert b"position:fixed" not in (issued.folder / "report.html").read_bytes()
    assert "status" not in json.loads((issued.folder / "manifest.json").read_bytes())
