"""The benchmark of enterprises by sector, size and region: anonymous groups only."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.centre.sector_benchmark import sector_benchmark

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/centre", tags=["centre"])
Reader = Annotated[Scope, Depends(require(Permission.READ_AGGREGATES))]


@router.get("/benchmark")
def benchmark(
    services: ServicesDep,
    scope: Reader,
    quarter: Annotated[str, Query(max_length=7, description="YYYY-Qn, over; empty: the newest one that is")] = "",
) -> dict[str, Any]:
    """Quantiles of every group that is large enough, at the end of a quarter."""
    return sector_benchmark(services, scope, quarter)
