"""Latest values, history and counts: time bound and point budget are required."""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

import numpy as np
import orjson
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from ovoo_contract.address import Address

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.newest import newest
from ovoo_cloud.api.row_counts import count_rows
from ovoo_cloud.api.times import BoundsDep, to_iso
from ovoo_cloud.catalogue import signals as signal_rows
from ovoo_cloud.stores.base import Columns, Windows, check_bounds, check_budget

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["telemetry"])
Reader = Annotated[Scope, Depends(require(Permission.READ_TELEMETRY))]
Budget = Annotated[int, Query(ge=1, description="most points to answer; required")]
_NUMPY: Final = orjson.OPT_SERIALIZE_NUMPY


@router.get("/enterprises/{enterprise}/latest")
def latest(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    site: Annotated[str | None, Query()] = None,
    asset: Annotated[str | None, Query(description="area/line/asset; needs site")] = None,
) -> dict[str, Any]:
    """The newest sample of each signal, with its age; `stale` when it says nothing of the present any more.

    Of a signal that is sent as one-minute figures, the last value of its newest minute, with the minute's start.
    """
    path = f"{enterprise}/{site}/{asset}" if asset and site else None
    with services.database.read() as session:
        rows = {row.address: row for row in signal_rows.signals(session, scope, enterprise, site=site, asset=path)}
    now_ns = services.clock()
    items = []
    for found in newest(services, scope, list(rows.values())).values():
        age_s = (now_ns - found.time_ns) / 1e9
        items.append(
            {
                "address": str(found.address),
                "time": to_iso(found.time_ns),
                "value": None if math.isnan(found.value) else found.value,
                "quality": found.quality,
                "text": found.text,
                "unit": rows[str(found.address)].unit,
                "age_s": round(age_s, 3),
                "stale": age_s > signal_rows.stale_after_s(rows[str(found.address)]),
            }
        )
    return {"items": items}


@router.get("/enterprises/{enterprise}/history", response_class=Response)
def history(
    request: Request,
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    bounds: BoundsDep,
    signal: Annotated[str, Query(description="site/area/line/asset/signal")],
    points: Budget,
    mode: Annotated[str, Query(pattern="^(raw|windows)$")] = "windows",
    after: Annotated[
        int | None, Query(ge=-(2**63), lt=2**63, description="cursor: time of the last point of the page before")
    ] = None,
) -> Response:
    """History of one signal: `windows` fits the range into `points` equal windows, `raw` pages through samples."""
    address = _address(services, scope, enterprise, signal)
    start_ns, end_ns = bounds
    check_bounds(start_ns, end_ns)
    check_budget(points, services.settings.max_points, f"ask for at most {services.settings.max_points} points")
    telemetry = services.telemetry(scope)
    head = {"address": str(address), "start": to_iso(start_ns), "end": to_iso(end_ns), "mode": mode}
    if mode == "raw":
        columns = telemetry.raw(address, start_ns, end_ns, points, after)
        count_rows(request.state, len(columns))
        body = _raw(columns, points)
    else:
        step_ns = max(1, -(-(end_ns - start_ns) // points))
        windows = telemetry.windows(address, start_ns, end_ns, step_ns=step_ns)
        count_rows(request.state, len(windows.count))
        body = _windows(windows) | {"step_ns": step_ns}
    return Response(orjson.dumps(head | body, option=_NUMPY), media_type="application/json")


@router.get("/enterprises/{enterprise}/counts", response_class=Response)
def counts(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    bounds: BoundsDep,
    site: Annotated[str, Query()],
    step_s: Annotated[int, Query(ge=1, le=31_622_400)] = 3600,
) -> Response:
    """Stored and good rows per signal and step: the basis of completeness."""
    with services.database.read() as session:
        rows = signal_rows.signals(session, scope, enterprise, site=site, measurement="telemetry")
    addresses = [Address.parse(row.address) for row in rows]
    start_ns, end_ns = bounds
    check_bounds(start_ns, end_ns)
    steps = -(-(end_ns - start_ns) // (step_s * 10**9))
    check_budget(steps * max(1, len(addresses)), services.settings.max_points, "take a longer step or a shorter range")
    found = services.telemetry(scope).counts(addresses, start_ns, end_ns, step_s * 10**9)
    body = {
        "addresses": [str(address) for address in found.addresses],
        "start_ns": found.start_ns,
        "count": np.ascontiguousarray(found.count),
        "good": np.ascontiguousarray(found.good),
    }
    return Response(orjson.dumps(body, option=_NUMPY), media_type="application/json")


def _address(services: ServicesDep, scope: Scope, enterprise: str, signal: str) -> Address:
    with services.database.read() as session:
        return Address.parse(signal_rows.signal(session, scope, f"{enterprise}/{signal}").address)


def _raw(columns: Columns, limit: int) -> dict[str, Any]:
    more = len(columns) == limit
    return {
        "time_ns": columns.time_ns,
        "value": _nullable(columns.value),
        "quality": columns.quality,
        "text": {str(row): text for row, text in columns.text.items()},
        "next_after": int(columns.time_ns[-1]) if more else None,
    }


def _windows(windows: Windows) -> dict[str, Any]:
    return {
        "start_ns": windows.start_ns,
        "count": windows.count,
        "good": windows.good,
        "min": _nullable(windows.min),
        "max": _nullable(windows.max),
        "mean": _nullable(windows.mean),
        "last": _nullable(windows.last),
    }


def _nullable(values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """orjson writes NaN of a numpy array as null."""
    return np.ascontiguousarray(values)
