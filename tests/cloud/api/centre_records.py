"""Registers and records of a centre for the plant of the API tests, and the routes that serve them."""

from __future__ import annotations

import base64
from typing import Any

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.centre_matching import Wanted, match_enterprise
from ovoo_cloud.centre import entries
from ovoo_cloud.centre.requests import open_request

from tests.cloud.api.plant import FOREIGN, NOW, OWN, SYSTEM, Plant

P = Permission
CENTRE = "/api/v1/centre"
ENTRY = f"{CENTRE}/registers/{{register}}/entries/{{entry}}"
PROVIDER = {"name_zh": "甲公司", "services": ["consulting"]}
FILE = base64.b64encode("id,name_zh,services\nfrom-file,乙公司,培训\n".encode("gbk")).decode()
MATCHING = "/api/v1/enterprises/{enterprise}/matching-requests"
ROUTES: dict[tuple[str, str], Permission | None] = {
    ("get", f"{CENTRE}/kinds"): P.READ_REGISTERS,
    ("get", f"{CENTRE}/registers/{{register}}"): P.READ_REGISTERS,
    ("get", f"{CENTRE}/registers/{{register}}/export"): P.READ_REGISTERS,
    ("post", f"{CENTRE}/registers/{{register}}/import"): P.MANAGE_REGISTERS,
    ("get", ENTRY): P.READ_REGISTERS,
    ("put", ENTRY): P.MANAGE_REGISTERS,
    ("get", f"{ENTRY}/versions"): P.MANAGE_REGISTERS,
    ("get", "/api/v1/enterprises/{enterprise}/matching"): P.READ_REPORT,
    ("get", MATCHING): P.READ_REPORT,
    ("post", MATCHING): P.REQUEST_MATCHING,
    ("get", f"{MATCHING}/{{match}}"): P.READ_REPORT,
    ("post", f"{MATCHING}/{{match}}/steps"): P.REQUEST_MATCHING,
    ("get", f"{CENTRE}/matching-statistics"): P.MANAGE_REGISTERS,
}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("post", f"{CENTRE}/registers/{{register}}/import"): {"name": "t.csv", "content": FILE},
    ("put", ENTRY): {"fields": PROVIDER},
    ("post", MATCHING): {"measures": ["idle"], "note": "looking for help"},
    ("post", f"{MATCHING}/{{match}}/steps"): {"step": "note", "note": "a question"},
}
ANY = {"If-Match": "*"}
HEADERS: dict[tuple[str, str], dict[str, str]] = {("put", ENTRY): ANY, ("post", f"{MATCHING}/{{match}}/steps"): ANY}
YEAR = {"start": "2026-01-01T00:00:00+08:00", "end": "2027-01-01T00:00:00+08:00"}
QUERIES: dict[str, dict[str, Any]] = {"matching-statistics": YEAR}


def add_centre(plant: Plant) -> None:
    """Fills the registers; the ids that the routes need go to `plant.ids`."""
    with plant.services.database.write() as session:
        for kind, name, fields in (
            ("provider", "acme", PROVIDER),
            ("profile", "own", {"enterprise": OWN, "size": "medium", "region": "呼和浩特"}),
            ("profile", "other", {"enterprise": FOREIGN, "size": "small", "region": "包头"}),
        ):
            entries.save(session, SYSTEM, kind, name, fields, read=0, now_ns=NOW)
    for owner, enterprise in (("own", OWN), ("foreign", FOREIGN)):
        found = match_enterprise(plant.services, SYSTEM, enterprise, Wanted(measures=["idle"]))
        with plant.services.database.write() as session:
            asked = open_request(session, SYSTEM, enterprise, case="", note="help", matching=found, now_ns=NOW)
        plant.ids[owner] |= {"register": "provider", "entry": "acme", "match": asked.id}
