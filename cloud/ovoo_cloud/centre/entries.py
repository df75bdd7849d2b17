"""Rows of registers: who may see and change them, every version kept, no write over another's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ovoo_contract.address import check_segment
from ovoo_contract.errors import ConfigError, ConfigErrors, Forbidden, Stale
from sqlalchemy import Select, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission, Role
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.centre_tables import RegisterEntry, RegisterVersion
from ovoo_cloud.centre import references
from ovoo_cloud.centre.kinds import Kind
from ovoo_cloud.centre.own_kinds import kind_in, kinds_in
from ovoo_cloud.centre.row_checks import row_fault
from ovoo_cloud.centre.standing_rows import StandingRows
from ovoo_cloud.centre.values import read_value

__all__ = [
    "ANY",
    "Beside",
    "check_fields",
    "entries",
    "entry",
    "readable_kinds",
    "save",
    "shown",
    "stale",
    "unique_values",
    "versions",
]

ANY: Final = -1
"""As the version read: change whatever version there is."""
_CENTRE: Final = frozenset({Role.CENTRE_ADMIN, Role.CENTRE_EXPERT})
_AUDIENCE: Final[Mapping[str, frozenset[Role]]] = {
    "all": frozenset(Role),
    "centre": _CENTRE,
    "region": _CENTRE | {Role.REGION_VIEWER},
    "enterprise": _CENTRE | {Role.ENTERPRISE_ENGINEER, Role.ENTERPRISE_VIEWER},
}


@dataclass(frozen=True, slots=True)
class Beside:
    """What a row stands beside: ids that come in the same file, per field that must be unique who has which value,
    and the rows of registers that rules look at."""

    rows: StandingRows
    ids: frozenset[str] = frozenset()
    taken: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)


def entries(
    session: Session, scope: Scope, kind_id: str, *, withdrawn: bool = False, text: str = ""
) -> Sequence[RegisterEntry]:
    """The rows that the caller may see, by id; `text` must stand in the id or in a value."""
    kind_of = _readable(session, scope, kind_id)
    found = session.scalars(_visible(scope, kind_of)).all()
    wanted = text.strip().lower()
    return [
        row
        for row in found
        if (withdrawn or not row.withdrawn) and (not wanted or wanted in _words(scope, kind_of, row))
    ]


def entry(session: Session, scope: Scope, kind_id: str, entry_id: str) -> RegisterEntry:
    """One row; NotFound when it is absent or not for the caller's eyes."""
    query = _visible(scope, _readable(session, scope, kind_id)).where(RegisterEntry.id == entry_id)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise absent(f"{kind_id} {entry_id}")
    return found


def versions(session: Session, scope: Scope, kind_id: str, entry_id: str) -> Sequence[RegisterVersion]:
    """Every version of a row, newest first, for those who may change it."""
    scope.require(Permission.MANAGE_REGISTERS)
    row = entry(session, scope, kind_id, entry_id)
    query = select(RegisterVersion).where(RegisterVersion.kind == row.kind, RegisterVersion.id == row.id)
    found = session.scalars(query.order_by(RegisterVersion.version.desc())).all()
    return [each for each in found if not (owner := each.content.get("enterprise", "")) or scope.sees(owner)]


def shown(scope: Scope, kind_of: Kind, content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the caller may see; those for the centre only are left out for everybody else."""
    inside = scope.role in _CENTRE and _sees(scope, content.get("enterprise") or "")
    return {each.id: content.get(each.id) for each in kind_of.fields if inside or not each.inside}


def check_fields(kind_of: Kind, given: Mapping[str, object]) -> dict[str, Any]:
    """The content of a row as it is stored.

    Raises:
        ConfigErrors: every field that is unknown, missing or does not fit.
    """
    known = {each.id for each in kind_of.fields}
    faults = [
        ConfigError("no such field", offender=name, remedy=", ".join(sorted(known)))
        for name in given
        if name not in known
    ]
    content: dict[str, Any] = {}
    for each in kind_of.fields:
        try:
            content[each.id] = read_value(each, given.get(each.id))
        except ConfigError as error:
            faults.append(ConfigError(error.message, offender=each.id, value=error.value, remedy=error.remedy))
    if faults:
        raise ConfigErrors(faults)
    return content


def save(
    session: Session,
    scope: Scope,
    kind_id: str,
    entry_id: str,
    given: Mapping[str, object],
    *,
    read: int,
    now_ns: int,
    withdrawn: bool = False,
    beside: Beside | None = None,
    audited: bool = True,
) -> tuple[RegisterEntry, bool]:
    """Adds or changes a row; gives it and whether anything changed. Equal content makes no version.

    Args:
        read: the version that the caller read, 0 for a new row, `ANY` for whatever there is.
        beside: what comes with it in one file; without it the row comes alone.
        audited: False where the caller writes one line for many rows.

    Raises:
        Stale: the row has another version; the error carries both.
        ConfigErrors: fields that do not fit, references that lead nowhere, a value that must be unique.
    """
    scope.require(Permission.MANAGE_REGISTERS)
    kind_of = kind_in(session, kind_id)
    _require_reader(scope, kind_of)
    if kind_of.retired:
        raise ConfigError("the register is closed", offender="register", value=kind_id, remedy="reopen its kind first")
    check_segment(entry_id, "entry")
    content = _checked(session, scope, kind_of, entry_id, given, beside)
    found = session.get(RegisterEntry, (kind_id, entry_id), with_for_update=True)
    if found is not None and not _sees(scope, found.enterprise):
        raise absent(f"{kind_id} {entry_id}")
    version = 0 if found is None else found.version
    if read not in (ANY, version):
        raise stale(f"{kind_id} {entry_id}", read, version, content, _standing(scope, kind_of, found))
    if found is not None and found.content == content and found.withdrawn == withdrawn:
        return found, False
    row = _put(session, scope, found, RegisterVersion(
        kind=kind_id, id=entry_id, version=version + 1, content=content, withdrawn=withdrawn, made_by=scope.user,
        made_ns=now_ns,
    ))  # fmt: skip
    if audited:
        audit.append(
            session, actor=scope.user, action="register.save", subject=f"{kind_id}/{entry_id}", at_ns=now_ns,
            enterprise=row.enterprise, detail={"version": row.version, "withdrawn": withdrawn},
        )  # fmt: skip
    return row, True


def _checked(
    session: Session,
    scope: Scope,
    kind_of: Kind,
    entry_id: str,
    given: Mapping[str, object],
    beside: Beside | None,
) -> dict[str, Any]:
    """The content as it is stored; ConfigErrors for everything that does not fit."""
    content = check_fields(kind_of, given)
    if beside is None:
        beside = Beside(StandingRows(session), taken=unique_values(session, kind_of))
    faults = references.faults_of(session, scope, kind_of, content, beside=beside.ids)
    faults += _taken(kind_of, entry_id, content, beside.taken)
    if not faults and (fault := row_fault(beside.rows, kind_of.id, entry_id, content)) is not None:
        faults.append(fault)
    if faults:
        raise ConfigErrors(faults)
    return content


def _put(session: Session, scope: Scope, found: RegisterEntry | None, made: RegisterVersion) -> RegisterEntry:
    row = found or RegisterEntry(kind=made.kind, id=made.id)
    row.version, row.content, row.withdrawn = made.version, made.content, made.withdrawn
    row.enterprise = made.content.get("enterprise") or ""
    row.updated_by, row.updated_ns = scope.user, made.made_ns
    try:
        with session.begin_nested():
            session.add_all([row, made])
            session.flush()
    except IntegrityError as error:  # two people added the same id at once
        raise stale(f"{made.kind} {made.id}", made.version - 1, made.version, made.content) from error
    return row


def stale(
    offender: str,
    read: int,
    found: int,
    yours: Mapping[str, Any] | None = None,
    theirs: Mapping[str, Any] | None = None,
) -> Stale:
    """The error of a write from version `read` where `found` stands; `yours` and `theirs` say what is in them."""
    return Stale(
        "changed since it was read",
        offender=offender,
        value=f"version {read}, now {found}",
        remedy="read it again and send If-Match with the version there is",
        versions={
            "yours": {"version": read, **({} if yours is None else {"content": dict(yours)})},
            "theirs": {"version": found, **(theirs or {})},
        },
    )


def _standing(scope: Scope, kind_of: Kind, row: RegisterEntry | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {"author": row.updated_by, "withdrawn": row.withdrawn, "content": shown(scope, kind_of, row.content)}


def unique_values(session: Session, kind_of: Kind) -> dict[str, dict[Any, str]]:
    """Per field that must be unique, which row has which value; withdrawn rows keep theirs."""
    names = [each.id for each in kind_of.fields if each.unique]
    rows = session.scalars(select(RegisterEntry).where(RegisterEntry.kind == kind_of.id)).all() if names else []
    return {name: {row.content.get(name): row.id for row in rows} for name in names}


def _taken(
    kind_of: Kind, entry_id: str, content: Mapping[str, Any], taken: Mapping[str, Mapping[Any, str]]
) -> list[ConfigError]:
    return [
        ConfigError("taken by another row", offender=name, value=content[name], remedy="use another one")
        for name, holders in taken.items()
        if content.get(name) is not None and holders.get(content[name], entry_id) != entry_id
    ]


def readable_kinds(session: Session, scope: Scope) -> list[Kind]:
    """The registers that the caller may open, in their order, the centre's own last."""
    scope.require(Permission.READ_REGISTERS)
    return [each for each in kinds_in(session).values() if scope.role in _AUDIENCE[each.audience]]


def _readable(session: Session, scope: Scope, kind_id: str) -> Kind:
    scope.require(Permission.READ_REGISTERS)
    found = kind_in(session, kind_id)
    _require_reader(scope, found)
    return found


def _require_reader(scope: Scope, kind_of: Kind) -> None:
    if scope.role not in _AUDIENCE[kind_of.audience]:
        raise Forbidden(
            "this register is not for your role", offender=kind_of.id, value=scope.role.value, remedy="ask the centre"
        )


def _visible(scope: Scope, kind_of: Kind) -> Select[RegisterEntry]:
    query = select(RegisterEntry).where(RegisterEntry.kind == kind_of.id).order_by(RegisterEntry.id)
    if kind_of.audience == "all" or scope.enterprises is None:
        return query
    own = RegisterEntry.enterprise.in_(scope.enterprises)
    return (
        query.where(or_(RegisterEntry.enterprise == "", own) if scope.role in _CENTRE else own)
        if kind_of.owned
        else query
    )


def _sees(scope: Scope, enterprise: str) -> bool:
    return not enterprise or scope.sees(enterprise)


def _words(scope: Scope, kind_of: Kind, row: RegisterEntry) -> str:
    return " ".join([row.id, *(str(each) for each in shown(scope, kind_of, row.content).values() if each)]).lower()
