"""Tables of the Word file, written as XML at once: an object for each cell is many times slower."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

__all__ = ["PADDING_CM", "Cells", "table_element"]

_TWIPS_A_CM: Final = 1440 / 2.54
_EDGES: Final = (("top", "8", "1F2A33"), ("bottom", "8", "1F2A33"), ("insideH", "4", "D5DBE0"))
_SPACING_TWIPS: Final = 30
PADDING_CM: Final = 0.14
"""Left and right in a cell; what programs take by themselves is wider than the narrowest columns bear."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows of one kind: words, size in points, whether bold, whether they are the head that every page repeats."""

    rows: Sequence[Sequence[str]]
    size: float
    bold: bool = False
    head: bool = False


def table_element(parts: Sequence[Cells], widths: Sequence[float], aligns: Sequence[str], *, whole: bool) -> Any:
    """The `w:tbl` element: rules between rows only, and the grid's own widths, which some programs read alone.

    Args:
        parts: the rows, in order.
        widths: of the columns, in cm.
        aligns: of the columns: left, right or center.
        whole: keep all rows on one page.
    """
    columns = [round(width * _TWIPS_A_CM) for width in widths]
    count = sum(len(part.rows) for part in parts)
    rows, number = [], 0
    for part in parts:
        for row in part.rows:
            number += 1
            rows.append(_row(part, row, columns, aligns, keep=whole and number < count))
    borders = "".join(
        f'<w:{edge} w:val="single" w:sz="{size}" w:space="0" w:color="{color}"/>' for edge, size, color in _EDGES
    )
    margins = "".join(f'<w:{side} w:w="{round(PADDING_CM * _TWIPS_A_CM)}" w:type="dxa"/>' for side in ("left", "right"))
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in columns)
    # python-docx has no usable types; Any at this border only
    return parse_xml(
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:type="auto" w:w="0"/><w:jc w:val="center"/>'
        f"<w:tblBorders>{borders}</w:tblBorders>"
        f'<w:tblLayout w:type="fixed"/><w:tblCellMar>{margins}</w:tblCellMar></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _row(part: Cells, row: Sequence[str], columns: Sequence[int], aligns: Sequence[str], *, keep: bool) -> str:
    head = "<w:tblHeader/>" if part.head else ""
    cells = "".join(
        f'<w:tc><w:tcPr><w:tcW w:type="dxa" w:w="{width}"/></w:tcPr>{_paragraph(part, words, align, keep=keep)}</w:tc>'
        for words, width, align in zip(row, columns, aligns, strict=True)
    )
    return f"<w:tr><w:trPr><w:cantSplit/>{head}</w:trPr>{cells}</w:tr>"


def _paragraph(part: Cells, words: str, align: str, *, keep: bool) -> str:
    keeps = "<w:keepNext/>" if keep else ""
    side = f'<w:jc w:val="{align}"/>' if align != "left" else ""
    spacing = f'<w:spacing w:before="{_SPACING_TWIPS}" w:after="{_SPACING_TWIPS}"/>'
    return f"<w:p><w:pPr>{keeps}{spacing}{side}</w:pPr>{''.join(_runs(part, words))}</w:p>"


def _runs(part: Cells, words: str) -> Iterator[str]:
    """A run a line: size in half points."""
    bold = "<w:b/>" if part.bold else ""
    half = round(2 * part.size)
    for number, line in enumerate(words.split("\n")):
        again = "<w:br/>" if number else ""
        shape = f'<w:rPr>{bold}<w:sz w:val="{half}"/></w:rPr>'
        yield f'<w:r>{shape}{again}<w:t xml:space="preserve">{escape(line)}</w:t></w:r>'
