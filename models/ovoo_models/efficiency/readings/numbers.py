"""Numbers as people and programs write them: signs for nothing, thousands, decimal comma, money."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Sequence
from typing import Final

from ovoo_models.efficiency.readings.problem import ProblemLog

__all__ = ["decimal_sign", "read_numbers"]

_NOTHING: Final = frozenset(
    ("", "-", "--", "---", "/", "\\", "null", "none", "nan", "n/a", "na", "#n/a", "#value!", "#div/0!", "#ref!", "无",
     "缺", "缺数", "无数据", "未采集", "missing", "bad", "error", "(null)", "\\n", "?")
)  # fmt: skip
_THOUSANDS: Final = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?$")
_DOT_THOUSANDS: Final = re.compile(r"[-+]?\d{1,3}(\.\d{3})+(,\d*)?$")
_COMMA_TAIL: Final = re.compile(r"[-+]?\d+,(\d+)$")
_MONEY: Final = re.compile(r"[¥$€]|元|rmb|cny", re.IGNORECASE)
_UNIT_TAIL: Final = re.compile(r"(?<=[\d.,])\s*(kwh|kw|千瓦时|度|千瓦)$", re.IGNORECASE)


def decimal_sign(cells: Sequence[str], lines: Sequence[int], asked: str, log: ProblemLog) -> str:
    """`.` or `,`, as the cells prove it; refused where every comma may be either."""
    if asked != "auto":
        return asked
    commas = [(cell, line) for cell, line in zip(cells, lines, strict=True) if "," in cell]
    if not commas:
        return "."
    for cell, line in commas:
        tail = _COMMA_TAIL.match(cell)
        if (tail and len(tail[1]) != 3) or (_DOT_THOUSANDS.match(cell) and "." in cell):
            log.add("number.decimal_comma", "repaired", value=cell, line=line)
            return ","
    if _plainly(cells) or any("." in cell or cell.count(",") > 1 for cell, _ in commas):
        log.add("number.thousands", "repaired", value=commas[0][0])
        return "."
    raise log.refuse("number.ambiguous", commas[0][1], commas[0][0])


def _plainly(cells: Sequence[str]) -> bool:
    """Whether other numbers of the column have a decimal point."""
    return any("." in cell and "," not in cell for cell in cells)


def read_numbers(cells: Sequence[str], lines: Sequence[int], decimal: str, log: ProblemLog | None) -> array[float]:
    """One number a cell, NaN where there is none; what is no number is told."""
    values = array("d", bytes(8 * len(cells)))
    for place, cell in enumerate(cells):
        try:
            value = float(cell) if "," not in cell and "_" not in cell else _written(cell, decimal)
        except ValueError:
            value = _told(cell, lines[place], decimal, log)
        if not math.isfinite(value):
            if log is not None and math.isinf(value):
                log.add("value.text", "missing", lines[place], cell)
            value = math.nan
        values[place] = value
    return values


def _written(cell: str, decimal: str) -> float:
    if decimal == ",":
        return float(cell.replace(".", "").replace(",", ".").replace(" ", "").replace("_", "x"))
    if not _THOUSANDS.match(cell):
        raise ValueError(cell)
    return float(cell.replace(",", ""))


def _told(cell: str, line: int, decimal: str, log: ProblemLog | None) -> float:
    """The number of an odd cell, or NaN, with the problem noted."""
    if cell.lower() in _NOTHING:
        if log is not None:
            log.add("value.empty", "missing", line, cell)
        return math.nan
    if _MONEY.search(cell):
        if log is not None:
            log.add("value.currency", "missing", line, cell)
        return math.nan
    bare = _UNIT_TAIL.search(cell)
    if bare is not None and bare[1].lower() in ("kwh", "千瓦时", "度"):
        try:
            return _written(cell[: bare.start()], decimal) if "," in cell else float(cell[: bare.start()])
        except ValueError:
            pass
    if log is not None:
        log.add("value.text", "missing", line, cell)
    return math.nan
