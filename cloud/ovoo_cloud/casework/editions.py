"""The framework that a case is pinned to: kept whole with the case, so that a newer edition changes nothing of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from types import MappingProxyType
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ConfigError, ConfigErrors, StoreError
from ovoo_packs import Framework, Item, framework_names, leading_framework, load_framework
from ovoo_packs.framework_data import framework_from_data
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework.previous import case_before
from ovoo_cloud.catalogue import enterprises, frameworks
from ovoo_cloud.catalogue.case_tables import CaseEdition, CaseFile
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.framework_tables import FrameworkEdition
from ovoo_cloud.diagnosis.assessments import check_leading
from ovoo_cloud.diagnosis.case import Answer, Case
from ovoo_cloud.diagnosis.shelf import Shelf, split_reference

__all__ = [
    "Choice",
    "available",
    "choices",
    "compiled",
    "fitting",
    "installed",
    "keep",
    "kept_content",
    "kept_rules",
    "leading",
    "pin",
    "pinned",
    "pinned_shelf",
]


def installed(name: str) -> bytes:
    """The compiled framework as it is installed; PackError names those there are."""
    load_framework(name)
    return resources.files("ovoo_packs").joinpath("data", f"{name}.json").read_bytes()


def available(session: Session, scope: Scope, reference: str) -> tuple[str, bytes]:
    """Id and compiled rules of a framework that a case may be pinned to: of the packs, or published by the centre.

    Raises:
        ConfigError: there is none, or not in that version.
    """
    name, version = split_reference(reference)
    try:
        own = frameworks.shelf(session, scope, [reference]).own.get(reference)
    except ConfigError as error:
        listed = {each.framework for each in frameworks.editions(session, scope) if each.state == "published"}
        known = ", ".join([*framework_names(), *sorted(listed)])
        raise ConfigError(
            error.message,
            offender="framework",
            value=reference,
            remedy=error.remedy,
            code="case.no_such_framework",
            slots={"name": reference, "known": known},
        ) from error
    if own is not None:
        return name, canonical_json(own)
    content = installed(name)
    there = compiled(content).version
    if version not in ("", there):
        remedy = f"{name}@{there} is installed"
        raise ConfigError(
            "no such version",
            offender="framework",
            value=reference,
            remedy=remedy,
            code="case.no_such_version",
            slots={"there": f"{name}@{there}"},
        )
    return name, content


def leading(session: Session, scope: Scope, row: CaseFile) -> str:
    """The framework that a case is led by unless it says otherwise: that of the case before, else of its sector."""
    before = case_before(session, row)
    if before is not None and before.framework:
        return before.framework
    return leading_framework(enterprises.enterprise(session, scope, row.enterprise).sector or "")


@dataclass(frozen=True, slots=True)
class Choice:
    """A framework that may lead a case or stand beside the one that does.

    `usual` leads unless another is chosen; `beside` stood beside the leading one of the case before.
    """

    reference: str
    version: str
    name: Mapping[str, str]
    usual: bool
    beside: bool


def choices(session: Session, scope: Scope, row: CaseFile) -> list[Choice]:
    """What a case may be led by: every framework of the packs, then the published ones of the centre."""
    usual, before = leading(session, scope, row), case_before(session, row)
    beside = {each["framework"] for each in (before.further or () if before is not None else ())} - {usual}
    packs = [load_framework(name) for name in framework_names()]
    found = [Choice(each.id, each.version, _names(each), each.id == usual, each.id in beside) for each in packs]
    own = [each for each in frameworks.editions(session, scope) if each.state == "published"]
    return found + [
        Choice(
            f"{each.framework}@{each.version}",
            each.version,
            _names(each),
            each.framework == usual,
            each.framework in beside,
        )
        for each in own
    ]


def _names(row: Framework | FrameworkEdition) -> dict[str, str]:
    return {"zh": row.name_zh, "en": row.name_en}


def pin(session: Session, row: CaseFile, name: str, content: bytes, now_ns: int) -> CaseEdition:
    """Binds a case to the compiled framework that leads it."""
    found = keep(session, row, name, content, now_ns)
    row.framework, row.edition = name, found.sha256
    session.flush()
    return found


def keep(session: Session, row: CaseFile, name: str, content: bytes, now_ns: int) -> CaseEdition:
    """Keeps a compiled framework with the case, whole."""
    code = sha256_hex(content)
    found = session.get(CaseEdition, (row.case, code))
    if found is None:
        found = CaseEdition(case=row.case, sha256=code, name=name, content=content, pinned_ns=now_ns)
        session.add(found)
        session.flush()
    return found


def pinned(session: Session, row: CaseFile) -> Framework:
    """The framework that the case is bound to.

    Raises:
        StoreError: its kept content is not what was pinned.
    """
    return compiled(kept_content(session, row, row.edition))


def pinned_shelf(session: Session, row: CaseFile, instead: Mapping[str, bytes] = MappingProxyType({})) -> Shelf:
    """The pinned rules as those that a case is measured by, whatever is installed; StoreError as `pinned`.

    Args:
        instead: compiled rules that stand in the place of pinned ones, by the framework's id.
    """
    listed = {row.framework: row.edition, **{each["framework"]: each["edition"] for each in row.further or ()}}
    return Shelf(
        {name: json.loads(instead.get(name) or kept_content(session, row, code)) for name, code in listed.items()}
    )


def kept_content(session: Session, row: CaseFile, edition: str) -> bytes:
    """The compiled rules that a case keeps by their SHA-256; StoreError as `pinned`."""
    found = session.get(CaseEdition, (row.case, edition))
    if found is None or sha256_hex(found.content) != edition:
        raise StoreError(
            "the pinned framework is damaged",
            offender=row.case,
            remedy="restore a backup",
            code="case.framework_damaged",
        )
    return bytes(found.content)


def kept_rules(database: Database) -> Callable[[str], Mapping[str, Any] | None]:
    """Finds compiled rules by their SHA-256 among those that cases were pinned to, and a centre's own ones."""

    def find(sha256: str) -> Mapping[str, Any] | None:
        with database.read() as session:
            kept = session.scalars(select(CaseEdition).where(CaseEdition.sha256 == sha256).limit(1)).first()
            if kept is not None and sha256_hex(kept.content) == sha256:
                found: Mapping[str, Any] = json.loads(kept.content)
                return found
            own = session.scalars(select(FrameworkEdition).where(FrameworkEdition.sha256 == sha256).limit(1)).first()
            return None if own is None else own.compiled

    return find


def compiled(content: bytes) -> Framework:
    """The framework of compiled JSON."""
    return framework_from_data(json.loads(content), sha256_hex(content))


def fitting(case: Case, framework: Framework) -> tuple[Case, list[str]]:
    """A case with the answers and scenes that a framework can read, and what was left out for it."""
    if framework.method != "points_gate":
        return _fitting_graded(case, framework)
    items = {item.id: item for item in framework.items}
    scenes = {scene.id for scene in framework.scenes}
    left_out = [f"answers.{each.item}" for each in case.answers if not _readable(each, items.get(each.item))]
    left_out += [f"scenes.{each.scene}" for each in case.scenes if each.scene not in scenes]
    kept = tuple(each for each in case.answers if f"answers.{each.item}" not in left_out)
    named = tuple(each for each in case.scenes if each.scene in scenes)
    left_out += [f"answers.{each.item}" for each in case.graded]
    return replace(case, answers=kept, scenes=named, graded=(), part_machines={}), left_out


def _fitting_graded(case: Case, framework: Framework) -> tuple[Case, list[str]]:
    """The same for a method without points: each answer is tried on its own, and scenes have no place there."""
    left_out = [f"scenes.{each.scene}" for each in case.scenes]
    kept = replace(case, scenes=(), part_machines=_known_parts(case, framework))
    alone = [(each.item, replace(kept, answers=(each,), graded=())) for each in case.answers]
    alone += [(each.item, replace(kept, answers=(), graded=(each,))) for each in case.graded]
    for item, single in alone:
        try:
            check_leading(single, framework)
        except ConfigErrors:
            left_out.append(f"answers.{item}")
    answers = tuple(each for each in case.answers if f"answers.{each.item}" not in left_out)
    graded = tuple(each for each in case.graded if f"answers.{each.item}" not in left_out)
    return replace(kept, answers=answers, graded=graded), left_out


def _known_parts(case: Case, framework: Framework) -> dict[str, tuple[str, ...]]:
    parts = {part.id for part in framework.dimensions}
    return {part: names for part, names in case.part_machines.items() if part in parts}


def _readable(answer: Answer, item: Item | None) -> bool:
    if item is None or (answer.ratio is not None) != (item.kind == "ratio"):
        return False
    known = {option.id for option in item.options}
    return {*answer.options, *answer.open_options} <= known and bool(answer.direction) == (item.kind == "direction")
