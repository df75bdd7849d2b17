"""Figures of a snapshot: decimal strings with unit, class, formula, inputs and evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ovoo_contract.errors import EvidenceError

from ovoo_cloud.diagnosis.formulas import Interval, evaluate, quantise

__all__ = ["Figure", "FigureBook", "Input", "constant", "least_digits", "recompute"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the report. `value` is None when only a range, or nothing, is known.

    `low` and `high` carry the range; both None with no value means insufficient evidence.
    """

    id: str
    unit: str
    digits: int
    value: str | None
    low: str | None
    high: str | None
    cls: str
    formula: str
    inputs: tuple[Mapping[str, str], ...]
    evidence: tuple[str, ...]
    reference_only: bool
    reason: str

    @property
    def known(self) -> bool:
        """Whether there is one definite value."""
        return self.value is not None

    def interval(self) -> Interval | None:
        """The value as an interval; None when nothing is known."""
        if self.value is not None:
            return Decimal(self.value), Decimal(self.value)
        if self.low is None or self.high is None:
            return None
        return Decimal(self.low), Decimal(self.high)

    def to_json(self) -> dict[str, Any]:
        """Plain data, all keys always present."""
        return {
            "unit": self.unit,
            "digits": self.digits,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "class": self.cls,
            "formula": self.formula,
            "inputs": [dict(each) for each in self.inputs],
            "evidence": list(self.evidence),
            "reference_only": self.reference_only,
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, name: str, data: Mapping[str, Any]) -> Figure:
        """The figure of `to_json` data."""
        return cls(
            id=name,
            unit=data["unit"],
            digits=data["digits"],
            value=data["value"],
            low=data["low"],
            high=data["high"],
            cls=data["class"],
            formula=data["formula"],
            inputs=tuple(data["inputs"]),
            evidence=tuple(data["evidence"]),
            reference_only=data["reference_only"],
            reason=data["reason"],
        )


Input = Mapping[str, str]


def least_digits(*values: Decimal) -> int:
    """Decimals needed to print all values exactly, at most 3."""
    exponents = [value.normalize().as_tuple().exponent for value in values]
    return min(3, max([0, *(-each for each in exponents if isinstance(each, int))]))


def constant(value: Decimal | str | int, source: str) -> Input:
    """An input that is not a figure: a dated factor, a case entry or a number of the formula, with where it is from."""
    return {"constant": str(value), "source": source}


@dataclass(slots=True)
class FigureBook:
    """Collects the figures of one snapshot; an id is used once."""

    figures: dict[str, Figure] = field(default_factory=dict)

    def _put(self, figure: Figure) -> Figure:
        if figure.id in self.figures:
            raise EvidenceError("figure id used twice", offender=figure.id)
        self.figures[figure.id] = figure
        return figure

    def base(
        self,
        name: str,
        value: Decimal | str | int | None,
        *,
        unit: str,
        digits: int = 0,
        cls: str = "measured",
        formula: str = "",
        evidence: Sequence[str] = (),
        bounds: tuple[Decimal, Decimal] | None = None,
        reference_only: bool = False,
        reason: str = "",
    ) -> Figure:
        """A figure from samples or from the case; `bounds` when only a range is known."""
        low = high = None
        if value is None and bounds is not None:
            low, high = quantise(bounds[0], digits), quantise(bounds[1], digits)
        text = None if value is None else quantise(Decimal(value), digits)
        if low is not None and low == high:
            text, low, high = low, None, None
        return self._put(
            Figure(name, unit, digits, text, low, high, cls, formula, (), tuple(evidence), reference_only, reason)
        )

    def derived(
        self,
        name: str,
        formula: str,
        inputs: Sequence[Figure | Input],
        *,
        unit: str,
        digits: int,
        reference_only: bool = False,
        reason: str = "",
    ) -> Figure:
        """A figure computed from other figures and constants; unknown inputs make it unknown, ranges make a range."""
        links = tuple({"figure": each.id} if isinstance(each, Figure) else dict(each) for each in inputs)
        parents = [each for each in inputs if isinstance(each, Figure)]
        shell = Figure(
            id=name,
            unit=unit,
            digits=digits,
            value=None,
            low=None,
            high=None,
            cls=_weakest([parent.cls for parent in parents]),
            formula=formula,
            inputs=links,
            evidence=tuple(dict.fromkeys(e for parent in parents for e in parent.evidence)),
            reference_only=reference_only or any(parent.reference_only for parent in parents),
            reason=reason or next((parent.reason for parent in parents if parent.reason), ""),
        )
        return self._put(recompute(shell, self.figures))

    def __getitem__(self, name: str) -> Figure:
        return self.figures[name]


_ORDER = ("measured", "verified", "declared", "insufficient")


def _weakest(classes: Sequence[str]) -> str:
    return max(classes, key=_ORDER.index, default="declared")


def recompute(figure: Figure, known: Mapping[str, Figure]) -> Figure:
    """The derived figure computed again from its inputs as printed.

    Raises:
        EvidenceError: an input names no figure, or the formula is unknown.
    """
    arguments: list[Interval] = []
    for each in figure.inputs:
        interval = _interval(each, known, figure.id)
        if interval is None:
            return _with(figure, None, None, None)
        arguments.append(interval)
    if not arguments:
        return _with(figure, None, None, None)
    low, high = evaluate(figure.formula, arguments)
    if low == high:
        return _with(figure, quantise(low, figure.digits), None, None)
    return _with(figure, None, quantise(low, figure.digits), quantise(high, figure.digits))


def _interval(source: Input, known: Mapping[str, Figure], name: str) -> Interval | None:
    if "constant" in source:
        return Decimal(source["constant"]), Decimal(source["constant"])
    if source["figure"] not in known:
        raise EvidenceError("input is no figure of the snapshot", offender=name, value=source["figure"])
    return known[source["figure"]].interval()


def _with(figure: Figure, value: str | None, low: str | None, high: str | None) -> Figure:
    cls = figure.cls if value is not None or low is not None else "insufficient"
    return Figure(
        figure.id,
        figure.unit,
        figure.digits,
        value,
        low,
        high,
        cls,
        figure.formula,
        figure.inputs,
        figure.evidence,
        figure.reference_only,
        figure.reason,
    )
