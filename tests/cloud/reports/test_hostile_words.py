"""Words of people that look like code: every format prints them as they are, none runs them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import docx
import openpyxl
import pytest
from ovoo_cloud.diagnosis.snapshot import Snapshot
from ovoo_cloud.reports.build import render_files

from tests.cloud.pdf_text import page_texts
from tests.cloud.reports.conftest import Issued
from tests.cloud.reports.test_pages import run

WORDS = (
    '#panic("x") $a^2$ \\ // @ref <label> `raw` *b* _i_ /* c */ ~ -- [x] #let x=1',
    "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;\"'><b>",
    '=HYPERLINK("http://x","y")',
    "+1+1",
    "-2+3",
    "@SUM(A1:A9)",
    '{ INCLUDETEXT "c:/x" } ]]> <w:fldSimple w:instr="DATE"/> {{ x }} {% y %}',
    "超" * 200,
    "W" * 200,
)
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FILES = [f"report{language}.{kind}" for language in ("", ".en") for kind in ("pdf", "docx", "xlsx", "html")]


@pytest.fixture(scope="module")
def spoken(issued: Issued) -> dict[str, bytes]:
    """A report whose enterprise and machines bear these names."""
    data = json.loads((issued.folder / "snapshot.json").read_bytes())
    data["case"]["profile"]["name"] = {"zh": WORDS[-1], "en": WORDS[-1]}
    for number, row in enumerate(data["network"]):
        text = WORDS[number % len(WORDS)]
        row["name"] = {"zh": text, "en": text}
    assert len(data["network"]) >= 5
    for number, text in enumerate(WORDS):
        extra = {**data["network"][0], "id": f"more{number}", "name": {"zh": text, "en": text}}
        data["network"].append(extra)
    return render_files(Snapshot(data), ("zh", "en"))


def squeezed(text: str) -> str:
    """Without white space: lines break where they must."""
    return re.sub(r"\s+", "", text)


class Page(HTMLParser):
    """The text of a page and the tags in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.tags |= {name for name, _ in attrs if name.startswith("on")}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def text_of(name: str, content: bytes) -> str:
    if name.endswith(".pdf"):
        return "".join(page_texts(content))
    if name.endswith(".docx"):
        body = docx.Document(io.BytesIO(content)).element.body
        return "".join(node.text or "" for node in body.iter() if str(node.tag).endswith("}t"))
    if name.endswith(".xlsx"):
        book = openpyxl.load_workbook(io.BytesIO(content))
        return "".join(str(cell.value) for page in book for row in page.iter_rows() for cell in row if cell.value)
    parser = Page()
    parser.feed(content.decode())
    return "".join(parser.words)


@pytest.mark.parametrize("name", FILES)
def test_every_format_prints_every_word_as_it_is(spoken: dict[str, bytes], name: str) -> None:
    text = squeezed(text_of(name, spoken[name]))

    assert [words for words in WORDS if squeezed(words) not in text] == []
    assert "\0" not in text


@pytest.mark.parametrize("name", ["report.pdf", "report.en.pdf"])
def test_no_word_runs_off_the_paper(spoken: dict[str, bytes], name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(spoken[name])
    boxes = run("pdftotext", "-bbox", str(tmp_path / name), "-").decode()
    width = float(re.findall(r'<page width="([\d.]+)"', boxes)[0])

    assert max(float(right) for right in re.findall(r'<word [^>]*xMax="([\d.]+)"', boxes)) < width


@pytest.mark.parametrize("name", ["report.html", "report.en.html"])
def test_a_web_page_gets_no_tag_and_no_handler_from_words(spoken: dict[str, bytes], issued: Issued, name: str) -> None:
    plain, hostile = Page(), Page()
    plain.feed((issued.folder / name).read_text(encoding="utf-8"))
    hostile.feed(spoken[name].decode())

    assert hostile.tags == plain.tags


@pytest.mark.parametrize("name", ["report.xlsx", "report.en.xlsx"])
def test_a_workbook_gets_no_formula_and_no_link_from_words(spoken: dict[str, bytes], name: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(spoken[name]))

    assert [c.coordinate for page in book for row in page.iter_rows() for c in row if c.data_type == "f"] == []
    with zipfile.ZipFile(io.BytesIO(spoken[name])) as packed:
        assert not [part for part in packed.namelist() if b"http://x" in packed.read(part) and "rels" in part]


@pytest.mark.parametrize("name", ["report.docx", "report.en.docx"])
def test_a_word_document_gets_no_field_from_words(spoken: dict[str, bytes], name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(spoken[name])) as packed:
        body = ElementTree.fromstring(packed.read("word/document.xml"))

    fields = [node.text or "" for node in body.iter(f"{W}instrText")]
    fields += [node.attrib[f"{W}instr"] for node in body.iter(f"{W}fldSimple")]
    assert not [each for each in fields if "INCLUDETEXT" in each or "DATE" in each]
