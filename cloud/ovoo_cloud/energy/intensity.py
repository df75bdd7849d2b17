"""Specific consumption of a product by calendar month against the lines of a norm."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from ovoo_contract.errors import ConfigError, EvidenceError, UnitError
from ovoo_contract.figures import figure
from ovoo_contract.units import conversion
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.norm_gauge import Correction, Gauge, Lines, gauge
from ovoo_models.efficiency.savings.intensity import ratio_indicator
from ovoo_models.efficiency.savings.observations import DAY_NS
from ovoo_packs import load_factors, load_norms
from ovoo_packs.norms import Norm

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_intensities, enterprises, signals
from ovoo_cloud.catalogue.baseline_tables import EnergyIntensity
from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.energy.figures import convert
from ovoo_cloud.energy.intervals import Reading, energy_reading, store_reader, values_of
from ovoo_cloud.services import Services

__all__ = ["IntensitySpec", "compute_intensity", "define_intensity", "intensity_spec_from_data"]

_COVERED_MIN: Final = 0.9
_MOST_MONTHS: Final = 24


@dataclass(frozen=True, slots=True)
class IntensitySpec:
    """Energy signals, the product's rate (`integral`) or counter (`increase`), the norm, and what a person gives.

    `corrections` and `correction_total` need `correction_document`; `uncertainty_percent` is the standard uncertainty
    of the consumption by the instruments' class, 0 where it is not known. `complete`: the signals are all the energy
    that a norm in standard coal counts; without that such a norm gives no level but "above the limit".
    """

    energy: tuple[str, ...]
    product: str
    norm: str
    take: Literal["integral", "increase"] = "integral"
    months: int = 12
    uncertainty_percent: float = 0.0
    complete: bool = False
    correction_document: str = ""
    correction_total: float | None = None
    corrections: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.energy or len(set(self.energy)) < len(self.energy):
            raise ConfigError(
                "no energy signal, or one twice", code="intensity.no_energy_signal_or_one_twice", offender="energy",
                value=list(self.energy),
            )  # fmt: skip
        if self.take not in ("integral", "increase"):
            raise ConfigError(
                "no such reading", code="intensity.no_such_reading", offender="take", value=self.take,
                remedy="integral or increase",
            )  # fmt: skip
        if not 1 <= self.months <= _MOST_MONTHS or not 0.0 <= self.uncertainty_percent <= 50.0:
            raise ConfigError("out of range", code="intensity.out_of_range", offender="months, uncertainty_percent",
                              value=(self.months, self.uncertainty_percent), remedy="1 to 24; 0 to 50")  # fmt: skip

    def correction(self) -> Correction | None:
        """What a person gave; None where nothing was."""
        if not self.corrections and self.correction_total is None:
            return None
        return Correction(self.correction_document, dict(self.corrections), self.correction_total)

    def to_data(self) -> dict[str, Any]:
        """Plain data, the inverse of `intensity_spec_from_data`."""
        return {**asdict(self), "energy": list(self.energy)}


def intensity_spec_from_data(data: Mapping[str, Any]) -> IntensitySpec:
    """The spec of plain data."""
    return IntensitySpec(**{**data, "energy": tuple(data["energy"])})


def define_intensity(
    services: Services, scope: Scope, enterprise: str, site: str, spec: IntensitySpec, *, name: str,
    intensity_id: str = "",
) -> EnergyIntensity:  # fmt: skip
    """Keeps an intensity (empty id: a new one) with its months computed from the store."""
    scope = scope.under(Permission.SET_ENERGY)
    results = compute_intensity(services, scope, enterprise, site, spec)
    with services.database.write() as session:
        now_ns = services.clock()
        row = energy_intensities.save(
            session, scope, enterprise, site, intensity_id, name=name, spec=spec.to_data(), now_ns=now_ns
        )
        energy_intensities.keep_results(session, scope, row.id, results, now_ns)
        return row


def compute_intensity(
    services: Services, scope: Scope, enterprise: str, site: str, spec: IntensitySpec
) -> dict[str, Any]:
    """Norm, lines and months as plain data; days where energy or product is not known are left out on both sides.

    Raises:
        PackError: no such norm.
        UnitError, ConfigError: signals whose units do not lead to the norm's, corrections that are not the norm's.
    """
    scope = scope.under(Permission.READ_ENERGY)
    norm = load_norms().get(spec.norm)
    with services.database.read() as session:
        zone = ZoneInfo(enterprises.site(session, scope, enterprise, site).timezone)
        rows = [_of_site(signals.signal(session, scope, each), enterprise, site) for each in spec.energy]
        energy = [energy_reading(row.address, row.unit) for row in rows]
        product = _product(_of_site(signals.signal(session, scope, spec.product), enterprise, site), spec, norm)
    probe = gauge(Estimate(1.0, 0.0, norm.unit), norm, spec.correction())
    months = [
        _month(services, energy, product, norm, spec, bounds) for bounds in _months(services.clock(), zone, spec.months)
    ]
    while months and months[0]["days"] == 0:
        months.pop(0)
    return {"norm": _norm(norm, probe), "items": months}


def _month(
    services: Services, energy: list[Reading], product: Reading, norm: Norm, spec: IntensitySpec,
    bounds: tuple[str, int, int],
) -> dict[str, Any]:  # fmt: skip
    name, start_ns, end_ns = bounds
    times = array("q", range(start_ns, end_ns, DAY_NS))
    read = store_reader(services)
    parts = [values_of(read, each, times, DAY_NS, _COVERED_MIN) for each in energy]
    kwh = [math.fsum(row) for row in zip(*parts, strict=True)]
    output = values_of(read, product, times, DAY_NS, _COVERED_MIN)
    known = [i for i, pair in enumerate(zip(kwh, output, strict=True)) if all(map(math.isfinite, pair))]
    told: dict[str, Any] = {"month": name, "days": len(known), "of_days": len(times), "value": None, "reason": ""}
    try:
        amount, factors = _in_norm_unit([kwh[i] for i in known], int(name[:4]), norm)
        found = ratio_indicator(amount, {"product": [output[i] for i in known]}, unit=norm.unit)
        sigma = found.value * spec.uncertainty_percent / 100.0
        level = gauge(Estimate(found.value, sigma, norm.unit), norm, spec.correction())
    except (EvidenceError, ConfigError) as error:
        return told | {"reason": str(error)}
    return told | {
        "value": figure(found.value, 3),
        "sigma": figure(sigma, 3),
        "energy_kwh": figure(math.fsum(kwh[i] for i in known), 1),
        "output": figure(found.output, 2),
        "level": _level(level, norm, spec),
        "sure": level.sure,
        "factors": list(factors),
    }


def _level(found: Gauge, norm: Norm, spec: IntensitySpec) -> str:
    """`1` to `3`, `none` above every line, `partial` where a part of the energy proves none."""
    if found.level is None:
        return "none"
    if norm.unit.startswith("kgce") and not spec.complete:
        return "partial"
    return str(found.level)


def _in_norm_unit(kwh: list[float], year: int, norm: Norm) -> tuple[list[float], tuple[str, ...]]:
    wanted = norm.unit.partition("/")[0]
    if wanted == "kgce":
        converted = [convert(each, year, load_factors()) for each in kwh]
        return [each.kgce for each in converted], converted[0].factor_ids[:1] if converted else ()
    factor, _ = conversion("kWh", wanted)
    return [each * factor for each in kwh], ()


def _product(row: SignalRecord, spec: IntensitySpec, norm: Norm) -> Reading:
    per = norm.unit.partition("/")[2]
    if not per:
        raise UnitError(
            "a norm without a product", code="intensity.norm_without_product", offender=norm.id, value=norm.unit,
            remedy="another norm",
        )  # fmt: skip
    wanted = f"{per}/h" if spec.take == "integral" else per
    factor, offset = conversion(row.unit, wanted)
    if offset:
        raise UnitError(
            "not an amount", code="intensity.not_amount", slots={"wanted": wanted}, offender=row.address,
            value=row.unit, remedy=f"a signal in {wanted}",
        )  # fmt: skip
    return Reading(row.address, spec.take, factor, per)


def _norm(norm: Norm, probe: Gauge) -> dict[str, Any]:
    corrected = probe.corrected if norm.corrections else None
    return {
        "id": norm.id, "name_zh": norm.name_zh, "name_en": norm.name_en, "unit": norm.unit,
        "edition": norm.source.edition, "valid_from": norm.source.valid_from, "reference_only": norm.reference_only,
        "raw": _lines(probe.raw), "corrected": None if corrected is None else _lines(corrected),
        "factor": probe.factor, "open_corrections": list(probe.open_corrections), "documents": list(probe.documents),
        "rising": probe.raw.rising,
    }  # fmt: skip


def _lines(lines: Lines) -> dict[str, float | None]:
    return asdict(lines)


def _months(now_ns: int, zone: ZoneInfo, count: int) -> list[tuple[str, int, int]]:
    """The last `count` calendar months in local time, the present one up to its last whole day."""
    today = datetime.fromtimestamp(now_ns // 10**9, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    year, month = today.year, today.month
    for _ in range(count):
        start = datetime(year, month, 1, tzinfo=zone)
        following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
        end = min(following, today)
        if end > start:
            found.append((f"{year}-{month:02}", int(start.timestamp()) * 10**9, int(end.timestamp()) * 10**9))
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return found[::-1]


def _of_site(row: SignalRecord, enterprise: str, site: str) -> SignalRecord:
    if (row.enterprise, row.site) != (enterprise, site):
        raise ConfigError(
            "a signal of another site", code="intensity.signal_of_another_site", slots={"site": site},
            offender="signal", value=row.address, remedy=f"of {site}",
        )  # fmt: skip
    return row
