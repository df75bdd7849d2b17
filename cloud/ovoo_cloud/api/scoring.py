"""The order to run models over stored samples."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from ovoo_models import artifact
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.cases import job_view
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import from_iso
from ovoo_cloud.catalogue import jobs, signals

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/enterprises/{enterprise}", tags=["scoring"], route_class=KeyedRoute)
Runner = Annotated[Scope, Depends(require(Permission.RUN_REPORT))]


class RescoreOrder(BaseModel):
    """What to score, by which models, and what becomes of it."""

    asset: str = Field(max_length=400, description="site/area/line/asset")
    model: dict[str, Any] = Field(description="the model file as it lies on the gateway")
    start: str = Field(description="ISO 8601 with zone, included")
    end: str = Field(description="ISO 8601 with zone, excluded; 31 days at most")
    lead_s: float = Field(86_400.0, ge=0, le=31 * 86_400, description="time before the start that warms the models up")
    period_s: float | None = Field(None, gt=0, le=86_400, description="frame period, default the model's")
    compare: bool = Field(False, description="compare with the stored scores")
    store: bool = Field(False, description="store scores and findings; refused where a gateway scores")


@router.post("/rescore", status_code=202)
def order_rescore(
    enterprise: str, body: RescoreOrder, response: Response, services: ServicesDep, scope: Runner
) -> dict[str, Any]:
    """Queues the scoring of an asset; the job tells how far it is, and its `scoring` what came out."""
    scope.require_enterprise(enterprise)
    artifact.loads(json.dumps(body.model).encode(), "model")
    wanted = body.model_dump(exclude={"start", "end"}) | {
        "asset": f"{enterprise}/{body.asset}",
        "start_ns": from_iso(body.start, "start"),
        "end_ns": from_iso(body.end, "end"),
    }
    with services.database.write() as session:
        asset = signals.asset(session, scope, wanted["asset"])
        if asset.enterprise != enterprise:
            raise absent(body.asset)
        job = jobs.enqueue(session, scope, "rescore", wanted, enterprise=enterprise, now_ns=services.clock())
    response.headers["Location"] = f"/api/v1/enterprises/{enterprise}/jobs/{job.id}"
    return job_view(job)
