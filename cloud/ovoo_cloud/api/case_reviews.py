"""The review of a case: every item and scene with what was found, what was decided, by whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.case_access import ContentReader, Reviewer
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.casework import freezing, reviews, steps
from ovoo_cloud.casework.reviews import Ruling
from ovoo_cloud.catalogue.case_tables import CaseFile, CaseReview
from ovoo_cloud.diagnosis.review import Reviewed, reviewed_parts

__all__ = ["review_rows", "router"]

router = APIRouter(
    prefix="/api/v1/enterprises/{enterprise}/cases/{case}", tags=["case workflow"], route_class=KeyedRoute
)


class RulingBody(BaseModel):
    """What is decided of one item or scene."""

    subject: str = Field(
        max_length=140, description="item:<id> or scene:<id>; of a further framework item:<framework>/<id>"
    )
    decision: Literal["accept", "override"]
    reason: str = Field("", max_length=2000, description="the expert's own words; needed for an override")
    value: dict[str, Any] | None = Field(
        None,
        description='{"options": [..]}, {"ratio": "0.35"} or {"level": 2}; where the method has no points '
        '{"grades": {"1": ["0.5"]}} or {"low": "2", "high": "3"}',
    )
    on_site: bool = Field(False, description="seen on site; with a document the class becomes verified")
    document: str = Field("", max_length=200, description="name of a document of the case")


@router.get("/review")
def get_review(enterprise: str, case: str, services: ServicesDep, scope: ContentReader) -> dict[str, Any]:
    """Every item and scene with what was found and the decision that stands."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        return {"snapshot": freezing.measured_id(session, row) or None, "items": review_rows(session, row)}


@router.post("/review", status_code=201)
def decide(enterprise: str, case: str, body: RulingBody, services: ServicesDep, scope: Reviewer) -> dict[str, Any]:
    """Accepts or overrides one item or scene in the caller's name."""
    now_ns = services.clock()
    ruling = Ruling(body.subject, body.decision, body.reason, body.value, body.on_site, body.document)
    with services.database.write() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.REVIEW_CASE)
        steps.settle(session, row, now_ns)
        name, measured = freezing.newest_measured(session, row)
        return _decision(reviews.decide(session, scope, row, measured, name, ruling, now_ns))


@router.get("/snapshot")
def get_snapshot(enterprise: str, case: str, services: ServicesDep, scope: ContentReader) -> dict[str, Any]:
    """The frozen content that review, confirmation and issue speak of, whole."""
    with services.database.read() as session:
        row = steps.opened(session, scope, enterprise, case, Permission.READ_REPORT)
        return {
            "snapshot": row.snapshot or None,
            "data": freezing.read(session, row, row.snapshot) if row.snapshot else None,
        }


def review_rows(session: Session, row: CaseFile) -> list[dict[str, Any]]:
    """The table of the review; empty before the evidence is measured."""
    name = freezing.measured_id(session, row)
    if not name:
        return []
    measured = freezing.read(session, row, name)
    standing = reviews.standing(session, row, name)
    return [each for part in reviewed_parts(measured) for each in _rows(part, standing)]


def _rows(part: Reviewed, standing: Mapping[str, CaseReview]) -> list[dict[str, Any]]:
    """The table of one framework."""
    earned = _points(part)
    rows = []
    for subject in part.subjects():
        kind, _, named = subject.partition(":")
        kept = standing.get(subject)
        rows.append(
            {
                "subject": subject,
                "framework": part.rules["id"],
                "name": earned[subject]["name"],
                "found": (part.answers if kind == "item" else part.scenes).get(named.rpartition("/")[2]),
                "points": earned[subject]["points"],
                "decision": None if kept is None else _decision(kept),
            }
        )
    return rows


def _points(part: Reviewed) -> dict[str, dict[str, Any]]:
    items = {each["id"]: each["points"] for each in part.score["items"]}
    levels = {each["id"]: [str(end) for end in each["levels"]] for each in part.score["scenes"]}
    found = {
        part.subject("item", item["id"]): {"name": item["name"], "points": items[item["id"]]}
        for dimension in part.rules["dimensions"]
        for item in dimension["items"]
        if item["id"] in items
    }
    scenes = {
        part.subject("scene", each["id"]): {"name": each["name"], "points": levels[each["id"]]}
        for each in part.rules.get("scenes", [])
    }
    return {**found, **scenes}


def _decision(kept: CaseReview) -> dict[str, Any]:
    return {
        "subject": kept.subject,
        "decision": kept.decision,
        "value": dict(kept.value) or None,
        "reason": kept.reason,
        "on_site": kept.on_site,
        "document": kept.document or None,
        "reviewer": kept.reviewer,
        "at": to_iso(kept.at_ns),
    }
