"""Hours of machines as sums by regime, and baselines fitted again from them."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from ovoo_contract.errors import UnboundedQuery

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.times import BoundsDep, from_iso, to_iso
from ovoo_cloud.catalogue import hour_sums
from ovoo_cloud.catalogue.hour_sums import MachineSpan
from ovoo_cloud.catalogue.sums_tables import HourSumsRecord
from ovoo_cloud.energy.sums_refit import RegimeFit, SumsRefit, check_window, judge, refit, window_sums

__all__ = ["refit_to_data", "router"]

router = APIRouter(prefix="/api/v1/enterprises/{enterprise}/sites/{site}/energy/sums", tags=["energy sums"])
Reader = Annotated[Scope, Depends(require(Permission.READ_ENERGY))]
Asset = Annotated[str, Query(max_length=200, description="area/line/asset")]


@router.get("")
def list_machines(enterprise: str, site: str, services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """The machines of a site of which hours are held, with the first and the last."""
    with services.database.read() as session:
        rows = hour_sums.machines(session, scope, enterprise, site)
    return paged(rows, page, lambda row: row.asset, _machine)


@router.get("/hours")
def list_hours(
    enterprise: str, site: str, services: ServicesDep, scope: Reader, bounds: BoundsDep, asset: Asset, page: AskedDep
) -> dict[str, Any]:
    """The hours of a machine that start in the range: minutes measured, minutes in the sums, version and digest."""
    check_window(*bounds)
    with services.database.read() as session:
        rows = hour_sums.hours(session, scope, enterprise, site, f"{enterprise}/{site}/{asset}", *bounds)
    return paged(rows, page, _key, _hour)


@router.get("/refit")
def refit_from_sums(
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    bounds: BoundsDep,
    asset: Asset,
    variables: Annotated[
        str | None, Query(max_length=2000, description="names with commas between them; all unless given")
    ] = None,
    against_start: Annotated[str | None, Query(description="a later window, held against this fit")] = None,
    against_end: Annotated[str | None, Query(description="its end, excluded")] = None,
) -> dict[str, Any]:
    """The baseline of a machine over whole hours, fitted again from sums alone; nothing is stored.

    With `against_start` and `against_end` also what each regime of that window drew and, by this fit, should have
    drawn.
    """
    path = f"{enterprise}/{site}/{asset}"
    chosen = None if variables is None else [name for name in variables.split(",") if name]
    found = refit(services, scope, enterprise, site, path, *bounds, chosen)
    answer = refit_to_data(found)
    if against_start is not None or against_end is not None:
        if against_start is None or against_end is None:
            raise UnboundedQuery(
                "a window needs both ends", code="sums.needs_both_ends", offender="against", remedy="name start and end"
            )
        window = from_iso(against_start, "against_start"), from_iso(against_end, "against_end")
        later = window_sums(services, scope, enterprise, site, path, *window)
        answer["against"] = [
            {"regime": each.regime, "rows": each.rows, "energy_kwh": each.energy_kwh,
             "expected_kwh": each.expected_kwh, "saved_kwh": each.saved_kwh}
            for each in judge(found, later)
        ]  # fmt: skip
    return answer


def refit_to_data(found: SumsRefit) -> dict[str, Any]:
    """A refit as JSON values; for the API and the command line."""
    merged = found.merged
    return {
        "asset": found.asset,
        "start": to_iso(found.start_ns),
        "end": to_iso(found.end_ns),
        "kind": merged.layout.kind,
        "layout": merged.layout.key,
        "variables": [{"name": name, "unit": unit} for name, unit in merged.layout.variables],
        "chosen": [*found.variables],
        "models": [*merged.models],
        "hours": len(merged.hours),
        "minutes": merged.minutes,
        "coverage": found.coverage,
        "rows": found.rows,
        "left_out": [
            {"hour": to_iso(each.start_ns), "model": each.model, "reason": each.reason} for each in merged.left_out
        ],
        "regimes": [_regime(each) for each in found.regimes],
    }


def _regime(each: RegimeFit) -> dict[str, Any]:
    told = {
        "regime": each.regime,
        "rows": each.rows,
        "mean_kw": _finite(each.mean_kw),
        "energy_kwh": each.energy_kwh,
        "reason": each.reason,
        "fit": None,
    }
    fit = each.fit
    if fit is None:
        return told
    return told | {
        "fit": {
            "intercept_kw": fit.intercept,
            "coefficients": dict(zip(fit.variables, fit.coefficients, strict=True)),
            "standard_errors": dict(zip(fit.variables, fit.standard_errors, strict=True)),
            "r2": fit.r2,
            "cv_rmse": _finite(fit.cv_rmse),
        }
    }


def _machine(row: MachineSpan) -> dict[str, Any]:
    return {"asset": row.asset, "first": to_iso(row.first_ns), "last": to_iso(row.last_ns), "hours": row.hours}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _key(row: HourSumsRecord) -> str:
    return f"{row.hour_ns}/{row.gateway}/{row.model}/{row.layout}"


def _hour(row: HourSumsRecord) -> dict[str, Any]:
    return {
        "hour": to_iso(row.hour_ns),
        "gateway": row.gateway,
        "model": row.model,
        "layout": row.layout,
        "version": row.version,
        "minutes": row.minutes,
        "rows": row.rows,
        "made": to_iso(row.made_ns),
        "received": to_iso(row.received_ns),
        "sha256": row.sha256,
    }
