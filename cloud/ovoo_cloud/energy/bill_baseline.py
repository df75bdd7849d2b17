"""A baseline of bills: entered bills settled, degree-days and amounts of their periods, fit, saving, and its record."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from ovoo_contract.errors import ConfigError, EvidenceError
from ovoo_contract.figures import figure
from ovoo_models.efficiency.savings.bill_model import BillData, BillModel, fit_bills
from ovoo_models.efficiency.savings.bill_periods import BillPeriod, settle
from ovoo_models.efficiency.savings.bill_saving import BillSaving, prove_bills
from ovoo_models.efficiency.savings.degree_days import degree_days
from ovoo_models.efficiency.savings.inspection import Fault
from ovoo_models.efficiency.savings.observations import DAY_NS

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import entered_bills, enterprises, signals
from ovoo_cloud.catalogue.bill_tables import EnteredBill
from ovoo_cloud.energy.intervals import Reading, day_starts, store_reader, values_of
from ovoo_cloud.services import Services

__all__ = ["BillSpec", "bill_outcome", "bill_spec_from_data", "is_of_bills", "prove_bill_saving", "settled"]

_COVERED_MIN: Final = 0.9
_MOST_AMOUNTS: Final = 6


@dataclass(frozen=True, slots=True)
class BillSpec:
    """What drives the energy of bills: `amounts` by the names they are entered with, and degree-days of a signal.

    `temperature` is the address of an outdoor temperature; a base in degC, or None where its side does not drive.
    """

    amounts: tuple[str, ...] = ()
    temperature: str = ""
    heating_base: float | None = None
    cooling_base: float | None = None
    any_sign: bool = False

    def __post_init__(self) -> None:
        if len(set(self.amounts)) < len(self.amounts) or len(self.amounts) > _MOST_AMOUNTS:
            raise ConfigError(
                "an amount twice, or too many",
                code="bills.amount_twice_or_too_many",
                slots={"most": _MOST_AMOUNTS},
                offender="amounts",
                value=list(self.amounts),
                remedy=f"at most {_MOST_AMOUNTS} names",
            )
        based = self.heating_base is not None or self.cooling_base is not None
        if based != bool(self.temperature):
            raise ConfigError(
                "a temperature and its base belong together",
                code="bills.temperature_and_base",
                offender="temperature",
                value=self.temperature,
                remedy="the signal and a base in degC, or neither",
            )
        for name in ("heating_base", "cooling_base"):
            value = getattr(self, name)
            if value is not None and not -30.0 <= value <= 50.0:
                raise ConfigError(
                    "no base of degree-days",
                    code="bills.no_base_of_degree_days",
                    offender=name,
                    value=value,
                    remedy="-30 to 50 degC",
                )

    def to_data(self) -> dict[str, Any]:
        """Plain data as a baseline keeps it, the inverse of `bill_spec_from_data`."""
        return {"kind": "bills", "step": "bill", "energy": [], **asdict(self), "amounts": list(self.amounts)}


def is_of_bills(spec: Mapping[str, Any]) -> bool:
    """Whether a kept spec is of a baseline of bills."""
    return spec.get("kind") == "bills"


def bill_spec_from_data(data: Mapping[str, Any]) -> BillSpec:
    """The spec of plain data."""
    rest = {name: data[name] for name in ("temperature", "heating_base", "cooling_base", "any_sign")}
    return BillSpec(amounts=tuple(data["amounts"]), **rest)


def settled(
    services: Services, scope: Scope, enterprise: str, site: str, spec: BillSpec, start_ns: int, end_ns: int
) -> BillData:
    """The periods that lie wholly in [start, end) with their drivers.

    Raises:
        EvidenceError: the bills contradict each other; the offender and the value name which.
    """
    with services.database.read() as session:
        rows = [
            row
            for row in entered_bills.bills(session, scope, enterprise, site)
            if start_ns <= row.start_ns and row.end_ns <= end_ns
        ]
        zone = ZoneInfo(enterprises.site(session, scope, enterprise, site).timezone)
        unit = signals.signal(session, scope, spec.temperature).unit if spec.temperature else ""
    book = settle([entered_bills.bill_of(row) for row in rows])
    book.refuse()
    columns = {name: _amounts(rows, book.periods, name) for name in spec.amounts}
    if spec.temperature and book.periods:
        columns |= _weather(services, spec, book.periods, zone, unit)
    return BillData(book.periods, columns, book.faults)


def _amounts(rows: Sequence[EnteredBill], periods: Sequence[BillPeriod], name: str) -> array[float]:
    """Sums of an entered amount; NaN where a bill of the period does not tell it. A difference brings none."""
    out = array("d")
    for period in periods:
        told = [rows[n].amounts.get(name) for n in period.bills if rows[n].kind != "adds"]
        out.append(math.nan if None in told else math.fsum(float(each) for each in told if each is not None))
    return out


def _weather(
    services: Services, spec: BillSpec, periods: Sequence[BillPeriod], zone: ZoneInfo, unit: str
) -> dict[str, array[float]]:
    first, last = day_starts(periods[0].start_ns, periods[-1].end_ns - 1, zone)
    days = array("q", range(first, last + DAY_NS, DAY_NS))
    reading = Reading(spec.temperature, "mean", 1.0, unit)
    mean = values_of(store_reader(services), reading, days, DAY_NS, _COVERED_MIN)
    found = {}
    if spec.heating_base is not None:
        found["heating_degree_days"] = degree_days(days, mean, periods, spec.heating_base, "heating")
    if spec.cooling_base is not None:
        found["cooling_degree_days"] = degree_days(days, mean, periods, spec.cooling_base, "cooling")
    return found


def bill_outcome(
    services: Services, scope: Scope, enterprise: str, site: str, spec: BillSpec, start_ns: int, end_ns: int
) -> dict[str, Any]:
    """The fit as plain data of the form that every fit has; `refused` says why there is none."""
    outcome: dict[str, Any] = {"refused": "", "screening": [], "faults": [], "rows": 0, "columns": [], "scatter": None}
    try:
        data = settled(services, scope, enterprise, site, spec, start_ns, end_ns)
        outcome |= {"faults": _faults(data.faults), "rows": len(data.periods)}
        outcome["columns"] = [asdict(each) for each in data.columns()]
        model = fit_bills(data, any_sign=spec.any_sign)
    except EvidenceError as error:
        return outcome | {"refused": str(error)}
    return outcome | {
        "settings": spec.to_data(),
        "split": "none",
        "coefficients": coefficients(model),
        "ranges": {name: list(ends) for name, ends in model.ranges.items()},
        "fit": _fit(model),
    }


def coefficients(model: BillModel) -> dict[str, str]:
    """Every coefficient as text that keeps all digits."""
    return {name: repr(value) for name, value in model.named().items()}


def prove_bill_saving(
    services: Services, scope: Scope, place: tuple[str, str], spec: BillSpec, signed: Mapping[str, Any],
    baseline: tuple[int, int], reporting: tuple[int, int],
) -> tuple[BillSaving, dict[str, Any], dict[str, Any]]:  # fmt: skip
    """The saving against a signed fit of bills, its record as plain data, and its course.

    Raises:
        EvidenceError: too little evidence, or the bills of the baseline are not those that were signed.
    """
    before = settled(services, scope, *place, spec, *baseline)
    after = settled(services, scope, *place, spec, *reporting)
    found = prove_bills(before, after, any_sign=spec.any_sign)
    now = coefficients(found.model)
    changed = next((name for name in sorted({*signed, *now}) if signed.get(name) != now.get(name)), None)
    if changed is not None:
        raise EvidenceError(
            "the bills of the baseline are not those that were signed",
            code="bills.not_those_signed",
            offender=changed,
            value=now.get(changed),
            remedy="fit the baseline again and sign it",
        )
    record: dict[str, Any] = json.loads(found.record.to_json())
    return found, record, _course(found, after)


def _fit(model: BillModel) -> dict[str, str]:
    n = len(model.used)
    return {
        "rows": str(n),
        "terms": str(model.terms),
        "mean": figure(model.mean_kwh, 3),
        "cv_rmse_percent": figure(100.0 * model.cv_rmse, 2),
        "nmbe_percent": "0.00",  # weights of 1 / days and a term of days make the errors add up to nought
        "r2": figure(model.r2, 4) if model.r2 == model.r2 else "",
        "rho": figure(model.rho, 4),
        "n_effective": figure(n / model.widening, 1),
    }


def _faults(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    return [
        {"name": f"bill_{each.name}", "reason": each.reason, "rows": len(each.rows), "fatal": each.fatal,
         "numbers": {key: str(value) for key, value in each.numbers.items()}}
        for each in faults
    ]  # fmt: skip


def _course(found: BillSaving, after: BillData) -> dict[str, Any]:
    """The reported periods: billed, expected and the sum of savings with the interval of the whole at its end."""
    periods = [after.periods[n] for n in found.used]
    sums = [math.fsum(found.series[: n + 1]) for n in range(len(periods))]
    half = (found.high - found.low) / 2
    return {
        "start_ns": [str(each.start_ns) for each in periods],
        "end_ns": str(periods[-1].end_ns),
        "split_ns": str(periods[0].start_ns),
        "unit": "kWh",
        "actual": [each.kwh for each in periods],
        "baseline": [each.kwh + saved for each, saved in zip(periods, found.series, strict=True)],
        "half_width": [None] * len(periods),
        "cusum": sums,
        "cusum_half_width": [*[None] * (len(periods) - 1), half],
        "turns": [],
        "beyond": [_beyond(found, after, name) for name in found.beyond],
    }


def _beyond(found: BillSaving, after: BillData, name: str) -> dict[str, Any]:
    """A driver that left its range, as the page of a saving shows it: amounts a day, and the saving claimed there."""
    low, high = found.model.ranges[name]
    rates = [after.amounts[name][n] / after.periods[n].days for n in found.used]
    outside = [k for k, rate in enumerate(rates) if not low <= rate <= high]
    part = math.fsum(found.series[k] for k in outside)
    return {
        "name": name, "rows": len(outside), "low": low, "high": high, "least": min(rates[k] for k in outside),
        "greatest": max(rates[k] for k in outside), "share": part / found.avoided if found.avoided else None,
    }  # fmt: skip
