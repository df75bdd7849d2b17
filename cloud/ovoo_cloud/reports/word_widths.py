"""Widths of a Word table's columns: as the report asks, but no word cut in two where the others have room to give."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ovoo_models.svg import text_width

from ovoo_cloud.reports.word_table import PADDING_CM, Cells

__all__ = ["column_widths"]

_CM_A_POINT: Final = 2.54 / 72
_UNBROKEN: Final = re.compile("[\u2e81-\U0010ffff]|[^\u2e81-\U0010ffff]+")
"""One Chinese sign, or what stands between two."""
_BOLD: Final = 1.13
"""Bold letters, and those of a font that stands in, are wider than the mean that `text_width` takes."""
_LONGEST_CM: Final = 2.4
"""What is longer (evidence ids, addresses) may break."""


def column_widths(parts: Sequence[Cells], shares: Sequence[float], total_cm: float) -> list[float]:
    """Widths of the columns in cm; their sum is `total_cm`.

    Args:
        parts: the rows that the table will have.
        shares: the width that each column asks for, in any unit.
        total_cm: width of the table.
    """
    asked = [total_cm * share / sum(shares) for share in shares]
    needed = [_needed(parts, column) for column in range(len(shares))]
    short = sum(max(need - width, 0.0) for need, width in zip(needed, asked, strict=True))
    spare = sum(max(width - need, 0.0) for need, width in zip(needed, asked, strict=True))
    if not short or not spare:
        return asked
    given = min(short, spare)
    return [
        width + (need - width) * (given / short if need > width else given / spare)
        for need, width in zip(needed, asked, strict=True)
    ]


def _needed(parts: Sequence[Cells], column: int) -> float:
    widths = [
        _word_width(word, part.size * (_BOLD if part.bold else 1.0))
        for part in parts
        for row in part.rows
        for word in re.split(r"\s+", row[column])
    ]
    return min(_LONGEST_CM, max(widths, default=0.0)) + 2 * PADDING_CM


def _word_width(word: str, size: float) -> float:
    """Of the longest piece that does not break, in cm; a line may end beside any Chinese character."""
    pieces = _UNBROKEN.findall(word)
    return max((text_width(piece, size) for piece in pieces), default=0.0) * _CM_A_POINT
