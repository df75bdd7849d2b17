"""Standard coal and carbon dioxide of a window, by dated factors; made again by another edition, both results stay."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.errors import ConfigError, EvidenceError
from ovoo_models.efficiency.carbon import Amount, FactorChoice, Footprint, Line, Span, footprint
from ovoo_models.efficiency.record import Column, Record, data_hash
from ovoo_packs import load_factors

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_contracts
from ovoo_cloud.catalogue.energy_tables import EnergyStatement
from ovoo_cloud.energy.quarters import site_quarters
from ovoo_cloud.services import Services

__all__ = ["grid_rows", "make_carbon", "remake_carbon"]

_METHOD: Final = "carbon/footprint"
_VERSION: Final = 1
_LEAST_COVERED: Final = 0.6


def grid_rows() -> list[dict[str, Any]]:
    """The grid factors there are, as a choice for a person: id, region, data year, edition, whether reference only."""
    rows = [row for row in load_factors().rows.values() if row.kind == "co2_grid"]
    return [
        {
            "id": row.id,
            "name_zh": row.name_zh,
            "name_en": row.name_en,
            "year": row.year,
            "region": row.region,
            "edition": row.source.edition or row.source.text,
            "value": row.value,
            "reference_only": row.reference_only,
        }
        for row in rows
    ]


def make_carbon(
    services: Services,
    scope: Scope,
    enterprise: str,
    site: str,
    window: tuple[int, int],
    choice: Mapping[str, Any],
    amounts: Sequence[Mapping[str, Any]],
) -> EnergyStatement:
    """Counts the metered electricity of a window with what else was used, and keeps the figure.

    Args:
        choice: `year`, `region`, `electricity`, `grid_id`: which factor rows count.
        amounts: other carriers with `name`, `carrier`, `value`, `unit`, `document`, measured heat or enthalpy.

    Raises:
        EvidenceError: less than 60 % of the window is metered.
        ConfigError, UnitError, PackError: an amount or factor that cannot count.
    """
    scope = scope.under(Permission.SET_ENERGY)
    found = site_quarters(services, scope, enterprise, site, *window)
    rows = found.intervals
    if not len(rows) or found.covered < _LEAST_COVERED * len(rows):
        remedy = "close the gaps or choose a window that is metered"
        value = f"{found.covered} of {len(rows)} quarter hours"
        raise EvidenceError(
            "too little is metered", code="carbon.too_little_metered", offender=f"{enterprise}/{site}", value=value,
            remedy=remedy,
        )  # fmt: skip
    known = [(start, kwh) for start, kwh in zip(rows.start_ns, rows.kwh, strict=True) if kwh == kwh]
    total = round(sum(round(kwh * 1_000_000) for _, kwh in known) / 1_000_000, 6)
    meter = {
        "name": found.meter,
        "kwh": total,
        "sha256": data_hash(rows.start_ns, rows.kwh),
        "rows": len(rows),
        "good_rows": found.covered,
    }
    inputs = {"meter": meter, "amounts": [dict(each) for each in amounts], "choice": dict(choice)}
    return _keep(services, scope, (enterprise, site), window, inputs, "")


def remake_carbon(
    services: Services, scope: Scope, earlier: EnergyStatement, choice: Mapping[str, Any]
) -> EnergyStatement:
    """The same amounts by other factor rows; the earlier figure stays as it is."""
    scope = scope.under(Permission.SET_ENERGY)
    inputs = {**earlier.inputs, "choice": dict(choice)}
    place, window = (earlier.enterprise, earlier.site), (earlier.start_ns, earlier.end_ns)
    return _keep(services, scope, place, window, inputs, earlier.id)


def _keep(
    services: Services,
    scope: Scope,
    place: tuple[str, str],
    window: tuple[int, int],
    inputs: Mapping[str, Any],
    follows: str,
) -> EnergyStatement:
    given = inputs["choice"]
    choice = FactorChoice(given["year"], given["region"], given["electricity"], given["grid_id"])
    meter = inputs["meter"]
    amounts = [
        Amount("electricity", "electricity", meter["kwh"], "kWh"),
        *(_amount(each) for each in inputs["amounts"]),
    ]
    found = footprint(amounts, load_factors(), choice)
    record = _record(found, window, inputs)
    result = {**_plain(found, meter), "record_id": record.id, "record": json.loads(record.to_json())}
    period = "/".join(_iso(each) for each in window)
    draft = energy_contracts.Draft("carbon", period, *window, inputs, result, record.id, follows)
    with services.database.write() as session:
        return energy_contracts.keep_statement(session, scope, *place, draft, services.clock())


def _iso(time_ns: int) -> str:
    return f"{datetime.datetime.fromtimestamp(time_ns // 10**9, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _amount(given: Mapping[str, Any]) -> Amount:
    if not given["document"].strip():
        remedy = "name the bill, weighbridge list or meter reading"
        raise ConfigError(
            "amount without a document", code="carbon.amount_without_document", offender=given["name"], value="",
            remedy=remedy,
        )  # fmt: skip
    return Amount(
        given["name"],
        given["carrier"],
        given["value"],
        given["unit"],
        given.get("heating_value_mj"),
        given.get("enthalpy_kj_kg"),
    )


def _record(found: Footprint, window: tuple[int, int], inputs: Mapping[str, Any]) -> Record:
    meter = inputs["meter"]
    results = {"kgce": _end_text(found.kgce), "kgco2": _end_text(found.known_kgco2)}
    return Record(
        _METHOD,
        _VERSION,
        *window,
        (Column(meter["name"], "kWh", meter["sha256"], meter["rows"], meter["good_rows"]),),
        {"choice": dict(inputs["choice"]), "amounts": list(inputs["amounts"]), "table": found.sha256},
        {row.id: repr(row.value) for line in found.lines for row in line.factors},
        results,
        factors=found.factors,
    )


def _plain(found: Footprint, meter: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": found.version,
        "method": found.choice.method,
        "electricity": found.choice.electricity,
        "kgce": _span(found.kgce),
        "kgco2": _span(found.known_kgco2),
        "without_co2": list(found.without_co2),
        "lines": [_line(line) for line in found.lines],
        "factors": found.factors,
        "reference_only": found.reference_only,
        "covered": meter["good_rows"] / meter["rows"],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "name": line.amount.name,
        "carrier": line.amount.carrier,
        "value": line.amount.value,
        "unit": line.amount.unit,
        "kgce": _span(line.kgce),
        "kgco2": None if line.kgco2 is None else _span(line.kgco2),
        "method": line.method,
        "factors": [
            {"id": row.id, "value": row.value, "unit": f"{row.result_unit}/{row.per_unit}",
             "edition": row.source.edition or row.source.text, "reference_only": row.reference_only}
            for row in line.factors
        ],
    }  # fmt: skip


def _span(span: Span) -> dict[str, str]:
    return {"low": f"{span.low:.3f}", "high": f"{span.high:.3f}"}


def _end_text(span: Span) -> str:
    return f"{span.low:.3f}" if span.value is not None else f"{span.low:.3f} to {span.high:.3f}"
