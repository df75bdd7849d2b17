"""The pages of findings and alarms."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from ovoo_models.efficiency.measure_kinds import KINDS
from ovoo_models.feedback import Opinion, may_be_muted

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.alarms import records
from ovoo_cloud.alarms.machine import AlarmState
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.findings import AlarmId
from ovoo_cloud.api.verdicts import VerdictId
from ovoo_cloud.catalogue import enterprises, findings, signals, verdicts
from ovoo_cloud.console.finding_plot import finding_plot
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page, words_of
from ovoo_cloud.energy.measure_links import APPLIES, measures_for

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
_OF_MACHINES: Final = frozenset(kind for kinds in APPLIES.values() for kind in kinds)
_DAY_NS: Final = 86_400_000_000_000


@router.get("/findings")
def finding_list(
    request: Request,
    services: ServicesDep,
    scope: Reader,
    enterprise: Annotated[str | None, Query()] = None,
    show: Annotated[str, Query(pattern="^(all|open)$")] = "all",
) -> Response:
    """What the models found, newest first."""
    scope = scope.under(Permission.READ_FINDINGS)
    with services.database.read() as session:
        companies = enterprises.enterprises(session, scope)
        rows = findings.findings(session, scope, enterprise=enterprise or None, open_only=show == "open", limit=200)
        machines = signals.assets_at(session, scope, {row.asset for row in rows})
    return page(
        request,
        services,
        "findings.html",
        scope,
        findings=[findings.finding_of(row) for row in rows],
        machines=machines,
        companies=companies,
        enterprise=enterprise or "",
        show=show,
    )


@router.get("/findings/{finding}")
def finding_page(request: Request, finding: str, services: ServicesDep, scope: Reader) -> Response:
    """One finding with the signals that speak for it."""
    with services.database.read() as session:
        found = findings.finding_of(findings.finding(session, scope, finding))
        machines = signals.assets_at(session, scope, {str(found.asset)})
        said = verdicts.of_finding(session, scope, finding)
    plot = finding_plot(services, scope, found, words_of(request, services))
    mutable = may_be_muted(found.code)
    machine = machines.get(str(found.asset))
    measures = measures_for(found, machine.template if machine else "") if scope.allows(Permission.READ_ENERGY) else ()
    return page(
        request,
        services,
        "finding.html",
        scope,
        finding=found,
        machines=machines,
        plot=plot,
        verdicts=said,
        mutable=mutable,
        # machines always have the measures of their kind; other lines are there only with what they need
        measures=[(KINDS[kind], asset, kind in _OF_MACHINES) for kind, asset in measures],
    )


@router.post("/findings/{finding}/verdicts")
def judge(
    finding: str,
    services: ServicesDep,
    scope: Reader,
    opinion: Annotated[Opinion, Form()],
    comment: Annotated[str, Form(max_length=1000)] = "",
    days: Annotated[int, Form(ge=1, le=365)] = 7,
) -> Response:
    """Says what a finding was, in the reader's name; `days` count with `known`."""
    now_ns = services.clock()
    until_ns = now_ns + days * _DAY_NS if opinion == "known" else 0
    with services.database.write() as session:
        verdicts.give(session, scope, finding, verdicts.Said(opinion, comment, until_ns), now_ns)
    return RedirectResponse(f"/findings/{quote(finding)}", 303)


@router.post("/findings/{finding}/verdicts/{verdict}/withdraw")
def withdraw(finding: str, verdict: VerdictId, services: ServicesDep, scope: Reader) -> Response:
    """Takes an opinion back."""
    with services.database.write() as session:
        verdicts.withdraw(session, scope, finding, verdict, services.clock())
    return RedirectResponse(f"/findings/{quote(finding)}", 303)


@router.get("/alarms")
def alarm_list(
    request: Request,
    services: ServicesDep,
    scope: Reader,
    show: Annotated[str, Query(pattern="^(all|active)$")] = "active",
) -> Response:
    """Alarms and who took note of them."""
    scope = scope.under(Permission.READ_FINDINGS)
    states = None if show == "all" else [state for state in AlarmState if state.active or not state.acknowledged]
    with services.database.read() as session:
        rows = records.alarms(session, scope, states=states)
        found = {row.finding: findings.finding_of(findings.finding(session, scope, row.finding)) for row in rows}
        machines = signals.assets_at(session, scope, {row.asset for row in rows})
    values: dict[str, Any] = {"alarms": rows, "found": found, "machines": machines, "show": show, "State": AlarmState}
    return page(request, services, "alarms.html", scope, **values)


@router.post("/alarms/{alarm}/acknowledge")
def acknowledge(
    alarm: AlarmId,
    services: ServicesDep,
    scope: Reader,
    comment: Annotated[str, Form(min_length=1, max_length=1000)],
) -> Response:
    """Takes note in the reader's name."""
    with services.database.write() as session:
        records.acknowledge(session, scope, alarm, comment, services.clock())
    return RedirectResponse("/alarms", 303)
