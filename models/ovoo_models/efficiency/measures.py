"""Measures with their saving, from measured evidence only; payback only where the case brings price and cost.

Uncertainty is propagated to first order (GUM): for each input the half difference of the saving at one standard
uncertainty above and below, added in squares. Inputs are taken as independent.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from ovoo_contract.errors import ConfigError, UnitError
from ovoo_contract.units import convert

from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.measure_kinds import Input, MeasureKind, kind_of
from ovoo_models.efficiency.mv_plan import MvPlan, plan_for

__all__ = ["Chosen", "Economics", "Evidence", "Measure", "Payback", "appraise", "rank"]

Status = Literal["saving", "not_certain", "no_saving", "insufficient_evidence"]
_EVIDENCE_ID: Final = re.compile(r"ev_[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A measured input with the id of its evidence (CONTRACT 8)."""

    value: Estimate
    evidence_id: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A decision, such as a target, with the document or person it comes from."""

    value: float
    unit: str
    document: str


@dataclass(frozen=True, slots=True)
class Economics:
    """Prices and costs of the case; None is not known. `price` is yuan per unit of the saving (per kW and month for a
    demand peak), `per_year` how often the saving of the inputs' time comes in a year."""

    price: Decimal | None = None
    price_document: str = ""
    cost_low: Decimal | None = None
    cost_high: Decimal | None = None
    cost_document: str = ""
    per_year: float | None = None


@dataclass(frozen=True, slots=True)
class Payback:
    """Years to earn the cost back: cheapest at the greatest saving to dearest at the least, both ends of the 90 %
    interval; `high` is None where the least saving is not above zero."""

    low: float
    high: float | None


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure appraised. `saving` is NaN, and `missing` says why, where evidence is insufficient.

    `open_economics` names what the case does not give: payback is then insufficient evidence too.
    """

    kind: MeasureKind
    asset: str
    status: Status
    saving: Estimate
    yuan_per_year: Estimate | None
    cost: tuple[Decimal, Decimal] | None
    payback: Payback | None
    missing: tuple[str, ...]
    open_economics: tuple[str, ...]
    evidence_ids: tuple[str, ...]
    documents: tuple[str, ...]
    plan: MvPlan


def appraise(
    name: str,
    asset: str,
    evidence: Mapping[str, Evidence],
    chosen: Mapping[str, Chosen],
    economics: Economics | None = None,
    plan: MvPlan | None = None,
) -> Measure:
    """The saving of one measure at one asset over the time its inputs cover.

    Raises:
        ConfigError: no such measure; an input it does not know, outside its range, or without evidence or document.
        UnitError: an input in another unit than the measure's.
    """
    kind, money = kind_of(name), economics or Economics()
    inputs = _inputs(kind, evidence, chosen)
    missing = tuple(each for each in kind.inputs if each not in inputs)
    saving = Estimate(math.nan, math.nan, kind.unit) if missing else _propagated(kind, inputs)
    status = _status(saving, missing)
    usable = status in ("saving", "not_certain")
    yearly = _yearly(saving, money) if usable else None
    cost = None if money.cost_low is None or money.cost_high is None else (money.cost_low, money.cost_high)
    return Measure(
        kind,
        asset,
        status,
        saving,
        yearly,
        cost,
        None if yearly is None or cost is None else _payback(yearly, cost),
        missing,
        _open_economics(kind, money),
        tuple(sorted({each.evidence_id for each in evidence.values()})),
        _documents(chosen, money),
        plan or plan_for(kind),
    )


def rank(measures: Sequence[Measure], by: Literal["yuan", "energy"] = "energy") -> tuple[Measure, ...]:
    """The greatest saving first: by yuan a year, or by energy in the same heat value (kWh and GJ).

    What cannot be compared in that measure comes after what can, what has no evidence last; ties stay in order.
    """

    def key(measure: Measure) -> tuple[int, float]:
        if measure.status in ("insufficient_evidence", "no_saving"):
            return 2 + (measure.status == "insufficient_evidence"), 0.0
        amount = _comparable(measure, by)
        return (1, 0.0) if amount is None else (0, -amount)

    return tuple(sorted(measures, key=key))


def _comparable(measure: Measure, by: Literal["yuan", "energy"]) -> float | None:
    if by == "yuan":
        return None if measure.yuan_per_year is None else measure.yuan_per_year.value
    return convert(measure.saving.value, measure.kind.unit, "GJ") if measure.kind.unit in ("kWh", "GJ") else None


def _inputs(kind: MeasureKind, evidence: Mapping[str, Evidence], chosen: Mapping[str, Chosen]) -> dict[str, Estimate]:
    strange = sorted((evidence.keys() | chosen.keys()) - kind.inputs.keys())
    if strange:
        raise ConfigError(
            "not an input of this measure", code="measures.not_input_of_this_measure",
            slots={"known": ", ".join(kind.inputs)}, offender=kind.id, value=strange,
            remedy=f"it takes {', '.join(kind.inputs)}",
        )  # fmt: skip
    found: dict[str, Estimate] = {}
    for name, known in kind.inputs.items():
        if known.chosen:
            if name in evidence:
                remedy = "a target is chosen, with its document"
                raise ConfigError(
                    "measured where a decision is due", code="measures.measured_where_decision_due", offender=name,
                    value=None, remedy=remedy,
                )  # fmt: skip
            if name in chosen:
                found[name] = _decision(name, known, chosen[name])
        elif name in chosen:
            remedy = "bring the measurement with its evidence id; declared values make no saving"
            raise ConfigError(
                "declared, not measured", code="measures.declared_not_measured", offender=name,
                value=chosen[name].value, remedy=remedy,
            )  # fmt: skip
        elif name in evidence and math.isfinite(evidence[name].value.value):
            found[name] = _measured(name, known, evidence[name])
    return found


def _measured(name: str, known: Input, given: Evidence) -> Estimate:
    if not _EVIDENCE_ID.fullmatch(given.evidence_id):
        raise ConfigError(
            "not an evidence id", code="measures.not_evidence_id", offender=name, value=given.evidence_id,
            remedy="ev_ and 16 hex digits",
        )  # fmt: skip
    if not given.value.sigma >= 0.0:
        remedy = "give the standard uncertainty, from the instrument's class"
        raise ConfigError(
            "uncertainty not known", code="measures.uncertainty_not_known", offender=name, value=given.value.sigma,
            remedy=remedy,
        )  # fmt: skip
    _check(name, known, given.value.value, given.value.unit)
    return given.value


def _decision(name: str, known: Input, given: Chosen) -> Estimate:
    if not given.document.strip():
        raise ConfigError(
            "decision without a document", code="measures.decision_without_document", offender=name,
            value=given.value, remedy="name who decided it",
        )  # fmt: skip
    _check(name, known, given.value, given.unit)
    return Estimate(given.value, 0.0, given.unit)


def _check(name: str, known: Input, value: float, symbol: str) -> None:
    if symbol != known.unit:
        raise UnitError(
            "another unit", code="measures.another_unit", slots={"unit": known.unit}, offender=name, value=symbol,
            remedy=f"give it in {known.unit}",
        )  # fmt: skip
    if not known.low <= value <= known.high:
        remedy = f"from {known.low:g} to {known.high:g} {known.unit}; check the sensor"
        raise ConfigError(
            "impossible value", code="measures.impossible_value",
            slots={"low": f"{known.low:g}", "high": f"{known.high:g}", "unit": known.unit}, offender=name,
            value=value, remedy=remedy,
        )  # fmt: skip


def _propagated(kind: MeasureKind, inputs: Mapping[str, Estimate]) -> Estimate:
    middle = {name: each.value for name, each in inputs.items()}
    squares = []
    for name, each in inputs.items():
        if each.sigma > 0.0:
            above, below = (kind.formula({**middle, name: each.value + side * each.sigma}) for side in (1, -1))
            squares.append((0.5 * (above - below)) ** 2)
    return Estimate(kind.formula(middle), math.sqrt(math.fsum(squares)), kind.unit)


def _status(saving: Estimate, missing: Sequence[str]) -> Status:
    if missing:
        return "insufficient_evidence"
    if not saving.value > 0.0:
        return "no_saving"
    return "saving" if saving.interval(0.9)[0] > 0.0 else "not_certain"


def _open_economics(kind: MeasureKind, money: Economics) -> tuple[str, ...]:
    needed: dict[str, object] = {
        "price": money.price if kind.unit != "yuan" else Decimal(1),
        "price_document": money.price_document or kind.unit == "yuan" or None,
        "cost": None if money.cost_low is None or money.cost_high is None else money.cost_low,
        "cost_document": money.cost_document or None,
        "per_year": money.per_year,
    }
    for name, value in (("price", money.price), ("cost_low", money.cost_low), ("cost_high", money.cost_high)):
        if value is not None and not (value.is_finite() and value >= 0):
            raise ConfigError(
                "not an amount of yuan", code="measures.not_amount_of_yuan", offender=name, value=str(value),
                remedy="0 or above, or leave out",
            )  # fmt: skip
    if money.cost_low is not None and money.cost_high is not None and money.cost_high < money.cost_low:
        raise ConfigError(
            "cost range inverted", code="measures.cost_range_inverted", offender="cost", value=str(money.cost_low),
            remedy="low, then high",
        )  # fmt: skip
    return tuple(name for name, value in needed.items() if value is None)


def _yearly(saving: Estimate, money: Economics) -> Estimate | None:
    if money.per_year is None or (saving.unit != "yuan" and (money.price is None or not money.price_document)):
        return None
    price = 1.0 if saving.unit == "yuan" or money.price is None else float(money.price)
    factor = price * money.per_year
    return Estimate(saving.value * factor, saving.sigma * factor, "yuan")


def _payback(yearly: Estimate, cost: tuple[Decimal, Decimal]) -> Payback:
    low, high = yearly.interval(0.9)
    return Payback(float(cost[0]) / high, float(cost[1]) / low if low > 0.0 else None)


def _documents(chosen: Mapping[str, Chosen], money: Economics) -> tuple[str, ...]:
    named = {each.document for each in chosen.values()} | {money.price_document, money.cost_document}
    return tuple(sorted(named - {""}))
