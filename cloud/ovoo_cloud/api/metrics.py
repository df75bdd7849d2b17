"""Prometheus metrics: what gateways delivered by the ledger, live counts of ingest, and how the API answers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.catalogue import gateways, ledger
from ovoo_cloud.services import Services

__all__ = ["install", "router"]

router = APIRouter(tags=["health"])
Reader = Annotated[Scope, Depends(require(Permission.READ_GATEWAYS))]
_COUNTS: Final = {
    "deliveries": "Deliveries stored.",
    "stored": "Samples stored.",
    "duplicates": "Samples that were stored already.",
    "shifted": "Samples moved to a free nanosecond.",
    "refused": "Samples the store refused.",
    "late": "Samples older than five minutes at arrival.",
}
_BUCKETS: Final = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class _Ledger(Collector):
    """The durable counters of ingest, by gateway, within a scope: they survive a restart."""

    def __init__(self, services: Services, scope: Scope) -> None:
        self._services = services
        self._scope = scope

    def collect(self) -> Iterator[Metric]:
        """One family a counter, and the age of each gateway."""
        counters = {
            name: CounterMetricFamily(f"ovoo_ingest_{name}", help_, labels=["gateway"])
            for name, help_ in _COUNTS.items()
        }
        seen = GaugeMetricFamily(
            "ovoo_gateway_last_seen_seconds", "When the gateway was last heard, Unix time.", labels=["gateway"]
        )
        online = GaugeMetricFamily("ovoo_gateway_online", "1 while the gateway is online.", labels=["gateway"])
        now_ns = self._services.clock()
        with self._services.database.read() as session:
            rows = gateways.gateways(session, self._scope)
            for row in rows:
                online.add_metric([row.id], float(gateways.is_online(row, now_ns)))
            told = [row for row in rows if gateways.tells_all(self._scope, row)]
            for row in told:
                hours = ledger.completeness(session, self._scope, row.id, 0, now_ns + 1)
                for name, family in counters.items():
                    family.add_metric([row.id], sum(getattr(hour, name) for hour in hours))
                if row.last_seen_ns is not None:
                    seen.add_metric([row.id], row.last_seen_ns / 1e9)
        yield from counters.values()
        yield seen
        yield online
        central = self._scope.enterprises is None
        shown = None if central and self._scope.consents is None else {row.id for row in told}
        for live in self._services.live:
            yield from live.families(shown, platform=central)


def install(app: FastAPI) -> None:
    """Times every request by method, route and status."""
    registry = CollectorRegistry()
    duration = Histogram(
        "ovoo_http_request_seconds",
        "Time to answer, by route.",
        ["method", "route", "status"],
        registry=registry,
        buckets=_BUCKETS,
    )
    app.state.metrics = registry

    @app.middleware("http")
    async def timed(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        start = time.perf_counter()
        response = await call_next(request)
        route = getattr(request.scope.get("route"), "path", "")  # the template: an address would make endless series
        duration.labels(request.method, route, str(response.status_code)).observe(time.perf_counter() - start)
        return response


@router.get("/metrics", response_class=Response)
def metrics(request: Request, services: ServicesDep, scope: Reader) -> Response:
    """Prometheus text; scrape with a bearer token of a role that reads gateways."""
    inner = CollectorRegistry()
    inner.register(_Ledger(services, scope))
    body = generate_latest(inner) + generate_latest(request.app.state.metrics)
    return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")
