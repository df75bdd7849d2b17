"""A centre's own kinds of registers: taken in as documents, every version kept, in force at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ConfigError, ConfigErrors
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.catalogue.register_kind_tables import RegisterKind
from ovoo_cloud.centre.kind_schema import compile_kind
from ovoo_cloud.centre.kinds import Field, Kind, kind_from, kinds
from ovoo_cloud.centre.values import read_value

__all__ = ["add_kind", "kind_in", "kind_versions", "kinds_in"]

_MOST_FAULTS: Final = 50


def kinds_in(session: Session) -> Mapping[str, Kind]:
    """All kinds by id: those of the product, then the centre's own in their newest version."""
    return {**kinds(), **{row.kind: kind_from(row.compiled) for row in _newest(session)}}


def kind_in(session: Session, name: str) -> Kind:
    """One kind in its newest version; NotFound where there is none."""
    if name in kinds():
        return kinds()[name]
    query = select(RegisterKind).where(RegisterKind.kind == name).order_by(RegisterKind.version.desc()).limit(1)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise absent(f"register {name}")
    return kind_from(row.compiled)


def kind_versions(session: Session, scope: Scope, name: str) -> Sequence[RegisterKind]:
    """Every version of an own kind, newest first; NotFound where it is not one."""
    scope.require(Permission.MANAGE_REGISTERS)
    query = select(RegisterKind).where(RegisterKind.kind == name).order_by(RegisterKind.version.desc())
    found = session.scalars(query).all()
    if not found:
        raise absent(f"register {name}")
    return found


def add_kind(session: Session, scope: Scope, text: str, *, name: str, now_ns: int) -> RegisterKind:
    """Takes a kind in, or the next version of one; the same document again changes nothing.

    Args:
        text: the YAML or JSON document.
        name: how messages call it.

    Raises:
        ConfigErrors: what is wrong with the document, with its lines, or the rows that would not fit it any more.
        ConfigError: its version is not the next one.
    """
    scope.require(Permission.MANAGE_FRAMEWORKS)
    own = {row.kind: row for row in _newest(session)}
    compiled = compile_kind(text, name, own.keys())
    sha256 = sha256_hex(canonical_json(compiled))
    before = own.get(compiled["id"])
    if before is not None and (before.version, before.sha256) == (compiled["version"], sha256):
        return before
    _check_version(before, compiled)
    _check_rows(session, before, compiled)
    row = RegisterKind(
        kind=compiled["id"], version=compiled["version"], sha256=sha256, source=text, compiled=compiled,
        made_by=scope.user, made_ns=now_ns,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        raise _not_next(compiled, compiled["version"]) from error
    audit.append(
        session, actor=scope.user, action="register_kind.save", subject=row.kind, at_ns=now_ns,
        detail={"version": row.version, "sha256": sha256, "retired": compiled["retired"]},
    )  # fmt: skip
    return row


def _newest(session: Session) -> Sequence[RegisterKind]:
    latest = select(RegisterKind.kind, func.max(RegisterKind.version).label("version")).group_by(RegisterKind.kind)
    newest = latest.subquery()
    query = select(RegisterKind).join(
        newest, (RegisterKind.kind == newest.c.kind) & (RegisterKind.version == newest.c.version)
    )
    return session.scalars(query.order_by(RegisterKind.kind)).all()


def _check_version(before: RegisterKind | None, compiled: Mapping[str, Any]) -> None:
    newest = 0 if before is None else before.version
    if compiled["version"] != newest + 1:
        raise _not_next(compiled, newest)


def _not_next(compiled: Mapping[str, Any], newest: int) -> ConfigError:
    return ConfigError(
        "not the next version", offender="version", value=compiled["version"], remedy=f"write version: {newest + 1}"
    )


def _check_rows(session: Session, before: RegisterKind | None, compiled: Mapping[str, Any]) -> None:
    """Every stored row must fit the new version, and no column that rows have may go: nothing is lost by a schema."""
    query = select(RegisterEntry).where(RegisterEntry.kind == compiled["id"]).order_by(RegisterEntry.id)
    rows = session.scalars(query).all()
    if before is None or not rows:
        return
    made = kind_from(compiled)
    gone = sorted({each["id"] for each in before.compiled["fields"]} - {each.id for each in made.fields})
    faults = [
        ConfigError("rows have this column", offender=f"fields.{each}", value=len(rows), remedy="leave it in")
        for each in gone
    ]
    taken: dict[tuple[str, Any], str] = {}
    for row in rows:
        for each in made.fields:
            faults += _row_fault(row, each, taken)
    if faults:
        raise ConfigErrors(faults[:_MOST_FAULTS])


def _row_fault(row: RegisterEntry, field: Field, taken: dict[tuple[str, Any], str]) -> list[ConfigError]:
    value = row.content.get(field.id)
    try:
        read = read_value(field, value)
    except ConfigError as error:
        return [
            ConfigError(
                f"a row does not fit: {error.message}", offender=f"{row.id} {field.id}", value=value,
                remedy=error.remedy or "change the row first",
            )
        ]  # fmt: skip
    if field.unique and read is not None and taken.setdefault((field.id, read), row.id) != row.id:
        remedy = f"row {taken[field.id, read]} has it too"
        message = "a row does not fit: not unique"
        return [ConfigError(message, offender=f"{row.id} {field.id}", value=value, remedy=remedy)]
    return []
