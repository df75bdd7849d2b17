"""Findings and alarms."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from ovoo_contract.errors import QueryError
from ovoo_models.grouping import Incident, incidents
from ovoo_models.phrases import render
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.alarms import records
from ovoo_cloud.alarms.machine import AlarmState
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import BoundsDep, to_iso
from ovoo_cloud.catalogue import findings as finding_rows
from ovoo_cloud.catalogue.tables import AlarmRecord, FindingRecord

__all__ = ["AlarmId", "alarm_view", "finding_view", "incident_view", "router"]

router = APIRouter(prefix="/api/v1", tags=["findings"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_FINDINGS))]
Acknowledger = Annotated[Scope, Depends(require(Permission.ACK_ALARM))]
_LARGEST_ID: Final = 2**31 - 1
_MOST_FINDINGS: Final = 1000
AlarmId = Annotated[int, Path(ge=0, le=_LARGEST_ID)]
Page = Annotated[int, Query(ge=1, le=1000)]


class Acknowledgement(BaseModel):
    """Why a person takes note of an alarm."""

    comment: str = Field(min_length=1, max_length=1000)


@router.get("/enterprises/{enterprise}/findings")
def list_findings(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    bounds: BoundsDep,
    site: Annotated[str | None, Query()] = None,
    asset: Annotated[str | None, Query(description="area/line/asset; needs site")] = None,
    open_only: Annotated[bool, Query()] = False,
    limit: Page = 200,
    cursor: Annotated[str | None, Query(description="`next` of the page before")] = None,
) -> dict[str, Any]:
    """Findings that touch the range, newest first."""
    path = f"{enterprise}/{site}/{asset}" if asset and site else None
    with services.database.read() as session:
        rows = finding_rows.findings(
            session,
            scope,
            enterprise=enterprise,
            site=site,
            asset=path,
            start_ns=bounds[0],
            end_ns=bounds[1],
            open_only=open_only,
            limit=limit,
            before=_cursor(cursor),
        )
    more = f"{rows[-1].start_ns}.{rows[-1].id}" if len(rows) == limit else None
    return {"items": [finding_view(row) for row in rows], "next": more}


@router.get("/enterprises/{enterprise}/incidents")
def list_incidents(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    bounds: BoundsDep,
    site: Annotated[str | None, Query()] = None,
) -> dict[str, Any]:
    """Findings that belong together, at one machine or along a line, with their likely cause; newest first.

    Notes (`info`) are left out. Of a range with more than 1,000 findings the newest 1,000 count.
    """
    with services.database.read() as session:
        rows = finding_rows.findings(
            session, scope, enterprise=enterprise, site=site, start_ns=bounds[0], end_ns=bounds[1], limit=_MOST_FINDINGS
        )
    found = [each for each in map(finding_rows.finding_of, rows) if each.severity != "info"]
    return {
        "items": [incident_view(each) for each in reversed(incidents(found))],
        "complete": len(rows) < _MOST_FINDINGS,
    }


@router.get("/enterprises/{enterprise}/findings/{finding}")
def get_finding(enterprise: str, finding: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One finding."""
    scope.require_enterprise(enterprise, finding)
    with services.database.read() as session:
        row = finding_rows.finding(session, scope, finding)
    if row.enterprise != enterprise:
        raise absent(finding)
    return finding_view(row)


@router.get("/enterprises/{enterprise}/alarms")
def list_alarms(
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    site: Annotated[str | None, Query()] = None,
    state: Annotated[list[AlarmState] | None, Query()] = None,
    limit: Page = 200,
    cursor: Annotated[int | None, Query(ge=0, le=_LARGEST_ID, description="`next` of the page before")] = None,
) -> dict[str, Any]:
    """Alarms, newest first."""
    with services.database.read() as session:
        rows = records.alarms(
            session, scope, enterprise=enterprise, site=site, states=state, limit=limit, before_id=cursor
        )
    return {"items": [alarm_view(row) for row in rows], "next": rows[-1].id if len(rows) == limit else None}


@router.post("/enterprises/{enterprise}/alarms/{alarm}/acknowledge")
def acknowledge(
    enterprise: str, alarm: AlarmId, body: Acknowledgement, services: ServicesDep, scope: Acknowledger
) -> dict[str, Any]:
    """Takes note of an alarm in the caller's name."""
    scope.require_enterprise(enterprise, f"alarm {alarm}")
    with services.database.write() as session:
        if records.alarm(session, scope, alarm).enterprise != enterprise:
            raise absent(f"alarm {alarm}")
        return alarm_view(records.acknowledge(session, scope, alarm, body.comment, services.clock()))


def finding_view(row: FindingRecord) -> dict[str, Any]:
    """A finding as the API shows it, explained in both languages."""
    finding = finding_rows.finding_of(row)
    return {
        "id": row.id,
        "code": finding.code,
        "severity": finding.severity,
        "asset": str(finding.asset),
        "start": to_iso(finding.start_ns),
        "end": to_iso(finding.end_ns),
        "open": finding.open,
        "value": finding.value,
        "unit": finding.unit,
        "uncertainty": finding.uncertainty,
        "evidence": list(finding.evidence),
        "advice": finding.advice,
        "model": finding.model,
        "detail": dict(finding.detail),
        "sentence_zh": render(finding, "zh"),
        "sentence_en": render(finding, "en"),
    }


def incident_view(incident: Incident) -> dict[str, Any]:
    """An incident as the API shows it: its members by id, and the sentence of its likely cause."""
    return {
        "first": incident.first.id,
        "cause": incident.cause.id,
        "members": [each.id for each in incident.members],
        "assets": sorted({str(each.asset) for each in incident.members}),
        "start": to_iso(incident.first.start_ns),
        "end": to_iso(max(each.end_ns for each in incident.members)),
        "open": any(each.open for each in incident.members),
        "sentence_zh": render(incident.cause, "zh"),
        "sentence_en": render(incident.cause, "en"),
    }


def alarm_view(row: AlarmRecord) -> dict[str, Any]:
    """An alarm as the API shows it."""
    return {
        "id": row.id,
        "finding": row.finding,
        "site": row.site,
        "asset": row.asset,
        "code": row.code,
        "severity": row.severity,
        "state": row.state,
        "raised": to_iso(row.raised_ns),
        "acknowledged": to_iso(row.acknowledged_ns),
        "acknowledged_by": row.acknowledged_by,
        "comment": row.comment,
        "returned": to_iso(row.returned_ns),
    }


def _cursor(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    start, _, last = text.partition(".")
    if not (start.isascii() and start.isdigit() and len(start) <= 18) or not last:
        raise QueryError("not a cursor", offender="cursor", value=text, remedy="use `next` of the page before")
    return int(start), last
