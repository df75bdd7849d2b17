"""What a row of a register points to: enterprises, reports, cases and rows of other registers that are there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from ovoo_contract.errors import ConfigError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.catalogue.tables import Case, Enterprise, Report
from ovoo_cloud.centre.kinds import Field, Kind

__all__ = ["faults_of"]

_OWNED: Final = {"report": Report.enterprise, "case": Case.enterprise}
_IDS: Final = {"report": Report.id, "case": Case.id}


def faults_of(
    session: Session, scope: Scope, kind: Kind, content: Mapping[str, Any], *, beside: Collection[str] = ()
) -> list[ConfigError]:
    """A fault for every reference that leads nowhere the caller may see; ids `beside` come in the same file."""
    faults = []
    for field in kind.fields:
        value = content.get(field.id)
        if field.to and value is not None:
            for each in value if field.many else [value]:
                if not (field.to == kind.id and each in beside) and not _there(session, scope, field.to, each):
                    faults.append(_fault(field, each))
    return faults


def _there(session: Session, scope: Scope, to: str, name: str) -> bool:
    if to == "enterprise":
        return scope.sees(name) and session.get(Enterprise, name) is not None
    if to in _OWNED:
        owner = session.scalar(select(_OWNED[to]).where(_IDS[to] == name))
        return owner is not None and scope.sees(owner)
    row = session.execute(
        select(RegisterEntry.enterprise, RegisterEntry.withdrawn).where(
            RegisterEntry.kind == to, RegisterEntry.id == name
        )
    ).one_or_none()
    return row is not None and not row.withdrawn and (not row.enterprise or scope.sees(row.enterprise))


def _fault(field: Field, value: str) -> ConfigError:
    return ConfigError("leads nowhere", offender=field.id, value=value, remedy=f"name a {field.to} that is there")
