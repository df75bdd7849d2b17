"""How the consent of an enterprise may stand when somebody calls, and what then must not be seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import httpx
import pytest
from ovoo_cloud.access.roles import PURPOSES, Purpose, Role
from ovoo_cloud.catalogue.grant_tables import Grant
from sqlalchemy import update

from tests.cloud.api import case_files
from tests.cloud.api.plant import NOW, OWN, SITE, Plant
from tests.cloud.api.route_calls import call
from tests.cloud.api.routes import ROUTES, Route

PLANT_DATA: Mapping[Route, Purpose] = {
    ("get", "/api/v1/enterprises/{enterprise}/assets"): Purpose.TELEMETRY,
    ("get", "/api/v1/enterprises/{enterprise}/ideal-rates/export"): Purpose.TELEMETRY,
    ("get", "/api/v1/enterprises/{enterprise}/signals"): Purpose.TELEMETRY,
    ("get", "/api/v1/enterprises/{enterprise}/data-catalogue"): Purpose.TELEMETRY,
    ("get", "/api/v1/enterprises/{enterprise}/data-catalogue/export"): Purpose.TELEMETRY,
    ("get", "/api/v1/gateways/{gateway}/gaps"): Purpose.TELEMETRY,
    ("get", "/api/v1/gateways/{gateway}/completeness"): Purpose.TELEMETRY,
    ("get", f"{case_files.PREFIX}documents"): Purpose.DOCUMENTS,
    ("get", f"{case_files.PREFIX}documents/{{document}}"): Purpose.DOCUMENTS,
}
"""Routes whose purpose is not that of their permission."""
NO_PLANT_DATA = {route for route in ROUTES if route[1].startswith(("/api/v1/frameworks", "/api/v1/region/"))} | {
    ("get", "/api/v1/centre/data-centres")
}
"""Methods and registers of the centre: behind a permission that has a purpose elsewhere, open without consent."""
CLOSED_BY_STANDING = {
    ("post", "/api/v1/enterprises/{enterprise}/invitations"),
    ("post", "/api/v1/enterprises/{enterprise}/invitations/{invitation}/second"),
}
"""What a centre may no more once somebody speaks for the enterprise, whatever the consent."""
ELSEWHERE = "second"
SECRETS = ("fan1", "comp1", "meter1", f"{SITE}-2026-001-r1")
"""What only a grant for the site shows."""


def purpose_of(route: Route) -> Purpose | None:
    """The purpose that a route stands on; None for what is no plant data."""
    if route in NO_PLANT_DATA:
        return None
    wanted = ROUTES[route]
    return PLANT_DATA.get(route) or (None if wanted is None else PURPOSES.get(wanted))


BOUND_ROUTES = [route for route in ROUTES if purpose_of(route) is not None]


@dataclasses.dataclass(frozen=True)
class Consent:
    """How all grants of the own enterprise stand when a route is called."""

    from_ns: int = NOW - 1
    until_ns: int = NOW + 10**18
    withdrawn_ns: int | None = None
    sites: tuple[str, ...] = (SITE, "works")
    purposes: tuple[Purpose, ...] = tuple(Purpose)

    def put(self, plant: Plant, enterprise: str = OWN) -> None:
        """The consent to cases that were made for calls before stays withdrawn: all that are live are noted anew."""
        stands = {
            "from_ns": self.from_ns, "until_ns": self.until_ns, "withdrawn_ns": self.withdrawn_ns,
            "sites": list(self.sites), "purposes": [each.value for each in self.purposes],
        }  # fmt: skip
        spent = Grant.case.contains(case_files.MADE)
        if plant.asked is not None:
            spent &= Grant.case != plant.asked[1]["case"]
        given = update(Grant).where(Grant.enterprise == enterprise)
        with plant.services.database.write() as session:
            session.execute(given.where(~spent).values(stands))
            session.execute(given.where(spent, Grant.withdrawn_ns.is_(None)).values(withdrawn_ns=NOW))


LIVE = Consent()
ENDED: Mapping[str, Consent] = {
    "expired": Consent(until_ns=NOW),
    "withdrawn": Consent(withdrawn_ns=NOW),
    "not yet begun": Consent(from_ns=NOW + 10**9),
}
CLOSED: Mapping[str, Consent] = {**ENDED, "wrong site": Consent(sites=(ELSEWHERE,)), "no purpose": Consent(purposes=())}


def called(plant: Plant, route: Route, role: Role, consent: Consent, monkeypatch: pytest.MonkeyPatch) -> httpx.Response:
    """Calls with the consent as it stands at that moment, not as it stood when a case was made for the call."""
    made = case_files.case_for

    def then_ended(*arguments: object, **rest: object) -> dict[str, str]:
        found = made(*arguments, **rest)  # type: ignore[arg-type]
        consent.put(plant)
        return found

    plant.asked = None
    LIVE.put(plant)
    monkeypatch.setattr(case_files, "case_for", then_ended)
    if route[0] == "get" or not case_files.is_workflow(route[1]):
        consent.put(plant)
    return call(plant, route, plant.ids["own"], plant.token(role.value), role)
