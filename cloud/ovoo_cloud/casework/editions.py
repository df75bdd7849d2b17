"""The framework that a case is pinned to: kept whole with the case, so that a newer edition changes nothing of it."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources

from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import StoreError
from ovoo_packs import Framework, Item, load_framework
from ovoo_packs.framework_data import framework_from_data
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.case_tables import CaseEdition, CaseFile
from ovoo_cloud.diagnosis.case import Answer, Case

__all__ = ["compiled", "fitting", "installed", "newer", "pin", "pinned"]


def installed(name: str) -> bytes:
    """The compiled framework as it is installed; PackError names those there are."""
    load_framework(name)
    return resources.files("ovoo_packs").joinpath("data", f"{name}.json").read_bytes()


def pin(session: Session, row: CaseFile, name: str, content: bytes, now_ns: int) -> CaseEdition:
    """Binds a case to a compiled framework."""
    code = sha256_hex(content)
    found = session.get(CaseEdition, (row.case, code))
    if found is None:
        found = CaseEdition(case=row.case, sha256=code, name=name, content=content, pinned_ns=now_ns)
        session.add(found)
    row.framework, row.edition = name, code
    session.flush()
    return found


def pinned(session: Session, row: CaseFile) -> Framework:
    """The framework that the case is bound to.

    Raises:
        StoreError: its kept content is not what was pinned.
    """
    found = session.get(CaseEdition, (row.case, row.edition))
    if found is None or sha256_hex(found.content) != row.edition:
        raise StoreError(
            "the pinned framework is damaged",
            offender=row.case,
            remedy="restore a backup",
            code="case.framework_damaged",
        )
    return compiled(found.content)


def newer(row: CaseFile) -> str | None:
    """The SHA-256 of the installed edition of the case's framework, None while that is the pinned one."""
    code = sha256_hex(installed(row.framework))
    return None if code == row.edition else code


def compiled(content: bytes) -> Framework:
    """The framework of compiled JSON."""
    return framework_from_data(json.loads(content), sha256_hex(content))


def fitting(case: Case, framework: Framework) -> tuple[Case, list[str]]:
    """A case with the answers and scenes that a framework can read, and what was left out for it."""
    items = {item.id: item for item in framework.items}
    scenes = {scene.id for scene in framework.scenes}
    left_out = [f"answers.{each.item}" for each in case.answers if not _readable(each, items.get(each.item))]
    left_out += [f"scenes.{each.scene}" for each in case.scenes if each.scene not in scenes]
    kept = tuple(each for each in case.answers if f"answers.{each.item}" not in left_out)
    named = tuple(each for each in case.scenes if each.scene in scenes)
    return replace(case, answers=kept, scenes=named), left_out


def _readable(answer: Answer, item: Item | None) -> bool:
    if item is None or (answer.ratio is not None) != (item.kind == "ratio"):
        return False
    known = {option.id for option in item.options}
    return {*answer.options, *answer.open_options} <= known and bool(answer.direction) == (item.kind == "direction")
