"""The PDF says that it follows PDF/A-2a and PDF/UA-1, and what those ask for is in it."""

from __future__ import annotations

from typing import Any

import pytest
from pypdf import PdfReader

from tests.cloud.reports.conftest import Issued


@pytest.mark.parametrize(("name", "language"), [("report.pdf", "zh-CN"), ("report.en.pdf", "en-GB")])
def test_the_pdf_is_marked_for_keeping_and_for_screen_readers(issued: Issued, name: str, language: str) -> None:
    reader = PdfReader(issued.folder / name)
    root: Any = reader.trailer["/Root"]
    described = root["/Metadata"].get_object().get_data().decode()

    assert "<pdfaid:part>2</pdfaid:part>" in described
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in described
    assert "<pdfuaid:part>1</pdfuaid:part>" in described
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value is True
    assert root["/Lang"] == language
    assert "/OutputIntents" in root


def test_every_picture_has_words_in_its_place(issued: Issued) -> None:
    kinds, without = _figures(PdfReader(issued.folder / "report.pdf"))

    assert kinds >= 15
    assert without == 0


def _figures(reader: PdfReader) -> tuple[int, int]:
    """How many figures the structure tree has, and how many of them lack an alternative text."""
    root: Any = reader.trailer["/Root"]
    todo, seen, without = [root["/StructTreeRoot"]], 0, 0
    while todo:
        node = todo.pop()
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            todo.extend(node)
        elif isinstance(node, dict):
            if node.get("/S") == "/Figure":
                seen += 1
                without += not node.get("/Alt")
            if "/K" in node:
                todo.append(node["/K"])
    return seen, without
