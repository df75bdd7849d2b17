"""Opinions on findings, and what they come to for an asset's models."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from ovoo_models.feedback import Opinion
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import from_iso, to_iso
from ovoo_cloud.catalogue import findings as finding_rows
from ovoo_cloud.catalogue import verdicts
from ovoo_cloud.catalogue.tables import VerdictRecord

__all__ = ["VerdictId", "router"]

router = APIRouter(prefix="/api/v1", tags=["findings"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_FINDINGS))]
Judge = Annotated[Scope, Depends(require(Permission.JUDGE_FINDING))]
_LARGEST_ID: Final = 2**31 - 1
VerdictId = Annotated[int, Path(ge=0, le=_LARGEST_ID)]


class Judgement(BaseModel):
    """What a person says of a finding."""

    opinion: Opinion
    comment: str = Field(default="", max_length=1000)
    until: str | None = Field(default=None, description="with `known`: ISO 8601 with zone")


@router.get("/enterprises/{enterprise}/findings/{finding}/verdicts")
def list_verdicts(enterprise: str, finding: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """The opinions on a finding that stand."""
    with services.database.read() as session:
        _own(session, scope, enterprise, finding)
        return {"items": [_view(row) for row in verdicts.of_finding(session, scope, finding)]}


@router.post("/enterprises/{enterprise}/findings/{finding}/verdicts")
def judge(enterprise: str, finding: str, body: Judgement, services: ServicesDep, scope: Judge) -> dict[str, Any]:
    """Says what a finding was: a fault, nothing, or known until a date."""
    said = verdicts.Said(body.opinion, body.comment, from_iso(body.until, "until") if body.until else 0)
    with services.database.write() as session:
        _own(session, scope, enterprise, finding)
        return _view(verdicts.give(session, scope, finding, said, services.clock()))


@router.delete("/enterprises/{enterprise}/findings/{finding}/verdicts/{verdict}")
def withdraw(enterprise: str, finding: str, verdict: VerdictId, services: ServicesDep, scope: Judge) -> dict[str, Any]:
    """Takes an opinion back; its effects end."""
    with services.database.write() as session:
        _own(session, scope, enterprise, finding)
        return _view(verdicts.withdraw(session, scope, finding, verdict, services.clock()))


@router.get("/enterprises/{enterprise}/feedback")
def feedback(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    site: Annotated[str, Query()],
    asset: Annotated[str, Query(description="area/line/asset")],
) -> dict[str, Any]:
    """What the opinions on an asset come to: the file beside its model on the gateway, and for the next training."""
    scope.require_enterprise(enterprise)
    with services.database.read() as session:
        said = verdicts.adjustments(session, scope, f"{enterprise}/{site}/{asset}")
    document: dict[str, Any] = json.loads(said.to_json())
    return document


def _own(session: Any, scope: Scope, enterprise: str, finding: str) -> None:
    scope.require_enterprise(enterprise, finding)
    if finding_rows.finding(session, scope, finding).enterprise != enterprise:
        raise absent(finding)


def _view(row: VerdictRecord) -> dict[str, Any]:
    return {
        "id": row.id,
        "finding": row.finding,
        "opinion": row.opinion,
        "until": to_iso(row.until_ns) if row.until_ns else None,
        "comment": row.comment,
        "by": row.given_by,
        "at": to_iso(row.given_ns),
        "withdrawn": to_iso(row.withdrawn_ns),
        "withdrawn_by": row.withdrawn_by,
    }
