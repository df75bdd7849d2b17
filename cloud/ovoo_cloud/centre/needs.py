"""What an enterprise needs, from its newest issued report and its file, and the offers of the registers for it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.errors import ConfigError, ConfigErrors, VerifyError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import cases, enterprises
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.centre.issued import (
    Issued,
    gated_score,
    issued_of,
    measured_percent,
    newest_revisions,
    proves_saving,
    read_snapshot,
)
from ovoo_cloud.centre.kinds import enumeration
from ovoo_cloud.centre.matching import KINDS, Need, Offer
from ovoo_cloud.centre.own_facts import own_facts
from ovoo_cloud.centre.register_history import rows_at
from ovoo_cloud.diagnosis.standing import is_working

__all__ = ["enterprise_file", "match_inputs", "need_of", "offers"]

_REPORTS: Final = 1000


def match_inputs(
    session: Session,
    scope: Scope,
    enterprise: str,
    day: datetime.date,
    *,
    report: str = "",
    measures: Sequence[str] = (),
    scenes: Mapping[str, int] | None = None,
) -> tuple[Need, list[Offer], list[str]]:
    """Need and offers for `match`, and the ids of reports whose snapshot does not verify.

    Args:
        report: the report that says what is needed; empty: the newest that verifies.
        measures: wanted beside what the report says.
        scenes: wanted level by scene, beside what the report says.

    Raises:
        VerifyError: the report asked for does not verify.
        ConfigErrors: unknown measures or scenes.
    """
    scope = scope.under(Permission.READ_REPORT)
    company = enterprises.enterprise(session, scope, enterprise)
    _check_wanted(measures, scenes or {})
    snapshot, source, broken = _snapshot(session, scope, enterprise, report)
    own = enterprise_file(session, enterprise)
    need = need_of(company.sector, own, snapshot, key=source.number if source else enterprise, day=day.isoformat())
    there = offers(session)
    wanted = Need(
        need.key,
        need.day,
        {**need.facts, **own_facts(session, enterprise, there)},
        tuple(sorted({*need.measures, *measures})),
        {**need.scenes, **(scenes or {})},
        (source.id,) if source else (),
    )
    return wanted, there, broken


def need_of(sector: str, profile: Mapping[str, Any], snapshot: Mapping[str, Any] | None, *, key: str, day: str) -> Need:
    """The need that a snapshot shows: its provable actions, and scenes below the level after the one reached."""
    facts: dict[str, str | None] = {
        name: None if profile.get(name) is None else str(profile[name])
        for name in ("size", "region", "employees", "revenue_10k_yuan")
    }
    facts["sector"] = sector or None
    if snapshot is None or "score" not in snapshot:
        return Need(key, day, facts)
    score = gated_score(snapshot)
    percent = measured_percent(snapshot)
    facts["measured_percent"] = None if percent is None else str(percent)
    measures = tuple(sorted(each["kind"] for each in snapshot.get("actions", []) if not each["reason"]))
    if score is None:  # no digital level was judged, so none is claimed
        return Need(key, day, {**facts, "level": None, "score": None}, measures)
    low, high = score["total"]
    facts |= {"level": None if score["level"] is None else str(score["level"]), "score": low if low == high else None}
    target = min(4, (score["level"] if score["level"] is not None else score["level_low"]) + 1)
    return Need(
        key, day, facts, measures, {each["id"]: target for each in score["scenes"] if each["levels"][0] < target}
    )


def offers(session: Session, at_ns: int | None = None) -> list[Offer]:
    """Every row of the four registers that was not withdrawn, with those of its reports that prove a saving.

    As they stood at `at_ns` (ns UTC); None is now.
    """
    rows = rows_at(session, KINDS, at_ns)
    named = {name for row in rows for name in row.content.get("reports") or []}
    issued = session.scalars(select(Report).where(Report.id.in_(named))).all() if named else ()
    there = {row.id for row in issued if not is_working(row.summary) and proves_saving(issued_of(row))}
    return [
        Offer(kind, row.id, row.version, row.content, tuple(sorted(there & set(row.content.get("reports") or []))))
        for kind in KINDS
        for row in rows
        if row.kind == kind
    ]


def _snapshot(
    session: Session, scope: Scope, enterprise: str, report: str
) -> tuple[Mapping[str, Any] | None, Issued | None, list[str]]:
    if report:
        row = cases.report(session, scope, report)
        scope.require_enterprise(row.enterprise, report)
        if row.enterprise != enterprise:
            raise absent(report)
        return read_snapshot(issued_of(row)), issued_of(row), []
    broken = []
    rows = cases.reports(session, scope, enterprise, limit=_REPORTS)
    found = [issued_of(row) for row in rows if not is_working(row.summary)]
    for each in reversed(newest_revisions(found)):
        try:
            snapshot = read_snapshot(each)
        except VerifyError:
            broken.append(each.id)
            continue
        if "score" in snapshot:  # a monthly energy report says nothing of scenes and actions
            return snapshot, each, broken
    return None, None, broken


def enterprise_file(session: Session, enterprise: str, at_ns: int | None = None) -> Mapping[str, Any]:
    """What the centre keeps of an enterprise in its register of profiles; empty without one."""
    found = (row.content for row in rows_at(session, ("profile",), at_ns) if row.enterprise == enterprise)
    return next(found, {})


def _check_wanted(measures: Sequence[str], scenes: Mapping[str, int]) -> None:
    known, places = enumeration("measure"), enumeration("scene")
    faults = [ConfigError("no such measure", offender="measures", value=each, remedy=", ".join(known))
              for each in measures if each not in known]  # fmt: skip
    faults += [
        ConfigError(
            "no such scene, or no level of it", offender="scenes", value=f"{name} {level}", remedy="level 1 to 4"
        )
        for name, level in scenes.items()
        if name not in places or not 1 <= level <= 4
    ]
    if faults:
        raise ConfigErrors(faults)
