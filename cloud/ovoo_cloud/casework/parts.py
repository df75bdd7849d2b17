"""The parts of an intake, versioned one by one: a write names the version that it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import ConfigError, ConfigErrors, Conflict, Stale
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.casework.characters import check_characters
from ovoo_cloud.casework.states import State
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.case_tables import CaseFile, CasePart
from ovoo_cloud.diagnosis.case import Case, parse_case

__all__ = [
    "FURTHER",
    "PARTS",
    "asked",
    "assemble",
    "check_sections",
    "newest",
    "newest_parts",
    "put_part",
    "versions",
    "whole_case",
]

FURTHER: Final = "assessments"
"""The part for what is told for further frameworks, `framework: {answers, scenes, machines}`, and its only section."""
PARTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "profile": ("profile", "sites", "products", "window", "required_share"),
        "equipment": ("equipment", "operation"),
        "answers": ("answers", "machines"),
        "scenes": ("scenes",),
        FURTHER: (FURTHER,),
        "finance": ("finance", "plan"),
        "energy": ("energy",),
        "secrets": ("trade_secrets",),
    }
)
"""Each part and the sections of the intake that it holds."""
_LARGEST: Final = 1_000_000
_FILLER: Final = {
    "window": {"start": "2026-01-01", "end": "2026-02-01"},
    "profile": {"name": "-", "sector": "other"},
}


def asked(row: CaseFile) -> tuple[str, ...]:
    """The parts that a case asks for: that of further frameworks only where it has some."""
    return tuple(part for part in PARTS if part != FURTHER or row.further)


def newest(session: Session, row: CaseFile, part: str) -> CasePart | None:
    """The version of a part that stands; NotFound for a name that is no part."""
    if part not in PARTS:
        raise absent(part)
    query = select(CasePart).where(CasePart.case == row.case, CasePart.part == part)
    return session.scalars(query.order_by(CasePart.version.desc()).limit(1)).first()


def newest_parts(session: Session, row: CaseFile) -> dict[str, CasePart]:
    """All parts that were written, each in the version that stands."""
    found = {part: newest(session, row, part) for part in PARTS}
    return {part: each for part, each in found.items() if each is not None}


def versions(session: Session, row: CaseFile, part: str) -> Sequence[CasePart]:
    """All versions of a part, the newest first."""
    newest(session, row, part)
    query = select(CasePart).where(CasePart.case == row.case, CasePart.part == part)
    return session.scalars(query.order_by(CasePart.version.desc())).all()


def put_part(
    session: Session,
    scope: Scope,
    row: CaseFile,
    part: str,
    content: Mapping[str, Any],
    seen_version: int,
    now_ns: int,
) -> CasePart:
    """Writes the next version of a part.

    Args:
        content: the sections of the part as the intake file has them.
        seen_version: the version that it was made from, 0 for the first.

    Raises:
        Conflict: the intake of the case is not open.
        Stale: there is a later version; the error carries both.
        ConfigErrors: the content cannot be read as these sections, every mistake together.
    """
    current = newest(session, row, part)
    if row.state != State.INTAKE:
        raise Conflict(
            "the intake is not open",
            offender=row.case,
            value=row.state,
            remedy="reopen it first",
            code="case.intake_closed",
        )
    version = 0 if current is None else current.version
    if version != seen_version:
        theirs = None if current is None else {"version": version, "author": current.author, **_shown(current)}
        raise Stale(
            "somebody wrote a later version",
            offender=f"{row.case}/{part}",
            value=seen_version,
            remedy="join both, then write with the later version",
            versions={"yours": {"version": seen_version, "content": dict(content)}, "theirs": theirs},
            code="case.part_stale",
        )
    _check(row, part, content)
    written = CasePart(
        case=row.case, part=part, version=version + 1, content=dict(content), author=scope.user, at_ns=now_ns
    )
    session.add(written)
    session.flush()
    detail = {"part": part, "version": written.version}
    audit.append(
        session,
        actor=scope.user,
        action="case.part",
        subject=row.case,
        at_ns=now_ns,
        enterprise=row.enterprise,
        detail=detail,
    )
    return written


def _shown(part: CasePart) -> dict[str, Any]:
    return {"content": dict(part.content)}


def _check(row: CaseFile, part: str, content: Mapping[str, Any]) -> None:
    """Refuses content that is no such part, or that no report could print."""
    if len(canonical_json(dict(content))) > _LARGEST:
        raise ConfigError(
            "too large",
            offender=part,
            remedy=f"at most {_LARGEST} bytes; put lists into documents",
            code="case.part_too_large",
            slots={"largest": _LARGEST},
        )
    check_characters(part, dict(content))
    check_sections(row, part, content)


def check_sections(row: CaseFile, part: str, content: Mapping[str, Any]) -> None:
    """Refuses content that cannot be read as the sections of this part, with the mistakes of these sections only.

    Raises:
        ConfigError: a section that the part does not have. ConfigErrors: what cannot be read, every mistake together.
    """
    strange = sorted(set(content) - set(PARTS[part]))
    if strange:
        raise ConfigError(
            "not of this part",
            offender=part,
            value=strange,
            remedy=f"it holds {', '.join(PARTS[part])}",
            code="case.not_of_part",
            slots={"known": ", ".join(PARTS[part])},
        )
    filled = {**_FILLER, "sites": [{"id": site, "name": site} for site in row.sites], **content}
    try:
        parse_case(_plain(row, filled), part)
    except ConfigErrors as error:
        own = [each for each in error.errors if _within(each.offender, content)]
        if own:
            raise ConfigErrors(own) from error


def _within(offender: str, content: Mapping[str, Any]) -> bool:
    """Whether a mistake lies in one of the sections; its offender reads `name path`."""
    path = offender.partition(" ")[2]
    return path.partition(".")[0].partition("[")[0] in content


def assemble(session: Session, row: CaseFile) -> dict[str, Any]:
    """The intake of a case out of its parts, as an intake file has it."""
    sections: dict[str, Any] = {}
    for each in newest_parts(session, row).values():
        sections.update(each.content)
    return _plain(row, sections)


def _plain(row: CaseFile, sections: Mapping[str, Any]) -> dict[str, Any]:
    beside = [each["framework"] for each in row.further or ()]
    named = {"frameworks": [row.framework, *beside]} if beside else {"framework": row.framework}
    joined = _levelled({**sections, "enterprise": row.enterprise, **named})
    told = joined.get(FURTHER)
    if isinstance(told, Mapping):
        joined[FURTHER] = {name: _levelled(each) if isinstance(each, Mapping) else each for name, each in told.items()}
    return joined


def _levelled(sections: Mapping[str, Any]) -> dict[str, Any]:
    """Sections whose scenes are told by their highest level."""
    scenes = sections.get("scenes")
    if not isinstance(scenes, Mapping):
        return dict(sections)
    return {**sections, "scenes": {name: _level(told) for name, told in scenes.items()}}


def _level(told: Any) -> Any:
    """A scene whose levels were ticked one by one, as its highest level."""
    if not isinstance(told, Mapping) or "levels_met" not in told:
        return told
    met = told["levels_met"]
    rest = {key: value for key, value in told.items() if key != "levels_met"}
    numbers = [each for each in met if isinstance(each, int)] if isinstance(met, list) else []
    return {"level": max(numbers, default=0), **rest}


def whole_case(session: Session, row: CaseFile) -> Case:
    """The case of all parts.

    Raises:
        ConfigErrors: what is missing or cannot be read, every mistake together.
    """
    return parse_case(assemble(session, row), row.case)
