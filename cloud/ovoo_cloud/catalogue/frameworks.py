"""A centre's own frameworks: taken in through the pack compiler, published, retired, and handed to cases."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.errors import ConfigError, ConfigErrors, PackError
from ovoo_packs import framework_names
from ovoo_packs.compiler.lint import Linted, lint_framework
from ovoo_packs.loader import norm_rows
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.framework_tables import FrameworkEdition
from ovoo_cloud.diagnosis.shelf import Shelf, split_reference

__all__ = ["STATES", "add", "edition", "editions", "lint_text", "set_state", "shelf"]

STATES: Final = ("draft", "published", "retired")
_ALLOWED: Final = {("draft", "published"), ("draft", "retired"), ("published", "retired")}
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_LONGEST: Final = 200


def lint_text(text: str, name: str) -> Linted:
    """A framework document as sent, checked by the compiler of the packs.

    Raises:
        ConfigErrors: everything that is wrong, each with name:line and key.
    """
    found = lint_framework(text.encode("utf-8", "surrogatepass"), name, norm_rows())
    if found.errors:
        raise ConfigErrors([_config(error) for error in found.errors])
    return found


def _config(error: PackError) -> ConfigError:
    return ConfigError(error.message, offender=error.offender, value=error.value, remedy=error.remedy)


def add(session: Session, scope: Scope, text: str, *, name: str, now_ns: int) -> FrameworkEdition:
    """Keeps a framework as a draft; a draft of the same version is replaced, a published one never is.

    Args:
        text: the YAML or JSON document.
        name: how messages call it.

    Raises:
        ConfigErrors: the document has errors.
        ConfigError: its id belongs to a pack, its version is none, or was published before.
    """
    scope.require(Permission.MANAGE_FRAMEWORKS)
    found = lint_text(text, name)
    data = found.data or {}
    _check_names(data)
    row = session.get(FrameworkEdition, (data["id"], data["version"]))
    if row is not None and row.state != "draft":
        raise ConfigError(
            "this version was published",
            offender=f"{data['id']}@{data['version']}",
            value=row.state,
            remedy="give the changed framework a new version",
        )
    if row is None:
        row = FrameworkEdition(framework=data["id"], version=data["version"], state="draft",
                               created_by=scope.user, created_ns=now_ns)  # fmt: skip
        session.add(row)
    _fill(row, found, text)
    row.changed_by, row.changed_ns = scope.user, now_ns
    session.flush()
    _audit(session, scope, row, "framework.save", now_ns)
    return row


def _check_names(data: Mapping[str, Any]) -> None:
    if data["id"] in framework_names():
        remedy = "choose another id: this one belongs to a pack that comes with the product"
        raise ConfigError("the id is taken", offender="id", value=data["id"], remedy=remedy)
    if not _VERSION.fullmatch(data["version"]):
        remedy = "letters, digits, '.', '_' and '-', at most 40"
        raise ConfigError("not a version", offender="version", value=data["version"], remedy=remedy)
    for key in ("name_zh", "name_en"):
        if len(data[key]) > _LONGEST:
            raise ConfigError("too long", offender=key, value=data[key], remedy=f"at most {_LONGEST} characters")
    if len(data["source"]["edition"]) > _LONGEST:
        raise ConfigError("too long", offender="edition", value=data["source"]["edition"], remedy="a short number")


def _fill(row: FrameworkEdition, found: Linted, text: str) -> None:
    data = found.data or {}
    row.method, row.name_zh, row.name_en = data["method"], data["name_zh"], data["name_en"]
    row.edition, row.sha256, row.source = data["source"]["edition"], found.sha256, text
    row.compiled, row.vectors = data, found.vectors
    row.unfinished = {"missing": [str(each) for each in found.unfinished]}


def set_state(
    session: Session, scope: Scope, framework: str, version: str, state: str, *, now_ns: int
) -> FrameworkEdition:
    """Publishes a draft, or retires an edition; a retired one still serves the cases that name its version.

    Raises:
        ConfigError: no such step from its state, or a draft that is not finished.
    """
    scope.require(Permission.MANAGE_FRAMEWORKS)
    row = edition(session, scope, framework, version)
    if (row.state, state) not in _ALLOWED:
        steps = [after for before, after in sorted(_ALLOWED) if before == row.state]
        remedy = f"from {row.state} to {' or '.join(steps)}" if steps else "add a new version"
        raise ConfigError("no such step", offender=f"{framework}@{version}", value=state, remedy=remedy)
    if state == "published" and row.unfinished["missing"]:
        missing = row.unfinished["missing"]
        raise ConfigError(
            "the framework is not finished", offender=f"{framework}@{version}", value=len(missing), remedy=missing[0]
        )
    row.state, row.changed_by, row.changed_ns = state, scope.user, now_ns
    session.flush()
    _audit(session, scope, row, f"framework.{state}", now_ns)
    return row


def editions(session: Session, scope: Scope, framework: str | None = None) -> Sequence[FrameworkEdition]:
    """A centre's own editions by id, the newest first; drafts are seen by those who manage them."""
    scope.require(Permission.READ_REPORT)
    query = select(FrameworkEdition).order_by(
        FrameworkEdition.framework, FrameworkEdition.created_ns.desc(), FrameworkEdition.version
    )
    if framework is not None:
        query = query.where(FrameworkEdition.framework == framework)
    if not scope.allows(Permission.MANAGE_FRAMEWORKS):
        query = query.where(FrameworkEdition.state != "draft")
    return session.scalars(query).all()


def edition(session: Session, scope: Scope, framework: str, version: str) -> FrameworkEdition:
    """One edition; NotFound when there is none, or a draft that is not the reader's business."""
    scope.require(Permission.READ_REPORT)
    row = session.get(FrameworkEdition, (framework, version))
    if row is None or (row.state == "draft" and not scope.allows(Permission.MANAGE_FRAMEWORKS)):
        raise absent(f"framework {framework}@{version}")
    return row


def shelf(session: Session, scope: Scope, references: Sequence[str]) -> Shelf:
    """The frameworks that a case names: the version it says, else the newest published one of that id.

    Raises:
        ConfigError: a framework that is neither in the packs nor published here.
    """
    own: dict[str, Mapping[str, Any]] = {}
    for reference in references:
        name, version = split_reference(reference)
        if name in framework_names():
            continue
        rows = [row for row in editions(session, scope, name) if row.state != "draft"]
        if version:
            row = next((each for each in rows if each.version == version), None)
        else:
            row = next((each for each in rows if each.state == "published"), None)
        if row is None:
            known = [*framework_names(), *sorted({each.framework for each in editions(session, scope)})]
            remedy = f"a published one of {', '.join(known)}, as id or id@version"
            raise ConfigError("no such framework", offender="frameworks", value=reference, remedy=remedy)
        own[reference] = row.compiled
    return Shelf(own)


def _audit(session: Session, scope: Scope, row: FrameworkEdition, action: str, now_ns: int) -> None:
    audit.append(
        session,
        actor=scope.user,
        action=action,
        subject=f"{row.framework}@{row.version}",
        at_ns=now_ns,
        detail={"sha256": row.sha256, "state": row.state},
    )
