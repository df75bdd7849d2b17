"""What was found wrong in an export, by row, and what was done about it; the sentences are data (texts/)."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Final

from ovoo_contract.errors import ConfigError

__all__ = ["ACTIONS", "Problem", "ProblemLog", "Refused", "text"]

ACTIONS: Final = ("refused", "missing", "dropped", "repaired", "kept")
"""Of a problem: the export is not used; the values count as missing; the rows are left out; the values were changed
as the sentence says; the values are used as they are."""


@dataclass(frozen=True, slots=True)
class Problem:
    """`rows` rows between the lines `first_row` and `last_row` of the file (from 1; 0: the whole file).

    `value` is an example of what stands there; `detail` fills the sentence.
    """

    code: str
    action: str
    first_row: int
    last_row: int
    rows: int
    value: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)

    def sentence(self, language: str) -> str:
        """What is wrong, where, and what was done."""
        where = text(language, "where", "file" if self.first_row == 0 else "row" if self.rows == 1 else "rows")
        slots = {**self.detail, "value": self.value, "first": self.first_row, "last": self.last_row, "rows": self.rows}
        wrong = text(language, "wrong", self.code).format_map(slots)
        done = text(language, "done", self.action)
        return f"{where.format_map(slots)}{wrong}{done}"

    def remedy(self, language: str) -> str:
        """What the reader can do or decide."""
        return text(language, "remedy", self.code)

    def to_dict(self, language: str) -> dict[str, object]:
        """JSON-ready, with the sentences."""
        return {
            "code": self.code,
            "action": self.action,
            "first_row": self.first_row,
            "last_row": self.last_row,
            "rows": self.rows,
            "value": self.value,
            "detail": dict(self.detail),
            "sentence": self.sentence(language),
            "remedy": self.remedy(language),
        }


class Refused(Exception):
    """The export cannot be used as it stands; the last problem of the log says why."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.code)


class ProblemLog:
    """Collects problems; rows of one code and action that stand together become one problem."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def add(self, code: str, action: str, row: int = 0, value: object = "", **detail: object) -> None:
        """A problem of one row, or of the whole file (row 0)."""
        words = {name: str(each) for name, each in detail.items()}
        last = self._found[-1] if self._found else None
        if last is not None and row and self._continues(last, code, action, row, words):
            joined = Problem(code, action, last.first_row, row, last.rows + 1, last.value, words)
            self._found[-1] = joined
        else:
            self._found.append(Problem(code, action, row, row, 1 if row else 0, _short(value), words))

    @staticmethod
    def _continues(last: Problem, code: str, action: str, row: int, detail: Mapping[str, str]) -> bool:
        same = (last.code, last.action, dict(last.detail)) == (code, action, dict(detail))
        return same and 0 < row - last.last_row <= 2

    def add_span(
        self, code: str, action: str, rows: tuple[int, int, int], value: object = "", **detail: object
    ) -> None:
        """A problem of (first row, last row, number of rows)."""
        words = {name: str(each) for name, each in detail.items()}
        self._found.append(Problem(code, action, *rows, _short(value), words))

    def refuse(self, code: str, row: int = 0, value: object = "", **detail: object) -> Refused:
        """Notes why the export is refused; raise what this returns."""
        words = {name: str(each) for name, each in detail.items()}
        self._found.append(Problem(code, "refused", row, row, 1 if row else 0, _short(value), words))
        return Refused(self._found[-1])

    def counts(self) -> dict[tuple[str, str], int]:
        """(code, action) -> rows, or 1 where the problem is one of the whole file."""
        table: Counter[tuple[str, str]] = Counter()
        for each in self._found:
            table[each.code, each.action] += max(each.rows, 1)
        return dict(sorted(table.items()))


def _short(value: object) -> str:
    words = value if isinstance(value, str) else f"{value:.6g}" if isinstance(value, float) else repr(value)
    return words if len(words) <= 60 else words[:59] + "…"


def text(language: str, part: str, key: str) -> str:
    """A text of the catalogue."""
    return _catalogue(language)[part][key]


@functools.cache
def _catalogue(language: str) -> Mapping[str, Mapping[str, str]]:
    if language not in ("zh", "en"):
        raise ConfigError(
            "no such language", code="readings.no_such_language", offender="language", value=language, remedy="zh or en"
        )
    raw = resources.files(__package__).joinpath("texts", f"{language}.json").read_text("utf-8")
    catalogue: Mapping[str, Mapping[str, str]] = json.loads(raw)
    return catalogue
