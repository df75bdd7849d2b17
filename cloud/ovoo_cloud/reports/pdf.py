"""PDF/A by typst, with our own fonts only, the same bytes for the same document."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

import typst
from ovoo_contract.errors import ReportError

from ovoo_cloud.reports.fonts import check_glyphs, font_folder
from ovoo_cloud.reports.resolve import Resolved

__all__ = ["forget_layouts", "render_pdf", "render_png"]

_SVG_TEXT = re.compile(r">([^<]+)</text>")
_Standard = Literal["a-2a", "ua-1"]
_KEPT_COMPILATIONS: Final = 10
"""typst keeps what it laid out until so many compilations have not used it."""
_EMPTY: Final = '<svg xmlns="http://www.w3.org/2000/svg" width="1pt" height="1pt"/>'
_STANDARDS: Final[tuple[_Standard, ...]] = ("a-2a", "ua-1")
"""For keeping and for screen readers: PDF/A-2a and PDF/UA-1; typst refuses a document that does not comply."""


def render_pdf(document: Resolved, *, number: str, code: str, issued: str) -> bytes:
    """The report as PDF.

    Args:
        document: the resolved document.
        number: report number, in the header of every page.
        code: snapshot hash, in the footer of every page.
        issued: ISO date of issue; the only time in the file.

    Raises:
        ReportError: a character is missing from the fonts, or typst refuses the page.
    """
    check_glyphs(_words(document))
    moment = datetime.fromisoformat(issued).replace(tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _lay_out(root, document, number, code, moment)
        return _compile(root / "report.typ", root, "pdf", int(moment.timestamp()), standards=_STANDARDS)


def render_png(svg: str, *, ppi: float = 180.0) -> bytes:
    """An SVG chart as PNG for Word, drawn by the same engine and fonts as the PDF."""
    page = '#set page(width: auto, height: auto, margin: 2pt)\n#image("chart.svg")\n'
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "chart.svg").write_text(svg, encoding="utf-8")
        (root / "chart.typ").write_text(page, encoding="utf-8")
        return _compile(root / "chart.typ", root, "png", 0, ppi=ppi)


def forget_layouts() -> None:
    """Let typst drop what it keeps of earlier documents, some 80 MB for a long one, before another one is made."""
    for _ in range(_KEPT_COMPILATIONS + 1):
        render_png(_EMPTY, ppi=10.0)


def _lay_out(root: Path, document: Resolved, number: str, code: str, moment: datetime) -> None:
    template = resources.files("ovoo_cloud.reports").joinpath("report.typ").read_text(encoding="utf-8")
    (root / "report.typ").write_text(template, encoding="utf-8")
    (root / "charts").mkdir()
    for name, svg in document.charts.items():
        (root / "charts" / f"{name}.svg").write_text(svg, encoding="utf-8")
    first_page = next((n + 1 for n, block in enumerate(document.blocks) if block["b"] == "page"), 0)
    content: dict[str, Any] = {
        "lang": document.language,
        "region": "CN" if document.language == "zh" else "GB",
        "cover": document.cover,
        "blocks": _sticky(document.blocks),
        "contents_at": first_page,
        "contents": document.texts["contents"],
        "page": document.texts["page"],
        "number": number,
        "code": code,
        "date": [moment.year, moment.month, moment.day],
    }
    (root / "doc.json").write_text(json.dumps(content, ensure_ascii=False, sort_keys=True), encoding="utf-8")


def _sticky(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mark paragraphs right under a heading, and those that ask for it: they go to the next page with what follows."""
    follows = [False, *(block["b"] == "heading" for block in blocks)]
    return [
        {**block, "sticky": first or block.get("keep", False)} for block, first in zip(blocks, follows, strict=False)
    ]


def _compile(
    source: Path,
    root: Path,
    form: Literal["pdf", "png"],
    timestamp: int,
    *,
    ppi: float | None = None,
    standards: Sequence[_Standard] = (),
) -> bytes:
    compiler = typst.Compiler(root=str(root), font_paths=_fonts(str(font_folder())))
    try:
        made = compiler.compile(
            input=str(source), format=form, timestamp=timestamp, ppi=ppi, pdf_standards=list(standards)
        )
    except typst.TypstError as error:
        raise ReportError("typst refuses the document", offender=source.name, value=error.message) from error
    if not isinstance(made, bytes):
        raise ReportError("typst gave no single file", offender=source.name, value=type(made).__name__)
    return made


@cache
def _fonts(folder: str) -> typst.Fonts:
    """Our fonts and no others; reading them takes longer than a chart."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])


def _words(document: Resolved) -> Iterable[str]:
    """Every text that the document prints, charts included."""
    yield from _strings(document.cover)
    yield from _strings(document.blocks)
    for svg in document.charts.values():
        yield from _SVG_TEXT.findall(svg)


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
