"""A meter tree as a Sankey picture: widths are energies; what no meter below accounts for has its own stroke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ovoo_models.efficiency.plots.panel import document, word
from ovoo_models.plot import Look
from ovoo_models.svg import Svg, fitting

__all__ = ["Flow", "draw_flows"]

_GAP = 10.0
_NODE = 9.0
_STEPS = 16


@dataclass(frozen=True, slots=True)
class Flow:
    """A meter with its value in the unit of the picture and half of its band (0: not known); the meters below it."""

    name: str
    value: float
    half_width: float = 0.0
    below: Sequence[Flow] = field(default=())


def draw_flows(root: Flow, look: Look, unit: str = "kWh", height: float = 300.0) -> str:
    """The SVG document. Raises nothing: a meter below that exceeds the one above is drawn and its rest is negative."""
    svg = Svg(look.width, height)
    title = word("flows", look.language)
    svg.text(8, 16, f"{title} ({unit})", 9.5, fill=look.palette.ink, bold=True)
    depth = _depth(root)
    columns = [8.0 + n * (look.width - 140.0) / max(depth - 1, 1) for n in range(depth)]
    leaves = _leaves(root)
    room = height - 40.0 - _GAP * max(leaves - 1, 0)
    scale = max(room, 20.0) / max(_extent(root), 1e-12)
    _Sankey(svg, look, unit, columns, scale).node(root, 0, 28.0)
    return document(svg, title, look)


def _depth(flow: Flow) -> int:
    return 1 + max((_depth(each) for each in flow.below), default=0)


def _rest(flow: Flow) -> float:
    return flow.value - sum(each.value for each in flow.below) if flow.below else 0.0


def _leaves(flow: Flow) -> int:
    return sum(_leaves(each) for each in flow.below) + (1 if _rest(flow) > 0 else 0) if flow.below else 1


def _extent(flow: Flow) -> float:
    return max(flow.value, sum(_extent(each) for each in flow.below))


class _Sankey:
    def __init__(self, svg: Svg, look: Look, unit: str, columns: Sequence[float], scale: float) -> None:
        self.svg, self.look, self.unit, self.columns, self.scale = svg, look, unit, columns, scale

    def node(self, flow: Flow, column: int, top: float) -> float:
        """Draws a meter and all below it from `top` on; gives where the next may start."""
        x, y, source = self.columns[column], top, top
        for each in flow.below:
            place = y
            y = self.node(each, column + 1, y)
            self._stroke(x, source, self.columns[column + 1], place, each.value, self.look.palette.accent)
            source += each.value * self.scale
        rest = _rest(flow)
        if rest > 0 and flow.below:
            self._stroke(x, source, x + 60, y, rest, self.look.palette.alert)
            words = f"{word('unaccounted', self.look.language)} {rest:,.5g} ({100 * rest / flow.value:.1f} %)"
            self._words(x + 62, y + rest * self.scale / 2 + 3, words, self.look.palette.alert)
            y += rest * self.scale + _GAP
        high = max(flow.value * self.scale, 1.0)
        self.svg.rect(x, top, _NODE, high, self.look.palette.ink)
        band = f" ± {flow.half_width:,.2g}" if flow.half_width else ""
        words = f"{flow.name} {flow.value:,.5g}{band}"
        if flow.below and rest < 0:
            words += f" ({word('unaccounted', self.look.language)} {rest:,.5g})"
        fill = self.look.palette.alert if rest < 0 else self.look.palette.ink
        self._words(x + _NODE + 3, top + min(high / 2 + 3, 12.0), words, fill)
        return max(y, top + high + _GAP) if not flow.below else max(y, top + high)

    def _words(self, x: float, y: float, words: str, fill: str) -> None:
        size = fitting(words, self.look.width - x - 4, 8.5)
        self.svg.text(x, y, words, size, fill=fill, bold=fill == self.look.palette.alert)

    def _stroke(self, x: float, y: float, to_x: float, to_y: float, value: float, fill: str) -> None:
        """A ribbon of even width, level at both ends."""
        start, wide = x + _NODE, max(value * self.scale, 0.6)
        upper = []
        for n in range(_STEPS + 1):
            share = n / _STEPS
            smooth = share * share * (3 - 2 * share)
            upper.append((start + (to_x - start) * share, y + (to_y - y) * smooth))
        lower = [(px, py + wide) for px, py in reversed(upper)]
        self.svg.line([*upper, *lower], "none", 0, close=True, fill=fill, opacity=0.25)
