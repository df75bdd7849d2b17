"""Charts of structure: where the energy flows, and how machines reach the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ovoo_models.svg import ACCENT, ALERT, GRID, INK, MUTED, PAPER, WARN, WIDTH, Svg, fitting

from ovoo_cloud.reports.resolve import Locale

__all__ = ["CHARTS"]

Data = Mapping[str, Any]
_STEPS: Final = 16
_GAP: Final = 7.0
_NODE: Final = 8.0
_LEAST_ROW: Final = 14.0


_TALL: Final = 130.0
"""Height of the whole."""


def _flows(data: Data, locale: Locale) -> Svg:
    """Ribbons from the whole to its parts, as wide as their energy; what nobody measured has a colour and a name.

    With `sources`, the carriers that make up the whole stand on its left.
    """
    parts, sources = data["parts"], data.get("sources", [])
    scale = _TALL / sum(float(part["amount"]) for part in parts)
    right, tall = _stacked(parts, scale)
    left, tall_left = _stacked(sources, scale)
    svg = Svg(WIDTH, max(tall, tall_left, _TALL + 34 if sources else 0.0) + 2)
    middle, to_x = (168.0, 252.0) if sources else (96.0, WIDTH - 190.0)
    start = max((svg.height - 2 - _TALL) / 2, 26.0 if sources else 4.0)
    _whole(svg, locale, data, middle, start, below=bool(sources))
    at = start
    for part, (top, height) in zip(parts, right, strict=True):
        fill = ACCENT if part["known"] else WARN
        _ribbon(svg, middle + _NODE, at, to_x, top, max(height, 0.6), fill)
        svg.rect(to_x, top, _NODE, max(height, 0.8), fill)
        words = f"{locale.inline(part['label'])}  {locale.inline(part['words'])}"
        size = fitting(words, WIDTH - to_x - _NODE - 6, 8)
        svg.text(to_x + _NODE + 5, top + max(height, 1) / 2 + 3, words, size, fill=INK if part["known"] else WARN)
        at += height
    if sources:
        placed = [(top + start - left[0][0], height) for top, height in left]
        _sources(svg, locale, sources, placed, (middle, start))
    return svg


def _stacked(parts: Sequence[Data], scale: float) -> tuple[list[tuple[float, float]], float]:
    """Top and height of each part, one below the other with room for its words, and where they end."""
    places, y = [], 6.0
    for part in parts:
        height = float(part["amount"]) * scale
        places.append((y, height))
        y += max(height, _LEAST_ROW) + _GAP
    return places, y


def _whole(svg: Svg, locale: Locale, data: Data, x: float, start: float, *, below: bool) -> None:
    svg.rect(x, start, _NODE, _TALL, INK)
    label, amount = locale.inline(data["whole"]), locale.inline(data["amount"])
    if below:  # ribbons come in from the left: the words stand above them
        svg.text(x + _NODE, start - 14, label, 8.5, anchor="end", bold=True)
        svg.text(x + _NODE, start - 4, amount, 7.5, anchor="end", fill=MUTED)
    else:
        svg.text(x - 6, start + 60, label, 8.5, anchor="end", bold=True)
        svg.text(x - 6, start + 72, amount, 7.5, anchor="end", fill=MUTED)


def _sources(
    svg: Svg,
    locale: Locale,
    sources: Sequence[Data],
    places: Sequence[tuple[float, float]],
    whole: tuple[float, float],
) -> None:
    x, at = 84.0, whole[1]
    for source, (top, height) in zip(sources, places, strict=True):
        _ribbon(svg, x + _NODE, top, whole[0], at, max(height, 0.6), MUTED)
        svg.rect(x, top, _NODE, max(height, 0.8), MUTED)
        middle = top + max(height, 1) / 2
        label = locale.inline(source["label"])
        svg.text(x - 5, middle, label, fitting(label, x - 8, 8), anchor="end", bold=True)
        words = locale.inline(source["words"])
        svg.text(x - 5, middle + 9, words, fitting(words, x - 8, 7), anchor="end", fill=MUTED)
        at += height


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
