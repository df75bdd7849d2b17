"""Charts of structure: where the energy flows, and how machines reach the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ovoo_models.svg import ACCENT, ALERT, GRID, INK, MUTED, PAPER, WARN, WIDTH, Svg, fitting

from ovoo_cloud.reports.resolve import Locale

__all__ = ["CHARTS"]

Data = Mapping[str, Any]
_STEPS: Final = 16
_GAP: Final = 7.0
_NODE: Final = 8.0
_LEAST_ROW: Final = 11.0


def _flows(data: Data, locale: Locale) -> Svg:
    """Ribbons from the whole to its parts, as wide as their energy; what nobody measured has a colour and a name."""
    parts = data["parts"]
    whole = sum(float(part["amount"]) for part in parts)
    scale = 130.0 / whole
    heights = [float(part["amount"]) * scale for part in parts]
    tops, y = [], 6.0
    for height in heights:
        tops.append(y)
        y += max(height, _LEAST_ROW) + _GAP
    svg = Svg(WIDTH, y + 2)
    left, right = 96.0, WIDTH - 190.0
    start = max((y - 130.0) / 2, 4.0)
    svg.rect(left, start, _NODE, 130.0, INK)
    svg.text(left - 6, start + 60, locale.inline(data["whole"]), 8.5, anchor="end", bold=True)
    svg.text(left - 6, start + 72, locale.inline(data["amount"]), 7.5, anchor="end", fill=MUTED)
    for part, height, top in zip(parts, heights, tops, strict=True):
        fill = ACCENT if part["known"] else WARN
        _ribbon(svg, left + _NODE, start, right, top, max(height, 0.6), fill)
        svg.rect(right, top, _NODE, max(height, 0.8), fill)
        words = f"{locale.inline(part['label'])}  {locale.inline(part['words'])}"
        size = fitting(words, WIDTH - right - _NODE - 6, 8)
        svg.text(right + _NODE + 5, top + max(height, 1) / 2 + 3, words, size, fill=INK if part["known"] else WARN)
        start += height
    return svg


def _ribbon(svg: Svg, x: float, y: float, to_x: float, to_y: float, wide: float, fill: str) -> None:
    upper = []
    for n in range(_STEPS + 1):
        share = n / _STEPS
        upper.append((x + (to_x - x) * share, y + (to_y - y) * share * share * (3 - 2 * share)))
    lower = [(px, py + wide) for px, py in reversed(upper)]
    svg.line([*upper, *lower], "none", 0, close=True, fill=fill, opacity=0.28)


_VERDICTS: Final = {"yes": ("●", ACCENT, ""), "no": ("×", ALERT, "3 2"), "unknown": ("?", WARN, "3 2")}


def _network_map(data: Data, locale: Locale) -> Svg:
    """Platform, areas and machines; a solid line delivers, a broken one does not, or nobody knows."""
    rows = [(area, machine) for area in data["areas"] for machine in area["machines"]]
    height = 15.0
    tall = max(height * len(rows) + 6.0 * len(data["areas"]), 60.0)
    svg = Svg(WIDTH, tall + 4)
    _platform(svg, locale, data, tall)
    y = 4.0
    for area in data["areas"]:
        bottom = y + height * len(area["machines"])
        middle = (y + bottom) / 2
        svg.rect(130, y, 108, bottom - y - 2, PAPER)
        words = locale.inline(area["label"])
        svg.text(184, middle + 2, words, fitting(words, 100, 8), anchor="middle", bold=True)
        if any(machine["verdict"] == "yes" for machine in area["machines"]):
            svg.line([(104, tall / 2), (117, tall / 2), (117, middle), (130, middle)], ACCENT, 1.2)
        for machine in area["machines"]:
            _machine(svg, locale, machine, y + height / 2)
            y += height
        y += 6.0
    return svg


def _platform(svg: Svg, locale: Locale, data: Data, tall: float) -> None:
    svg.rect(2, tall / 2 - 26, 102, 52, "#ffffff", ACCENT)
    svg.text(53, tall / 2 - 10, locale.text("map.platform"), 8.5, anchor="middle", bold=True)
    for n, figure in enumerate(("gateways", "tls")):
        words = locale.text(f"map.{figure}", count=locale.inline(data[figure]))
        svg.text(53, tall / 2 + 4 + 12 * n, words, fitting(words, 98, 7.5), anchor="middle", fill=MUTED)


def _machine(svg: Svg, locale: Locale, machine: Data, y: float) -> None:
    sign, fill, dash = _VERDICTS.get(machine["verdict"], ("–", MUTED, ""))
    if machine["verdict"] in _VERDICTS:
        svg.line([(238, y - 1), (262, y - 1)], fill, 1.2, dash=dash)
    else:
        svg.line([(262, y - 5), (262, y + 3)], GRID, 1.2)
    words = f"{sign} {locale.inline(machine['label'])}"
    size = fitting(words, 118, 8)
    svg.text(267, y + 2, words, size, fill=INK)
    note = locale.inline(machine["note"])
    svg.text(WIDTH, y + 2, note, fitting(note, 44, 7), anchor="end", fill=MUTED)


CHARTS: Mapping[str, Callable[[Data, Locale], Svg]] = {"flows": _flows, "network_map": _network_map}
