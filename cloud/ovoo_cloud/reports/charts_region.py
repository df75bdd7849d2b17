"""Quartiles of groups side by side: a bar from the lower to the upper one, a line at the median."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from ovoo_models.svg import ACCENT, GRID, INK, MUTED, WIDTH, Svg, fitting

from ovoo_cloud.reports.resolve import Locale

__all__ = ["CHARTS"]

_LEFT: Final = 120.0
_RIGHT: Final = WIDTH - 50
_ROW: Final = 18.0


def _quartiles(data: Mapping[str, Any], locale: Locale) -> Svg:
    """Rows of label, n, p25, p50, p75 (0 to 100)."""
    rows = data["rows"]
    bottom = _ROW * len(rows) + 6
    svg = Svg(WIDTH, bottom + 14)
    for tick in (0, 25, 50, 75, 100):
        svg.line([(_x(str(tick)), 2), (_x(str(tick)), bottom)], GRID, 0.7)
        svg.text(_x(str(tick)), bottom + 10, str(tick), 7, anchor="middle", fill=MUTED)
    for place, row in enumerate(rows):
        top = 4 + _ROW * place
        label = locale.inline(row["label"])
        svg.text(_LEFT - 6, top + 9.5, label, fitting(label, _LEFT - 10, 8.5), anchor="end", fill=INK)
        low, middle, high = (_x(row[each]) for each in ("p25", "p50", "p75"))
        svg.rect(low, top + 1, max(high - low, 0.8), 11, "#ffffff", ACCENT)
        svg.line([(middle, top - 1), (middle, top + 14)], ACCENT, 2)
        svg.text(_RIGHT + 6, top + 9.5, f"{row['p50']} (n={row['n']})", 7, fill=MUTED)
    return svg


def _x(value: str) -> float:
    return _LEFT + (_RIGHT - _LEFT) * float(Decimal(value)) / 100


CHARTS: Final[Mapping[str, Callable[[Mapping[str, Any], Locale], Svg]]] = {"quartiles": _quartiles}
