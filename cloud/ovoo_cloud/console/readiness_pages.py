"""The page of a site's data readiness: score, parts, machines, signals of a machine, what to mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.readiness import ReadinessOrder, order_readiness
from ovoo_cloud.api.reports import bundle_files
from ovoo_cloud.catalogue import enterprises, jobs
from ovoo_cloud.console.gate import Reader
from ovoo_cloud.console.render import page
from ovoo_cloud.console.report_files import shown_files
from ovoo_cloud.readiness.limits import PARTS
from ovoo_cloud.readiness.newest import IssuedReadiness, newest_readiness

__all__ = ["ReadinessView", "router"]

router = APIRouter(include_in_schema=False, prefix="/readiness/{enterprise}/{site}")
_FEW: Final = 12
"""Lines of the list of what to mend before the rest is folded away."""
_FILES: Final = (".pdf", ".docx", ".xlsx")
_RUNS: Final = 3


@dataclass(frozen=True, slots=True)
class ReadinessView:
    """A snapshot as the page shows it."""

    data: Mapping[str, Any]

    def points(self, figure: str | None) -> tuple[str, str] | None:
        """Low and high of a figure; None where it does not apply or nothing is known."""
        row = None if figure is None else self.data["figures"].get(figure)
        if row is None or (row["value"] is None and row["low"] is None):
            return None
        return (row["value"], row["value"]) if row["value"] is not None else (row["low"], row["high"])

    @property
    def limits(self) -> Mapping[str, Mapping[str, Any]]:
        """The numbers of the method by id."""
        return {row["id"]: row for row in self.data["limits"]}

    @property
    def machines(self) -> Sequence[Mapping[str, Any]]:
        """Lowest score first."""
        return sorted(self.data["machines"], key=lambda row: (self._least(row["score"]), row["asset"]))

    def machine(self, asset: str | None) -> Mapping[str, Any] | None:
        """The machine called area/line/asset."""
        return next((row for row in self.data["machines"] if row["asset"].split("/", 2)[2] == asset), None)

    def signals(self, machine: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Its signals, lowest score first."""
        return sorted(machine["signals"], key=lambda row: (self._least(row["score"]), row["signal"]))

    def part(self, signal: Mapping[str, Any], part: str) -> tuple[str, str] | None:
        """Points of one part of a signal, to one digit."""
        ends = signal["parts"][part]
        return None if ends is None else (f"{float(ends[0]):.1f}", f"{float(ends[1]):.1f}")

    def covered(self, signal: Mapping[str, Any]) -> float:
        """Percent of the window's minutes."""
        window = self.data["window"]
        return 100.0 * float(signal["covered_min"]) * 60e9 / (int(window["end_ns"]) - int(window["start_ns"]))

    def _least(self, figure: str) -> float:
        ends = self.points(figure)
        return 0.0 if ends is None else float(ends[0])


@router.get("")
def readiness_page(
    request: Request,
    enterprise: str,
    site: str,
    services: ServicesDep,
    scope: Reader,
    asset: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The newest report of the site, or one machine of it."""
    scope.require(Permission.READ_REPORT)
    with services.database.read() as session:
        company = enterprises.enterprise(session, scope, enterprise)
        place = enterprises.site(session, scope, enterprise, site)
        found = newest_readiness(session, scope, enterprise, site)
        runs = [
            row
            for row in jobs.jobs(session, scope, enterprise=enterprise)
            if row.kind == "readiness_report" and row.parameters.get("site") == site
        ][:_RUNS]
    view = None if found is None or found.data is None else ReadinessView(found.data)
    return page(
        request,
        services,
        "readiness.html",
        scope,
        company=company,
        place=place,
        found=found,
        view=view,
        asset=asset if view is not None and view.machine(asset) is not None else None,
        parts_of=PARTS,
        few=_FEW,
        files=_files(found),
        runs=runs,
        busy=any(row.state in ("queued", "running") for row in runs),
    )


@router.post("")
def order(enterprise: str, site: str, services: ServicesDep, scope: Reader) -> Response:
    """Queues a report of the last days."""
    scope.require(Permission.RUN_REPORT)
    order_readiness(services, scope, enterprise, site, ReadinessOrder(start=None, end=None, number="", issue_date=None))
    return RedirectResponse(f"/readiness/{enterprise}/{site}", 303)


def _files(found: IssuedReadiness | None) -> list[str]:
    if found is None:
        return []
    return [name for name in shown_files(bundle_files(found.report)) if name.endswith(_FILES)]
