"""The radar of dimensions: what is certain, what missing evidence could add, and the medians of the sector."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from ovoo_models.svg import ACCENT, GRID, INK, MUTED, PAPER, WARN, WIDTH, Svg

from ovoo_cloud.reports.resolve import Locale

__all__ = ["CHARTS"]

Data = Mapping[str, Any]


def _radar(data: Data, locale: Locale) -> Svg:
    svg = Svg(WIDTH, 215)
    cx, cy, radius = WIDTH / 2, 108.0, 78.0
    axes = data["axes"]
    for ring in (25, 50, 75, 100):
        svg.line([_polar(cx, cy, radius * ring / 100, n, len(axes)) for n in range(len(axes))], GRID, 0.7, close=True)
        svg.text(cx + 3, cy - radius * ring / 100 + 7, str(ring), 6.5, fill=MUTED)
    shares = [(_share(axis, "low"), _share(axis, "high")) for axis in axes]
    for n, axis in enumerate(axes):
        svg.line([(cx, cy), _polar(cx, cy, radius, n, len(axes))], GRID, 0.7)
        _radar_label(svg, locale, axis, shares[n], _polar(cx, cy, radius + 12, n, len(axes)), cx)
    svg.line(
        [_polar(cx, cy, radius * high, n, len(axes)) for n, (_, high) in enumerate(shares)],
        ACCENT,
        1,
        dash="3 2",
        close=True,
    )
    low = [_polar(cx, cy, radius * low, n, len(axes)) for n, (low, _) in enumerate(shares)]
    svg.line(low, ACCENT, 1.6, close=True, fill=ACCENT, opacity=0.18)
    for point in low:
        svg.circle(*point, 2.2, ACCENT)
    _radar_medians(svg, locale, axes, cx, cy, radius)
    return svg


def _radar_medians(svg: Svg, locale: Locale, axes: Sequence[Data], cx: float, cy: float, radius: float) -> None:
    """The sector's medians as a second line, left open beside an axis without one, with its label."""
    points = [
        _polar(cx, cy, radius * float(Decimal(axis["median"])) / 100, n, len(axes)) if "median" in axis else None
        for n, axis in enumerate(axes)
    ]
    known = [point for point in points if point is not None]
    if not known:
        return
    for n, end in enumerate(points):
        start = points[n - 1]
        if start is not None and end is not None:
            svg.line([start, end], WARN, 1.3, dash="6 3")
    for x, y in known:
        svg.rect(x - 2, y - 2, 4, 4, PAPER, WARN)
    svg.line([(4, 206), (26, 206)], WARN, 1.3, dash="6 3")
    svg.text(30, 209, locale.text("chart.radar.sector"), 8, fill=INK)


def _share(axis: Data, end: str) -> float:
    return float(Decimal(axis[end]) / Decimal(axis["full"]))


def _polar(cx: float, cy: float, radius: float, n: int, of: int) -> tuple[float, float]:
    angle = -math.pi / 2 + 2 * math.pi * n / of
    return cx + radius * math.cos(angle), cy + radius * math.sin(angle)


def _radar_label(
    svg: Svg, locale: Locale, axis: Data, share: tuple[float, float], at: tuple[float, float], cx: float
) -> None:
    low, high = (f"{100 * each:.0f}" for each in share)
    value = f"{low} %" if low == high else f"{low}–{high} %"
    anchor = "middle" if abs(at[0] - cx) < 5 else ("start" if at[0] > cx else "end")
    drop = -9 if at[1] < 60 and anchor == "middle" else (6 if anchor == "middle" else 0)
    svg.text(at[0], at[1] + drop, locale.inline(axis["label"]), 8.5, anchor=anchor, bold=True)
    svg.text(at[0], at[1] + drop + 10, value, 8, anchor=anchor, fill=MUTED)


CHARTS: Final[Mapping[str, Callable[[Data, Locale], Svg]]] = {"radar": _radar}
