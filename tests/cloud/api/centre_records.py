"""Registers and records of a centre for the plant of the API tests, and the routes that serve them."""

from __future__ import annotations

import base64
from typing import Any

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.centre import entries

from tests.cloud.api.plant import FOREIGN, NOW, OWN, SYSTEM, Plant

P = Permission
CENTRE = "/api/v1/centre"
ENTRY = f"{CENTRE}/registers/{{register}}/entries/{{entry}}"
PROVIDER = {"name_zh": "甲公司", "services": ["consulting"]}
FILE = base64.b64encode("id,name_zh,services\nfrom-file,乙公司,培训\n".encode("gbk")).decode()
ROUTES: dict[tuple[str, str], Permission | None] = {
    ("get", f"{CENTRE}/kinds"): P.READ_REGISTERS,
    ("get", f"{CENTRE}/registers/{{register}}"): P.READ_REGISTERS,
    ("get", f"{CENTRE}/registers/{{register}}/export"): P.READ_REGISTERS,
    ("post", f"{CENTRE}/registers/{{register}}/import"): P.MANAGE_REGISTERS,
    ("get", ENTRY): P.READ_REGISTERS,
    ("put", ENTRY): P.MANAGE_REGISTERS,
    ("get", f"{ENTRY}/versions"): P.MANAGE_REGISTERS,
}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("post", f"{CENTRE}/registers/{{register}}/import"): {"name": "t.csv", "content": FILE},
    ("put", ENTRY): {"fields": PROVIDER},
}
HEADERS: dict[tuple[str, str], dict[str, str]] = {("put", ENTRY): {"If-Match": "*"}}


def add_centre(plant: Plant) -> None:
    """Fills the registers; the ids that the routes need go to `plant.ids`."""
    with plant.services.database.write() as session:
        for kind, name, fields in (
            ("provider", "acme", PROVIDER),
            ("profile", "own", {"enterprise": OWN, "size": "medium", "region": "呼和浩特"}),
            ("profile", "other", {"enterprise": FOREIGN, "size": "small", "region": "包头"}),
        ):
            entries.save(session, SYSTEM, kind, name, fields, read=0, now_ns=NOW)
    for owner in ("own", "foreign"):
        plant.ids[owner] |= {"register": "provider", "entry": "acme"}
