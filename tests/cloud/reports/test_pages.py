"""The pages as a reader sees them: all inside the paper, no glyph missing, no heading left alone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.resolve import resolve

from tests.cloud.reports.conftest import Issued

PDFS = [(case, *file) for case in ("issued", "full") for file in (("zh", "report.pdf"), ("en", "report.en.pdf"))]
_EDGE_PT = 14.0
_NARROWED = "，。、；：？！（）《》〔〕【】“”‘’"
_PAGE = re.compile(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', re.DOTALL)
_LINE = re.compile(r"<line [^>]*>(.*?)</line>", re.DOTALL)
_WORD = re.compile(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>')


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its box in points from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its size in points and its lines of words in reading order."""

    width: float
    height: float
    lines: tuple[tuple[Word, ...], ...]

    @property
    def words(self) -> list[Word]:
        return [word for line in self.lines for word in line]


@pytest.fixture
def printed(request: pytest.FixtureRequest) -> Issued:
    """The sample mine with a cut source, or the one whose case tells everything."""
    found: Issued = request.getfixturevalue(request.param)
    return found


def tool(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is missing: run scripts/system-packages (poppler-utils)"
    return found


def run(name: str, *arguments: str) -> bytes:
    return subprocess.run([tool(name), *arguments], capture_output=True, check=True, timeout=120).stdout


def pages_of(path: Path) -> list[Page]:
    markup = run("pdftotext", "-bbox-layout", str(path), "-").decode()
    return [
        Page(float(width), float(height), tuple(tuple(_words(line)) for line in _LINE.findall(body)))
        for width, height, body in _PAGE.findall(markup)
    ]


def _words(line: str) -> Iterator[Word]:
    for left, top, right, bottom, text in _WORD.findall(line):
        yield Word(float(left), float(top), float(right), float(bottom), unescape(text))


def pictures(path: Path, dpi: int = 40) -> list[npt.NDArray[np.uint8]]:
    """Grey pictures of all pages, row by row from the top."""
    data = run("pdftoppm", "-gray", "-r", str(dpi), str(path))
    found = []
    while data:
        head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", data)
        assert head, "not a grey picture"
        width, height = int(head[1]), int(head[2])
        start, end = head.end(), head.end() + width * height
        found.append(np.frombuffer(data[start:end], dtype=np.uint8).reshape(height, width))
        data = data[end:]
    return found


@pytest.mark.parametrize(("printed", "language", "name"), PDFS, indirect=["printed"])
def test_every_word_lies_inside_the_paper(printed: Issued, language: str, name: str) -> None:
    pages = pages_of(printed.folder / name)

    outside = [
        (number, word)
        for number, page in enumerate(pages, start=1)
        for word in page.words
        if word.left < _EDGE_PT
        or word.top < _EDGE_PT
        or word.right > page.width - _EDGE_PT
        or word.bottom > page.height - _EDGE_PT
    ]

    assert len(pages) >= 15
    assert all((round(page.width), round(page.height)) == (595, 842) for page in pages)
    assert outside == []


@pytest.mark.parametrize(("printed", "language", "name"), PDFS, indirect=["printed"])
def test_no_ink_reaches_the_edge_and_no_page_is_blank(printed: Issued, language: str, name: str) -> None:
    for number, picture in enumerate(pictures(printed.folder / name), start=1):
        ink = picture < 200
        frame = np.ones_like(ink)
        frame[7:-7, 7:-7] = False

        assert not np.any(ink & frame), f"page {number}: ink at the edge of the paper"
        assert np.count_nonzero(ink[30:-40]) > 300, f"page {number}: nothing but header and footer"


@pytest.mark.parametrize(("printed", "language", "name"), PDFS, indirect=["printed"])
def test_no_words_stand_on_other_words(printed: Issued, language: str, name: str) -> None:
    clashes = []
    for number, page in enumerate(pages_of(printed.folder / name), start=1):
        words = sorted(page.words, key=lambda word: word.top)
        for at, one in enumerate(words):
            for other in words[at + 1 :]:
                if other.top > one.bottom:
                    break
                if _shared(one, other):
                    clashes.append((number, one.text, other.text))

    assert clashes == []


def _shared(one: Word, other: Word) -> bool:
    """Whether two boxes share more than a touch: a point and a half across, and over half of the lower height.

    Full-width punctuation is set narrower than its box, so it may lie over its neighbour's.
    """
    first, second = (one, other) if one.left <= other.left else (other, one)
    if first.text[-1] in _NARROWED or second.text[0] in _NARROWED:
        return False
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    return across > 1.5 and down > 0.55 * min(one.bottom - one.top, other.bottom - other.top)


@pytest.mark.parametrize(("printed", "language", "name"), PDFS, indirect=["printed"])
def test_every_font_is_ours_embedded_and_mapped_to_unicode(printed: Issued, language: str, name: str) -> None:
    rows = run("pdffonts", str(printed.folder / name)).decode().splitlines()[2:]

    assert rows
    for row in rows:
        assert "NotoSansSC" in row
        embedded, subset, unicode_map = row.split()[-5:-2]
        assert (embedded, subset, unicode_map) == ("yes", "yes", "yes")


@pytest.mark.parametrize(("printed", "language", "name"), PDFS, indirect=["printed"])
def test_every_character_comes_back_as_text(printed: Issued, language: str, name: str) -> None:
    words = "".join(word.text for page in pages_of(printed.folder / name) for word in page.words)

    assert not re.search(r"[\x00-\x08\ufffd\ue000-\uf8ff]", words)
    assert len(words) > 8000


@pytest.mark.parametrize(("printed", "language", "name"), PDFS, indirect=["printed"])
def test_no_page_ends_with_a_heading(printed: Issued, language: str, name: str) -> None:
    tree = json.loads((printed.folder / "report.json").read_bytes())
    document = resolve(tree, "zh" if language == "zh" else "en", draw)
    heads = {_squeeze(f"{b['number']}{b['text']}") for b in document.blocks if b["b"] == "heading"}
    heads |= {_squeeze(b["caption"]) for b in document.blocks if b["b"] == "table" and b["caption"]}

    ends = []
    for page in pages_of(printed.folder / name)[3:]:
        body = [line for line in page.lines if line and line[0].bottom < page.height - 55]
        last = max(body, key=lambda line: line[0].bottom)
        ends.append(_squeeze("".join(word.text for word in last)))

    assert len(heads) > 40
    assert [end for end in ends if end in heads] == []


def _squeeze(words: str) -> str:
    return re.sub(r"\s+", "", words)


@pytest.mark.parametrize(("printed", "language", "name"), PDFS, indirect=["printed"])
def test_every_page_but_the_cover_says_which_of_how_many(printed: Issued, language: str, name: str) -> None:
    pages = pages_of(printed.folder / name)
    pattern = r"第{0}页共{1}页" if language == "zh" else r"Page{0}of{1}"

    for number, page in enumerate(pages[1:], start=2):
        footer = _squeeze("".join(word.text for word in page.words if word.top > page.height - 55))
        assert pattern.format(number, len(pages)) in footer
