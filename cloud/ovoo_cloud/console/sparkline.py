"""A small line of the last hours against its normal band, as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

__all__ = ["sparkline"]

_WIDTH = 120.0
_HEIGHT = 28.0
_PAD = 2.0


def sparkline(
    values: Sequence[float],
    *,
    low: float | None = None,
    high: float | None = None,
    label: str = "",
    abnormal: bool = False,
) -> Markup:
    """SVG of evenly spaced values; NaN leaves a gap; `low`, `high` draw the normal band where it is in view."""
    known = [value for value in values if not math.isnan(value)]
    if len(known) < 2:
        return Markup("")
    bottom, top = min(known), max(known)
    if top - bottom < 1e-12 * max(1.0, abs(top)):
        bottom, top = bottom - 0.5, top + 0.5

    def y(value: float) -> float:
        share = min(max((value - bottom) / (top - bottom), 0.0), 1.0)
        return _HEIGHT - _PAD - share * (_HEIGHT - 2 * _PAD)

    parts = []
    if low is not None and high is not None and high > bottom and low < top:
        parts.append(
            f'<rect class="normal" x="0" y="{y(high):.1f}" width="{_WIDTH:g}" height="{y(low) - y(high):.1f}"/>'
        )
    parts.append(f'<path d="{_path(values, y)}"/>')
    kind = "spark abnormal" if abnormal else "spark"
    head = Markup('<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">').format(
        kind, f"{_WIDTH:g}", f"{_HEIGHT:g}", label
    )
    return head + Markup("".join(parts) + "</svg>")  # noqa: S704  # parts hold formatted numbers only


def _path(values: Sequence[float], y: Callable[[float], float]) -> str:
    step = _WIDTH / max(1, len(values) - 1)
    commands = []
    drawing = False
    for index, value in enumerate(values):
        if math.isnan(value):
            drawing = False
            continue
        commands.append(f"{'L' if drawing else 'M'}{index * step:.1f} {y(value):.1f}")
        drawing = True
    return "".join(commands)
