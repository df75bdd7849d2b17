"""The data behind the console's charts, in the form static/charts.js draws."""

from __future__ import annotations

import datetime
import math
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from ovoo_contract.address import Address
from ovoo_contract.units import conversion

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.catalogue import enterprises, signals
from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.console.energy import DAY_NS, power_rows
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.language import sign
from ovoo_cloud.console.pages import RANGES
from ovoo_cloud.console.render import words_of
from ovoo_cloud.services import Services

__all__ = ["router"]

router = APIRouter(include_in_schema=False, prefix="/console/data")
_POINTS: Final = 600
_LINES: Final = 4


@router.get("/signal/{enterprise}/{site}/{area}/{line}/{asset}/{signal}")
def signal_chart(
    request: Request,
    enterprise: str,
    site: str,
    area: str,
    line: str,
    asset: str,
    signal: str,
    services: ServicesDep,
    scope: Reader,
    span: Annotated[str, Query(alias="range", pattern="^(1h|6h|1d|7d|35d)$")] = "1d",
) -> Response:
    """One signal; a score is drawn with its limit."""
    with services.database.read() as session:
        row = signals.signal(session, scope, f"{enterprise}/{site}/{area}/{line}/{asset}/{signal}")
        limit = _limit_of(services, scope, row)
    words = words_of(request, services)
    end_ns = services.clock()
    start_ns = end_ns - RANGES[span] * 10**9
    series = [_series(services, scope, row, words.name(row), start_ns, end_ns)]
    if limit is not None:
        series.append(_series(services, scope, limit, words.t("chart.limit"), start_ns, end_ns))
    body: dict[str, Any] = {
        "unit": "" if row.unit == "1" else sign(row.unit),
        "start": start_ns // 10**6,
        "end": end_ns // 10**6,
        "series": series,
        "offset": _offset_ms(services, end_ns),
        "band": [row.low, row.high] if row.low is not None and row.high is not None else None,
        "limits": [],
    }
    if not any(point[1] is not None for point in series[0]["points"]):
        body["empty"] = words.t("chart.empty")
    return Response(orjson.dumps(body), media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/load/{enterprise}/{site}")
def load_chart(request: Request, enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """The site's power over a day: its meters, else the machines that draw most."""
    scope = scope.under(Permission.READ_ENERGY)
    with services.database.read() as session:
        enterprises.site(session, scope, enterprise, site)
        machines = {row.path: row for row in signals.assets(session, scope, enterprise, site)}
        rows = power_rows(signals.signals(session, scope, enterprise, site=site), machines)
    words = words_of(request, services)
    end_ns = services.clock()
    start_ns = end_ns - DAY_NS
    series = [
        _series(services, scope, row, words.name(machines[row.asset]), start_ns, end_ns, conversion(row.unit, "kW")[0])
        for row in rows[:_LINES]
    ]
    body: dict[str, Any] = {"unit": "kW", "start": start_ns // 10**6, "end": end_ns // 10**6, "series": series}
    body |= {"zero": True, "offset": _offset_ms(services, end_ns)}
    if not any(point[1] is not None for each in series for point in each["points"]):
        body["empty"] = words.t("chart.empty")
    return Response(orjson.dumps(body), media_type="application/json", headers={"Cache-Control": "no-store"})


def _offset_ms(services: Services, time_ns: int) -> int:
    """What makes site time of UTC: a chart shows the plant's clock wherever its reader sits."""
    moment = datetime.datetime.fromtimestamp(time_ns // 10**9, services.settings.zone)
    offset = moment.utcoffset() or datetime.timedelta()
    return int(offset.total_seconds()) * 1000


def _limit_of(services: Services, scope: Scope, row: SignalRecord) -> SignalRecord | None:
    if row.measurement != "score" or row.field != "score":
        return None
    with services.database.read() as session:
        rows = signals.signals(session, scope, row.enterprise, site=row.site, asset=row.asset, measurement="score")
    return next((item for item in rows if item.model == row.model and item.field == "limit"), None)


def _series(
    services: Services,
    scope: Scope,
    row: SignalRecord,
    name: str,
    start_ns: int,
    end_ns: int,
    factor: float = 1.0,
) -> dict[str, Any]:
    figure = signals.minute_figure(row, "mean")
    period_s = 60.0 if figure else row.period_s
    step_ns = max(int(period_s * 1e9), (end_ns - start_ns) // _POINTS, 10**9)
    drawn = Address.parse(figure or row.address)
    windows = services.telemetry(scope).windows(drawn, start_ns, end_ns, step_ns=step_ns)
    values = windows.last if row.type == "bool" else windows.mean
    points = [
        [int(at) // 10**6, None if math.isnan(value) else factor * float(value)]
        for at, value in zip(windows.start_ns, values, strict=True)
    ]
    return {"name": name, "points": _without_sampling_gaps(points, windows.count.tolist()), "step": row.type == "bool"}


def _without_sampling_gaps(points: list[list[Any]], counts: list[int]) -> list[list[Any]]:
    """Leaves out single empty windows between full ones: a window shorter than the sampling is no gap in the data."""
    kept = []
    for index, point in enumerate(points):
        lone = counts[index] == 0 and 0 < index < len(points) - 1 and counts[index - 1] and counts[index + 1]
        if not lone:
            kept.append(point)
    return kept
