"""The report as one web page: complete, the same words, nothing loaded, readable by machine and by ear."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from ovoo_cloud.diagnosis.snapshot import Snapshot
from ovoo_cloud.reports.build import render_files
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.resolve import Locale, resolve

from tests.cloud.reports.conftest import Issued

PAGES = [("zh", "report.html"), ("en", "report.en.html")]
_VOID = {"meta", "br", "rect", "circle", "polyline", "polygon"}


@dataclass
class Read(HTMLParser):
    """Tags, attributes and words of a page; whether every element is closed where it was opened."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(markup: bytes) -> Read:
    page = Read()
    page.feed(markup.decode())
    page.close()
    return page


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_the_page_has_every_word_of_the_document(issued: Issued, language: str, name: str) -> None:
    tree = json.loads((issued.folder / "report.json").read_bytes())
    document = resolve(tree, "zh" if language == "zh" else "en", draw)
    printed = re.sub(r"\s+", "", "".join(read((issued.folder / name).read_bytes()).words))
    expected = [cell for block in document.blocks if block["b"] == "table" for row in block["rows"] for cell in row]
    expected += [block["text"] for block in document.blocks if "text" in block]

    assert len(expected) > 1000
    assert [words for words in expected if re.sub(r"\s+", "", words) not in printed] == []


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_the_page_is_well_formed_and_loads_nothing(issued: Issued, language: str, name: str) -> None:
    page = read((issued.folder / name).read_bytes())

    assert page.open == []
    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "form"} == set()
    addresses = [
        value or "" for _, attributes in page.tags for key, value in attributes.items() if key in ("href", "src")
    ]
    assert addresses
    assert all(address.startswith("#") for address in addresses)
    assert b"url(" not in (issued.folder / name).read_bytes()


@pytest.mark.parametrize(("language", "name"), PAGES)
def test_screen_readers_find_language_title_contents_and_table_heads(issued: Issued, language: str, name: str) -> None:
    page = read((issued.folder / name).read_bytes())
    targets = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    links = {str(attributes["href"])[1:] for tag, attributes in page.tags if tag == "a"}

    assert dict(page.tags)["html"]["lang"] == {"zh": "zh-CN", "en": "en"}[language]
    assert sum(1 for tag, _ in page.tags if tag == "h1") == 1
    assert len(links) >= 15
    assert links <= targets
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")


def test_names_cannot_put_markup_into_the_page(issued: Issued) -> None:
    data = json.loads((issued.folder / "snapshot.json").read_bytes())
    data["case"]["profile"]["name"] = {"zh": "<script>alert(1)</script>&\"'", "en": "<b>x</b>"}

    page = read(render_files(Snapshot(data), ["zh"])["report.html"])

    assert "script" not in {tag for tag, _ in page.tags}
    assert "<script>alert(1)</script>&\"'" in "".join(page.words)


def test_a_figure_stands_in_the_page_as_in_the_pdf(issued: Issued) -> None:
    row = issued.result.snapshot.data["figures"]["energy.kwh"]

    assert Locale("zh").figure(row) in (issued.folder / "report.html").read_text(encoding="utf-8")
