"""Assessment frameworks: those of the packs and a centre's own, with their rules, marks, editions and differences."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from ovoo_contract.errors import ConfigError
from ovoo_packs import Framework, Item, framework_names, load_framework
from ovoo_packs.framework_data import framework_from_data
from ovoo_packs.loader import framework_data
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.paging import AskedDep, paged
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue import frameworks as rows
from ovoo_cloud.catalogue.framework_changes import changes
from ovoo_cloud.catalogue.framework_tables import FrameworkEdition
from ovoo_cloud.diagnosis.scoring import rules_of

__all__ = ["Shown", "all_shown", "compiled_of", "router", "shown_of"]

router = APIRouter(prefix="/api/v1/frameworks", tags=["frameworks"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_REPORT, plant_data=False))]
Manager = Annotated[Scope, Depends(require(Permission.MANAGE_FRAMEWORKS))]
_LARGEST = 2_000_000


class FrameworkBody(BaseModel):
    """A framework as it is sent: `text` (YAML or JSON) or `document` (the same as an object), one of them."""

    text: str | None = Field(None, max_length=_LARGEST, description="the document as YAML or JSON text")
    document: dict[str, Any] | None = Field(None, description="the document as a JSON object")
    name: str = Field("framework", min_length=1, max_length=100, description="how messages call the document")

    def content(self) -> str:
        """The text; an object is written out so that messages have lines."""
        if (self.text is None) == (self.document is None):
            remedy = "send one of text and document"
            raise ConfigError("no document, or two", offender="text", value=None, remedy=remedy)
        return self.text if self.text is not None else json.dumps(self.document, ensure_ascii=False, indent=1)


class StateBody(BaseModel):
    """What becomes of an edition."""

    state: Literal["published", "retired"]


@dataclass(frozen=True, slots=True)
class Shown:
    """An edition wherever it comes from; `row` is None for those of the packs, which are always published."""

    framework: Framework
    row: FrameworkEdition | None

    @property
    def key(self) -> str:
        """What identifies it, and how a case names it."""
        return f"{self.framework.id}@{self.framework.version}"


def all_shown(session: Session, scope: Scope) -> list[Shown]:
    """Every edition the reader may see: the packs' first, then the centre's own."""
    own = [_of_row(row) for row in rows.editions(session, scope)]
    return [Shown(load_framework(name), None) for name in framework_names()] + own


def _of_row(row: FrameworkEdition) -> Shown:
    return Shown(framework_from_data(row.compiled, row.sha256), row)


def shown_of(session: Session, scope: Scope, framework: str, version: str) -> Shown:
    """One edition; NotFound when there is none."""
    if framework in framework_names() and load_framework(framework).version == version:
        return Shown(load_framework(framework), None)
    return _of_row(rows.edition(session, scope, framework, version))


def compiled_of(shown: Shown) -> dict[str, Any]:
    """Its compiled data, of which a difference is taken."""
    return framework_data(shown.framework.id) if shown.row is None else shown.row.compiled


@router.get("")
def list_frameworks(services: ServicesDep, scope: Reader, page: AskedDep) -> dict[str, Any]:
    """All editions: those of the packs, then the centre's own by id, the newest first."""
    with services.database.read() as session:
        found = all_shown(session, scope)
    return paged(found, page, lambda each: each.key, _head)


@router.post("", status_code=201)
def add_framework(body: FrameworkBody, services: ServicesDep, scope: Manager) -> dict[str, Any]:
    """Checks, compiles and keeps a framework of the centre as a draft; all mistakes are told with their lines."""
    text = body.content()
    with services.database.write() as session:
        row = rows.add(session, scope, text, name=body.name, now_ns=services.clock())
        return _detail(_of_row(row))


@router.get("/{framework}/editions/{version}")
def get_framework(framework: str, version: str, services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """One edition with its rules, items, sources and marks."""
    with services.database.read() as session:
        return _detail(shown_of(session, scope, framework, version))


@router.post("/{framework}/editions/{version}/state")
def set_state(framework: str, version: str, body: StateBody, services: ServicesDep, scope: Manager) -> dict[str, Any]:
    """Publishes a draft whose lint is clean, or retires an edition."""
    with services.database.write() as session:
        row = rows.set_state(session, scope, framework, version, body.state, now_ns=services.clock())
        return _head(_of_row(row))


@router.get("/{framework}/changes")
def get_changes(
    framework: str,
    services: ServicesDep,
    scope: Reader,
    before: Annotated[str, Query(max_length=40, description="the earlier version")],
    after: Annotated[str, Query(max_length=40, description="the later version")],
) -> dict[str, Any]:
    """What differs between two editions of a framework, rule by rule."""
    with services.database.read() as session:
        pair = [compiled_of(shown_of(session, scope, framework, version)) for version in (before, after)]
    found = [{"path": each.path, "before": each.before, "after": each.after} for each in changes(*pair)]
    return {"framework": framework, "before": before, "after": after, "changes": found}


def _head(shown: Shown) -> dict[str, Any]:
    framework, row = shown.framework, shown.row
    return {
        "id": framework.id,
        "version": framework.version,
        "method": framework.method,
        "name_zh": framework.name_zh,
        "name_en": framework.name_en,
        "edition": framework.source.edition,
        "origin": "pack" if row is None else "own",
        "state": "published" if row is None else row.state,
        "sha256": framework.sha256,
        "reference_only": framework.reference_only,
        "reviewers": [{"name": r.name, "office": r.office, "date": r.date} for r in framework.reviewers],
        "items": len(framework.items),
        "unfinished": [] if row is None else list(row.unfinished["missing"]),
        "created_by": None if row is None else row.created_by,
        "created": None if row is None else to_iso(row.created_ns),
        "changed_by": None if row is None else row.changed_by,
        "changed": None if row is None else to_iso(row.changed_ns),
    }


def _detail(shown: Shown) -> dict[str, Any]:
    framework = shown.framework
    return _head(shown) | {
        "source": framework.source.text,
        "note": framework.source.note,
        "mark": framework.source.mark,
        "rules": rules_of(framework),
        "evidence": [_evidence(item) for item in framework.items],
    }


def _evidence(item: Item) -> dict[str, Any]:
    return {
        "item": item.id,
        "class": item.evidence_class,
        "zh": item.evidence_zh,
        "en": item.evidence_en,
        "indicator": item.indicator,
        "clause": item.clause,
        "source": item.source.text,
        "mark": item.source.mark,
        "note": item.source.note,
        "reference_only": item.reference_only,
    }
