"""A cell of a filled questionnaire, and the words that people write into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import ConfigError

__all__ = ["CLASSES", "NO", "OPEN", "YES", "Cell", "Row", "fault"]

YES: Final = frozenset({"yes", "y", "x", "1", "true", "是", "有", "√", "✓"})
NO: Final = frozenset({"", "no", "n", "0", "false", "否", "无"})
OPEN: Final = frozenset({"?", "？", "open", "unknown", "不清楚", "未知"})
CLASSES: Final[Mapping[str, str]] = {
    "": "",
    "declared": "declared",
    "verified": "verified",
    "申报": "declared",
    "核实": "verified",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of a cell and what people call it: `questionnaire!F12`, or `line 12 column 6` of a CSV file."""

    text: str
    place: str


Row = tuple[Cell, ...]


def fault(cell: Cell, message: str, remedy: str, code: str, slots: Mapping[str, object] | None = None) -> ConfigError:
    """What is wrong with a cell, by its place; `code` and `slots` find the sentence in the reader's language."""
    return ConfigError(message, offender=cell.place, value=cell.text[:80], remedy=remedy, code=code, slots=slots)
