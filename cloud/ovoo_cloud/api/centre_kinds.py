"""The kinds of registers: those of the product and the centre's own, which come in as documents."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from ovoo_contract.errors import ConfigError
from pydantic import BaseModel, Field

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.idempotency import KeyedRoute
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue.register_kind_tables import RegisterKind
from ovoo_cloud.centre.entries import readable_kinds
from ovoo_cloud.centre.kinds import Kind, kind_from
from ovoo_cloud.centre.own_kinds import add_kind, kind_in, kind_versions

__all__ = ["router", "shown_kind"]

router = APIRouter(prefix="/api/v1/centre/kinds", tags=["centre"], route_class=KeyedRoute)
Reader = Annotated[Scope, Depends(require(Permission.READ_REGISTERS))]
Keeper = Annotated[Scope, Depends(require(Permission.MANAGE_REGISTERS))]
Manager = Annotated[Scope, Depends(require(Permission.MANAGE_FRAMEWORKS))]
_LARGEST: Final = 200_000


class KindBody(BaseModel):
    """A kind as it is sent: `text` (YAML or JSON) or `document` (the same as an object), one of them."""

    text: str | None = Field(None, max_length=_LARGEST, description="the document as YAML or JSON text")
    document: dict[str, Any] | None = Field(None, description="the document as a JSON object")
    name: str = Field("kind", min_length=1, max_length=100, description="how messages call the document")

    def content(self) -> str:
        """The text; an object is written out so that messages have lines."""
        if (self.text is None) == (self.document is None):
            raise ConfigError("no document, or two", offender="text", remedy="send one of text and document")
        return self.text if self.text is not None else json.dumps(self.document, ensure_ascii=False, indent=1)


@router.get("")
def list_kinds(services: ServicesDep, scope: Reader) -> dict[str, Any]:
    """Every kind that the caller may open, with its fields, their types, words and values."""
    with services.database.read() as session:
        return {"items": [shown_kind(each) for each in readable_kinds(session, scope)]}


@router.post("", status_code=201)
def post_kind(body: KindBody, services: ServicesDep, scope: Manager) -> dict[str, Any]:
    """Checks a kind of the centre's own and puts it in force; all mistakes are told with their lines."""
    text = body.content()
    with services.database.write() as session:
        return _shown(add_kind(session, scope, text, name=body.name, now_ns=services.clock()))


@router.get("/{register}")
def get_kind(register: str, services: ServicesDep, scope: Keeper) -> dict[str, Any]:
    """One kind; of an own one every version with the document that was sent."""
    with services.database.read() as session:
        found = kind_in(session, register)
        rows = kind_versions(session, scope, register) if found.version else []
    return shown_kind(found) | {"versions": [_version(row) for row in rows]}


def _shown(row: RegisterKind) -> dict[str, Any]:
    return shown_kind(kind_from(row.compiled)) | {"sha256": row.sha256}


def _version(row: RegisterKind) -> dict[str, Any]:
    return {
        "version": row.version,
        "sha256": row.sha256,
        "source": row.source,
        "made_by": row.made_by,
        "made": to_iso(row.made_ns),
    }


def shown_kind(each: Kind) -> dict[str, Any]:
    """A kind as plain data."""
    return {
        "id": each.id,
        "name_zh": each.label.zh,
        "name_en": each.label.en,
        "audience": each.audience,
        "origin": "own" if each.version else "product",
        "version": each.version,
        "retired": each.retired,
        "fields": [
            {
                "id": item.id,
                "type": item.type,
                "name_zh": item.label.zh,
                "name_en": item.label.en,
                "required": item.required,
                "unique": item.unique,
                "centre_only": item.inside,
                "to": item.to or None,
                "low": item.low,
                "high": item.high,
                "fact": item.fact,
                "values": {name: [label.zh, label.en] for name, label in item.values.items()} or None,
            }
            for item in each.fields
        ],
    }
