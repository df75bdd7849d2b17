"""One piece of a baseline: a shape over its driver, further variables, coefficients and how well they are known."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ovoo_contract.errors import EvidenceError

from ovoo_models._select import savings_kernels
from ovoo_models.efficiency.savings.knees import KINDS, Shape, hinges, search, settle, sort_rows
from ovoo_models.efficiency.savings.numerics import zeros

__all__ = ["Choice", "Piece", "Segment", "charge", "choose", "fit_segment"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Columns from which a segment is fitted: driver x (n), further variables (n x q), energy y and weights w (n)."""

    x: array[float]
    extra: array[float]
    q: int
    y: array[float]
    w: array[float]

    def base(self) -> array[float]:
        """Rows of 1 and the further variables."""
        q = self.q
        if q == 0:
            return array("d", [1.0]) * len(self.x)
        base = array("d")
        for i in range(len(self.x)):
            base.append(1.0)
            base.extend(self.extra[i * q : i * q + q])
        return base


@dataclass(frozen=True, slots=True)
class Segment:
    """A fitted piece. Coefficients: constant, one a variable, then the slopes of the shape in its order.

    `inverse` is (X' W X)^-1 of the linearised design with the knees among its columns; `low` and `high` are the range
    of the driver, `ranges` those of the variables; `terms` counts coefficients and knees.
    """

    shape: Shape
    coefficients: tuple[float, ...]
    inverse: array[float]
    rss: float
    rows: int
    terms: int
    low: float
    high: float
    ranges: tuple[tuple[float, float], ...]

    def value(self, x: float, extra: Sequence[float]) -> float:
        """Expected energy at driver `x` and the variables."""
        c = self.coefficients
        total = c[0]
        for k, z in enumerate(extra, 1):
            total += c[k] * z
        for k, h in enumerate(hinges(self.shape, x), 1 + len(extra)):
            total += c[k] * h
        return total

    def design(self, x: float, extra: Sequence[float]) -> list[float]:
        """Row of the linearised design: 1, variables, hinges, and the slope by which each knee moves the value."""
        shape, slopes = self.shape, self.coefficients[1 + len(extra) :]
        return [1.0, *extra, *hinges(shape, x), *_knee_columns(shape, slopes, x)]

    def named(self, variables: Sequence[str]) -> Mapping[str, float]:
        """Coefficients and knees by name."""
        slopes = {"1P": (), "2P": ("slope",), "3P_left": ("slope_left",), "3P_right": ("slope_right",)}
        names = ["constant", *variables, *slopes.get(self.shape.kind, ("slope_left", "slope_right"))]
        found = dict(zip(names, self.coefficients, strict=True))
        for side, knee in (("knee_left", self.shape.left), ("knee_right", self.shape.right)):
            if knee == knee:
                found[side] = knee
        return found


def _knee_columns(shape: Shape, slopes: Sequence[float], x: float) -> tuple[float, ...]:
    """d value / d knee: the left slope below the left knee, minus the right slope above the right knee."""
    if shape.kind in ("1P", "2P"):
        return ()
    left = slopes[0] if shape.kind != "3P_right" and x < shape.left else 0.0
    right = -slopes[-1] if shape.kind != "3P_left" and x > shape.right else 0.0
    if shape.kind == "4P":
        return (left + right,)
    return (left,) if shape.kind == "3P_left" else (right,) if shape.kind == "3P_right" else (left, right)


@dataclass(frozen=True, slots=True)
class Choice:
    """The kind of model chosen for a piece: rows by rising x, the knees on the grid, sum of squares and terms."""

    piece: Piece
    shape: Shape
    rss: float
    terms: int


def charge(rss: float, rows: int, terms: int, cost: float) -> float:
    """RSS (1 + cost terms / n)^2, by which kinds and splits are compared: a final prediction error (Akaike 1969)."""
    share = 1.0 + cost * terms / rows
    return rss * (share * share)


def choose(piece: Piece, kinds: Sequence[str], least: int, cost: float, signs: tuple[int, int]) -> Choice:
    """The kind with the least charge among `kinds`; ties go to the simpler kind.

    Raises:
        EvidenceError: a variable is explained by the others, or no kind has enough rows.
    """
    order = sort_rows(piece.x)
    if order != list(range(len(order))):
        piece = _ordered(piece, order)
    found = search(piece.x, piece.base(), 1 + piece.q, piece.y, piece.w, least, signs)
    n, best, chosen = len(piece.x), math.inf, None
    for kind in KINDS:
        if kind not in found or kind not in kinds:
            continue
        rss, shape = max(found[kind][0], 0.0), found[kind][1]
        terms = 1 + piece.q + shape.terms
        charged = charge(rss, n, terms, cost)
        if n > 2 * terms and charged < best:
            best, chosen = charged, Choice(piece, shape, rss, terms)
    if chosen is None:
        raise EvidenceError(
            "too few rows for any kind of model", code="savings.too_few_rows_for_any_kind", offender="segment",
            value=n, remedy="fewer variables",
        )  # fmt: skip
    return chosen


def fit_segment(choice: Choice, least: int, signs: tuple[int, int]) -> Segment:
    """The chosen shape with its knees settled and its coefficients."""
    piece, n = choice.piece, len(choice.piece.x)
    base = piece.base()
    bounds = (piece.x[min(least, n) - 1], piece.x[max(n - least, 0)])
    shape = settle(choice.shape, bounds, signs, lambda s: _Solution(piece, base, s).settling())
    solution = _Solution(piece, base, shape)
    if solution.bad >= 0:
        raise EvidenceError(
            "a variable says what others say already", code="savings.variable_says_what_others_say_already",
            offender=f"column {solution.bad}",
        )  # fmt: skip
    q, w = piece.q, 1 + piece.q + shape.slopes + shape.knees
    ranges = tuple((min(piece.extra[k::q]), max(piece.extra[k::q])) for k in range(q))
    coefficients = tuple(solution.coef[: 1 + q + shape.slopes])
    return Segment(
        shape,
        coefficients,
        solution.inverse[: w * w],
        solution.steps[2],
        n,
        choice.terms,
        piece.x[0],
        piece.x[n - 1],
        ranges,
    )


class _Solution:
    """Least squares of a piece in one shape."""

    __slots__ = ("bad", "coef", "inverse", "q", "slopes", "steps")

    def __init__(self, piece: Piece, base: array[float], shape: Shape) -> None:
        p = 1 + piece.q
        self.coef, self.inverse, self.steps = zeros(p + 2), zeros((p + 4) * (p + 4)), zeros(3)
        self.q, self.slopes = piece.q, shape.slopes
        self.bad = savings_kernels.shape_fit(
            piece.x, base, p, piece.y, piece.w, len(piece.x), KINDS.index(shape.kind), shape.left, shape.right,
            self.coef, self.inverse, self.steps,
        )  # fmt: skip
        if self.bad >= 0:
            self.steps[2] = math.inf

    def settling(self) -> tuple[float, tuple[float, float], tuple[float, ...]]:
        """Sum of squares, the steps of the knees, the slopes."""
        return self.steps[2], (self.steps[0], self.steps[1]), tuple(self.coef[1 + self.q : 1 + self.q + self.slopes])


def _ordered(piece: Piece, order: Sequence[int]) -> Piece:
    q = piece.q
    extra = array("d", [v for i in order for v in piece.extra[i * q : i * q + q]]) if q else piece.extra
    picked = [array("d", [column[i] for i in order]) for column in (piece.x, piece.y, piece.w)]
    return Piece(picked[0], extra, q, picked[1], picked[2])
