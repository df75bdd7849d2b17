"""One row of a table of airways: its cells by what their columns mean, and faults by line and column."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from ovoo_contract.errors import ConfigError

from ovoo_models.efficiency.ventilation.headings import Heading

__all__ = ["Row"]

_YES: Final = ("1", "yes", "true", "y", "是", "有", "√")
_NO: Final = ("", "0", "no", "false", "n", "否", "无")


class Row:
    """The cells of a row by role; what cannot be read is noted by line and column."""

    def __init__(self, line: int, cells: Sequence[str], columns: Sequence[Heading], wrong: list[ConfigError]) -> None:
        self._line, self._wrong = line, wrong
        self._cells = {each.role: (each, cells[each.place]) for each in columns if each.role}

    def text(self, role: str) -> str:
        """The cell as it stands."""
        return self._cells[role][1] if role in self._cells else ""

    def where(self, role: str) -> str:
        """Line and column of a cell."""
        name = self._cells[role][0].name if role in self._cells else role
        return f"line {self._line} {name}"

    def fault(self, message: str, role: str, remedy: str, code: str) -> None:
        """Notes what is wrong with a cell."""
        self._wrong.append(ConfigError(
            message, code=code, slots=self.place(role), offender=self.where(role), value=self.text(role), remedy=remedy,
        ))  # fmt: skip

    def place(self, role: str) -> Mapping[str, object]:
        """Line and column of a cell, for sentences."""
        return {"line": self._line, "column": self._cells[role][0].name if role in self._cells else role}

    def number(self, role: str, default: float) -> float:
        """The figure in our unit; `default` where the cell is empty."""
        words = self.text(role)
        if not words:
            return default
        heading = self._cells[role][0]
        percent = role == "efficiency" and words.endswith("%")
        try:
            value = float(words.rstrip("%") if percent else words) * (0.01 if percent else heading.factor)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.fault("not a number", role, "a plain number, as 0.0125", code="ventilation.not_number")
            return default
        return value

    def flag(self, role: str) -> bool:
        """Yes or no."""
        words = self.text(role).lower()
        if words not in (*_YES, *_NO):
            self.fault("neither yes nor no", role, "1 or 0, 是 or 否", code="ventilation.neither_yes_nor_no")
        return words in _YES

    def required(self, role: str) -> str:
        """The cell, which must hold something."""
        if not self.text(role):
            self.fault("a cell is empty", role, "fill it, or take the row out", code="ventilation.cell_empty")
        return self.text(role)
