"""Anybody may ask whether a report in their hands is the one that was issued; no sign-in, nothing of the enterprise."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from ovoo_contract.errors import NotFound

from ovoo_cloud.api.access import ServicesDep
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue.verification import IssuedReport, issued_report
from ovoo_cloud.diagnosis.standing import WORKING
from ovoo_cloud.reports.own_keys import shown_fingerprint
from ovoo_cloud.services import Services

__all__ = ["Code", "Number", "Revision", "ask", "router"]

router = APIRouter(prefix="/api/v1/verification", tags=["reports"])
Number = Annotated[str, Query(min_length=1, max_length=63, description="as on the cover")]
Revision = Annotated[int, Query(ge=1, le=10_000)]
Code = Annotated[str, Query(pattern="^[0-9a-fA-F]{64}$", description="snapshot hash, as on the cover")]


@router.get("")
def verify(number: Number, revision: Revision, code: Code, services: ServicesDep) -> dict[str, Any]:
    """Whether a report of this number, revision and snapshot hash was issued here, and whether a later one corrects it.

    `status` is `working` for a report that was made here outside the steps of a case: nobody issued it. A report that
    another centre issued, and that came here with its case, is said to be one: `issued_here` is false, and the key is
    that centre's. It tells nothing of the pages themselves: `ovoo-cloud verify` recomputes them, offline, with the key
    named here.
    """
    found = ask(services, number, revision, code)
    if found is None:
        remedy = "compare number, revision and code with the cover; ask the centre that is named there"
        raise NotFound("no such report was issued here", offender="report", value=number, remedy=remedy)
    return {
        "number": found.number,
        "revision": found.revision,
        "newest_revision": found.newest,
        "current": found.current and not found.working,
        "status": WORKING if found.working else "issued",
        "snapshot_sha256": found.snapshot_sha256,
        "issued": to_iso(found.issued_ns),
        "issued_here": not found.elsewhere,
        "key_fingerprint": None if found.elsewhere else shown_fingerprint(found.folder, services.settings.own_keys),
    }


def ask(services: Services, number: str, revision: int, code: str) -> IssuedReport | None:
    """The issued report, or None."""
    with services.database.read() as session:
        return issued_report(session, number.strip(), revision, code)
