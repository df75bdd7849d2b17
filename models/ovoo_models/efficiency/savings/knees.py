"""Search of the knees of one driver: all model kinds at once, from moment sums, then the exact place of each knee."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import EvidenceError

from ovoo_models._select import savings_kernels
from ovoo_models.efficiency.savings.numerics import zeros

__all__ = ["KINDS", "Shape", "hinges", "search", "settle", "sort_rows"]

KINDS: Final = ("1P", "2P", "3P_left", "3P_right", "4P", "5P")
_SLOPES: Final = {"1P": 0, "2P": 1, "3P_left": 1, "3P_right": 1, "4P": 2, "5P": 2}
_KNEES: Final = {"1P": 0, "2P": 0, "3P_left": 1, "3P_right": 1, "4P": 1, "5P": 2}
_COARSE, _AROUND = 24, 3


@dataclass(frozen=True, slots=True)
class Shape:
    """How energy follows the driver: kind, and the knees as far as the kind has them (driver's unit).

    1P: not at all; 2P: a straight line; 3P_left: rises below `left`; 3P_right: rises above `right`; 4P: both at one
    knee; 5P: flat between two knees.
    """

    kind: str
    left: float = math.nan
    right: float = math.nan

    @property
    def slopes(self) -> int:
        """Coefficients beyond the constant."""
        return _SLOPES[self.kind]

    @property
    def knees(self) -> int:
        """Knees that were sought."""
        return _KNEES[self.kind]

    @property
    def terms(self) -> int:
        """Coefficients and knees beyond the constant."""
        return self.slopes + self.knees


def hinges(shape: Shape, x: float) -> tuple[float, ...]:
    """The regressors of a shape at `x`: none, x, (left - x)+ and (x - right)+."""
    if shape.kind == "1P":
        return ()
    if shape.kind == "2P":
        return (x,)
    below = shape.left - x if x < shape.left else 0.0
    if shape.kind == "3P_left":
        return (below,)
    above = x - shape.right if x > shape.right else 0.0
    return (above,) if shape.kind == "3P_right" else (below, above)


def sort_rows(x: Sequence[float]) -> list[int]:
    """Rows by rising x; equal ones keep their order."""
    return sorted(range(len(x)), key=x.__getitem__)


def search(
    x: array[float],
    base: array[float],
    p: int,
    y: array[float],
    w: array[float],
    least: int,
    signs: tuple[int, int] = (0, 0),
) -> dict[str, tuple[float, Shape]]:
    """Least weighted sum of squares and shape of every admissible kind.

    x ascending, base len(x) x p with the constant first, y and w in the same order; `least` rows lie beyond each knee;
    `signs` of the slopes below and above, 0 for any. A coarse grid is followed by one three times as fine round the
    best knees of each kind. EvidenceError names a base column that the others explain.
    """
    n = len(x)
    middle, level = x[n // 2], math.fsum(y) / n
    centred, lowered = array("d", [v - middle for v in x]), array("d", [v - level for v in y])
    out = zeros(30)

    def run(knees: array[float]) -> None:
        bad = savings_kernels.knee_search(centred, base, p, lowered, w, n, knees, least, signs[0], signs[1], out)
        if bad >= 0:
            raise EvidenceError(
                "a variable says what others say already", code="savings.variable_says_what_others_say_already",
                offender=f"column {bad}", value=bad,
            )  # fmt: skip

    low, high = (centred[least - 1], centred[n - least]) if n >= 2 * least else (0.0, 0.0)
    step = (high - low) / (_COARSE - 1)
    if not step > 0.0:
        run(array("d"))
        return _found(out, array("d"), middle)
    coarse = array("d", [low + k * step for k in range(_COARSE)])
    run(coarse)
    near = sorted({place for kind in range(2, 6) if out[kind * 5] < math.inf for place in _places(kind, out)})
    fine = {low + k * step / _AROUND for place in near for k in range(_AROUND * place - 2, _AROUND * place + 3)}
    run(array("d", sorted(fine)) if fine else coarse)
    return _found(out, array("d", sorted(fine)) if fine else coarse, middle)


def _places(kind: int, out: array[float]) -> tuple[int, ...]:
    left, right = int(out[kind * 5 + 1]), int(out[kind * 5 + 2])
    return {2: (left,), 3: (right,)}.get(kind, (left, right))


def _found(out: array[float], knees: array[float], middle: float) -> dict[str, tuple[float, Shape]]:
    found: dict[str, tuple[float, Shape]] = {}
    for place, kind in enumerate(KINDS):
        if not out[place * 5] < math.inf:
            continue
        left = knees[int(out[place * 5 + 1])] + middle if kind in ("3P_left", "4P", "5P") else math.nan
        right = knees[int(out[place * 5 + 2])] + middle if kind in ("3P_right", "4P", "5P") else math.nan
        found[kind] = (out[place * 5], Shape(kind, left, right))
    return found


Settling = tuple[float, tuple[float, float], tuple[float, ...]]
"""Sum of squares of a shape, the steps by which its linearisation would move the knees, its slopes."""


def settle(
    shape: Shape,
    bounds: tuple[float, float],
    signs: tuple[int, int],
    evaluate: Callable[[Shape], Settling],
    turns: int = 8,
) -> Shape:
    """The shape with its knees moved to the least sum of squares by Gauss-Newton steps (Muggeo 2003).

    A step is taken where the sum falls and the slopes keep their signs, else a quarter of it is tried.
    """
    if shape.knees == 0:
        return shape
    best, steps, _slopes = evaluate(shape)
    scale = 1.0
    for _turn in range(turns):
        moved = _moved(shape, steps, scale, bounds)
        if moved == shape:
            break
        found, after, slopes = evaluate(moved)
        if found < best and _admissible(shape.kind, slopes, signs):
            gain, shape, best, steps, scale = best - found, moved, found, after, 1.0
            if gain <= 1e-12 * best:
                break
        else:
            scale *= 0.25
    return shape


def _admissible(kind: str, slopes: Sequence[float], signs: tuple[int, int]) -> bool:
    wanted = {"3P_left": signs[:1], "3P_right": signs[1:]}.get(kind, signs)
    return all(slope * sign >= 0.0 for slope, sign in zip(slopes, wanted, strict=True))


def _moved(shape: Shape, steps: tuple[float, float], scale: float, bounds: tuple[float, float]) -> Shape:
    low, high = bounds
    left = min(max(shape.left + scale * steps[0], low), high) if shape.left == shape.left else shape.left
    right = min(max(shape.right + scale * steps[1], low), high) if shape.right == shape.right else shape.right
    if shape.kind == "4P":
        right = left
    elif shape.kind == "5P" and left > right:
        left = right = 0.5 * (left + right)
    return Shape(shape.kind, left, right)
