"""The further frameworks of a case: they stand beside the leading one, each pinned to its edition as that one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.errors import ConfigError
from ovoo_packs import Framework
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import editions
from ovoo_cloud.casework.previous import case_before
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.diagnosis.shelf import split_reference

__all__ = [
    "MOST",
    "check_count",
    "chosen",
    "drop",
    "edition_of",
    "frameworks",
    "names",
    "pin",
    "pin_more",
    "repin",
    "told",
    "usual",
]

MOST: Final = 4
"""The most frameworks that may stand beside the leading one."""


def names(row: CaseFile) -> tuple[str, ...]:
    """Ids of the further frameworks of a case in their order; none in one of old."""
    return tuple(each["framework"] for each in row.further or ())


def edition_of(row: CaseFile, name: str) -> str:
    """The SHA-256 that a framework of the case is pinned to, empty where it has none of this id."""
    listed = {each["framework"]: each["edition"] for each in row.further or ()}
    return row.edition if name == row.framework else listed.get(name, "")


def frameworks(session: Session, row: CaseFile) -> tuple[Framework, ...]:
    """The further frameworks as the case is bound to them.

    Raises:
        StoreError: kept content is not what was pinned.
    """
    kept = [editions.kept_content(session, row, each["edition"]) for each in row.further or ()]
    return tuple(editions.compiled(each) for each in kept)


def usual(session: Session, row: CaseFile, leading: str) -> tuple[str, ...]:
    """What stands beside the leading framework unless the case says otherwise: what stood there in the case before."""
    before = case_before(session, row)
    return () if before is None else tuple(name for name in names(before) if name != leading)


def check_count(count: int) -> None:
    """Refuses more further frameworks than a case may have."""
    if count > MOST:
        raise ConfigError(
            "too many further frameworks",
            offender="further",
            value=count,
            remedy=f"at most {MOST}",
            code="case.too_many_further",
            slots={"most": MOST},
        )


def chosen(session: Session, scope: Scope, references: Sequence[str], leading: str) -> list[tuple[str, bytes]]:
    """Ids and compiled rules of the frameworks that are to stand beside the leading one.

    Args:
        references: `id` or `id@version` each.
        leading: id of the framework that leads.

    Raises:
        ConfigError: too many, one named twice, the leading one again, or one that is not at hand.
    """
    check_count(len(references))
    found: list[tuple[str, bytes]] = []
    for reference in references:
        name = split_reference(reference)[0]
        if name == leading:
            raise ConfigError(
                "this framework leads the case already",
                offender="further",
                value=reference,
                remedy="leave it out, or let another one lead",
                code="case.further_leads",
                slots={"name": name},
            )
        if name in {each for each, _ in found}:
            raise ConfigError(
                "a further framework is named twice",
                offender="further",
                value=reference,
                remedy="name each framework once, in one version",
                code="case.further_twice",
                slots={"name": name},
            )
        found.append(editions.available(session, scope, reference))
    return found


def pin(session: Session, row: CaseFile, found: Sequence[tuple[str, bytes]], now_ns: int) -> list[dict[str, str]]:
    """Binds a case to the further frameworks that `chosen` gave, and tells them as a step records them."""
    kept = [editions.keep(session, row, name, content, now_ns) for name, content in found]
    row.further = [{"framework": each.name, "edition": each.sha256} for each in kept]
    session.flush()
    return list(row.further)


def pin_more(session: Session, row: CaseFile, found: Sequence[tuple[str, bytes]], now_ns: int) -> dict[str, str]:
    """Binds a case to one more framework, the only one of `found`, after those that it has; tells it as a step does."""
    ((name, content),) = found
    kept = editions.keep(session, row, name, content, now_ns)
    row.further = [*(row.further or ()), {"framework": name, "edition": kept.sha256}]
    session.flush()
    return {"framework": name, "edition": kept.sha256, "version": editions.compiled(content).version}


def drop(session: Session, row: CaseFile, name: str) -> None:
    """Binds a case to one further framework less; the edition stays kept with the case."""
    row.further = [each for each in row.further or () if each["framework"] != name]
    session.flush()


def repin(session: Session, row: CaseFile, name: str, content: bytes, now_ns: int) -> None:
    """Binds a case to another edition of one of its further frameworks; the others stay."""
    code = editions.keep(session, row, name, content, now_ns).sha256
    row.further = [
        {"framework": each["framework"], "edition": code if each["framework"] == name else each["edition"]}
        for each in row.further or ()
    ]
    session.flush()


def told(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What a part `assessments` tells for one framework; nothing where it is no section."""
    section = content.get("assessments")
    found = section.get(name) if isinstance(section, Mapping) else None
    return found if isinstance(found, Mapping) else {}
