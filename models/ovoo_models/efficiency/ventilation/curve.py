"""A fan's pressure over its flow, smooth and defined everywhere."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ovoo_contract.errors import ConfigError

__all__ = ["FanCurve"]

_TERMS: Final = 6
_LOOKS: Final = 16


@dataclass(frozen=True, slots=True)
class FanCurve:
    """Total pressure (Pa) over flow (m3/s), given between `knots[0]` and `knots[-1]`.

    terms: six coefficients a segment, in powers of flow - knot. Outside the curve goes on straight, with the slope of
    its end where that falls and level where it rises, so that every network has a solution; a point there is warned of.
    """

    knots: tuple[float, ...]
    terms: tuple[tuple[float, ...], ...]

    @classmethod
    def from_points(cls, points: Sequence[tuple[float, float]]) -> FanCurve:
        """Through two or more (m3/s, Pa) points of rising flow, without new humps between them.

        Cubic Hermite segments with the slopes of Fritsch and Butland (SIAM J. Sci. Stat. Comput. 5 (1984) 300).
        """
        flows, heads = [float(q) for q, _ in points], [float(h) for _, h in points]
        if len(points) < 2 or not all(math.isfinite(x) for x in flows + heads):
            raise ConfigError(
                "a curve has two or more finite points", code="ventilation.curve_has_two_or_more_finite",
                offender="fan.points", value=list(points), remedy="(m3/s, Pa)",
            )  # fmt: skip
        for before, after in pairwise(flows):
            if not before < after:
                raise ConfigError(
                    "flows of a curve rise", code="ventilation.flows_of_curve_rise", offender="fan.points",
                    value=(before, after), remedy="sort, give each once",
                )  # fmt: skip
        slopes = _slopes(flows, heads)
        terms = tuple(
            _hermite(flows[i + 1] - flows[i], heads[i], heads[i + 1], slopes[i], slopes[i + 1])
            for i in range(len(flows) - 1)
        )
        return cls(tuple(flows), terms)

    @classmethod
    def from_polynomial(cls, terms: Sequence[float], low_m3_s: float, high_m3_s: float) -> FanCurve:
        """a0 + a1 q + ... of degree up to 5, which holds from `low_m3_s` to `high_m3_s`."""
        if not 1 <= len(terms) <= _TERMS or not all(math.isfinite(each) for each in terms):
            raise ConfigError(
                "one to six finite terms are needed", code="ventilation.one_to_six_finite_terms_needed",
                offender="fan.polynomial", value=list(terms), remedy="a0, a1, ...",
            )  # fmt: skip
        if not -math.inf < low_m3_s < high_m3_s < math.inf:
            raise ConfigError(
                "the range is empty", code="ventilation.range_empty", offender="fan.range",
                value=(low_m3_s, high_m3_s), remedy="low < high, in m3/s",
            )  # fmt: skip
        moved = _shifted([float(each) for each in terms], low_m3_s)
        return cls((float(low_m3_s), float(high_m3_s)), (tuple(moved + [0.0] * (_TERMS - len(moved))),))

    def scaled(self, speed: float) -> FanCurve:
        """At `speed` times the speed of the curve (> 0): flow with speed, pressure with its square."""
        if not 0.0 < speed < math.inf:
            raise ConfigError(
                "speed is above 0", code="ventilation.speed_above_0", offender="fan.speed", value=speed,
                remedy="1 is the curve's own",
            )  # fmt: skip
        if speed == 1.0:
            return self
        square = speed * speed
        powers = [square / speed**k for k in range(_TERMS)]
        terms = tuple(tuple(a * b for a, b in zip(each, powers, strict=True)) for each in self.terms)
        return FanCurve(tuple(speed * q for q in self.knots), terms)

    def at(self, flow_m3_s: float) -> tuple[float, float]:
        """Pressure (Pa) and its slope (Pa s/m3)."""
        low, high = self.knots[0], self.knots[-1]
        if flow_m3_s < low or flow_m3_s > high:
            left_head, left_slope, right_head, right_slope = self.ends()
            if flow_m3_s < low:
                return left_head + left_slope * (flow_m3_s - low), left_slope
            return right_head + right_slope * (flow_m3_s - high), right_slope
        return self._inside(min(bisect_right(self.knots, flow_m3_s) - 1, len(self.terms) - 1), flow_m3_s)

    def ends(self) -> tuple[float, float, float, float]:
        """Pressure and outward slope at the left end, the same at the right; no slope rises."""
        left, left_slope = self._inside(0, self.knots[0])
        right, right_slope = self._inside(len(self.terms) - 1, self.knots[-1])
        return left, min(left_slope, 0.0), right, min(right_slope, 0.0)

    def peak_flow(self) -> float:
        """The flow from which on the curve only falls; the left end where it falls throughout."""
        found = self.knots[0]
        for i, low in enumerate(self.knots[:-1]):
            width = self.knots[i + 1] - low
            for k in range(_LOOKS + 1):
                q = low + width * k / _LOOKS
                if self._inside(i, q)[1] > 0.0:
                    found = max(found, self._last_rise(i, q, min(q + width / _LOOKS, self.knots[i + 1])))
        return found

    @property
    def rises(self) -> bool:
        """Whether pressure rises with flow somewhere: the fan can stall, and two points of work may exist."""
        return self.peak_flow() > self.knots[0]

    def _last_rise(self, segment: int, low: float, high: float) -> float:
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self._inside(segment, middle)[1] > 0.0 else (low, middle)
        return high

    def _inside(self, segment: int, flow_m3_s: float) -> tuple[float, float]:
        u = flow_m3_s - self.knots[segment]
        head, slope = self.terms[segment][-1], 0.0
        for each in reversed(self.terms[segment][:-1]):
            slope = slope * u + head
            head = head * u + each
        return head, slope


def _slopes(flows: list[float], heads: list[float]) -> list[float]:
    widths = [b - a for a, b in pairwise(flows)]
    rates = [(b - a) / w for (a, b), w in zip(pairwise(heads), widths, strict=True)]
    inner = []
    for i in range(1, len(rates)):
        left, right = rates[i - 1], rates[i]
        if left * right <= 0.0:
            inner.append(0.0)
        else:
            first, second = 2.0 * widths[i] + widths[i - 1], widths[i] + 2.0 * widths[i - 1]
            inner.append((first + second) / (first / left + second / right))
    return [rates[0], *inner, rates[-1]]


def _hermite(width: float, left: float, right: float, left_slope: float, right_slope: float) -> tuple[float, ...]:
    rate = (right - left) / width
    square = (3.0 * rate - 2.0 * left_slope - right_slope) / width
    cube = (left_slope + right_slope - 2.0 * rate) / (width * width)
    return left, left_slope, square, cube, 0.0, 0.0


def _shifted(terms: list[float], by: float) -> list[float]:
    """The same polynomial in powers of q - by."""
    found = list(terms)
    for first in range(len(found) - 1):
        for k in range(len(found) - 2, first - 1, -1):
            found[k] += by * found[k + 1]
    return found
