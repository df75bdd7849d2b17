from __future__ import annotations

import pathlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.centre import entries
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings

from tests.cloud.empty import put_empty_catalogue

SYSTEM = Scope.system()
NOW = 1_780_624_800 * 10**9
OWN, FOREIGN = "heishan-coal", "bayan-chem"
EXPERT = Scope("expert", Role.CENTRE_EXPERT, None)
ENGINEER = Scope("engineer", Role.ENTERPRISE_ENGINEER, frozenset({OWN}))
STRANGER = Scope("stranger", Role.ENTERPRISE_ENGINEER, frozenset({FOREIGN}))
REGION = Scope("region", Role.REGION_VIEWER, None)


@dataclass
class Centre:
    """An installation with two enterprises, and short ways to fill its registers."""

    services: Services

    def put(self, kind: str, name: str, *, scope: Scope = SYSTEM, read: int = 0, **fields: Any) -> Any:
        with self.services.database.write() as session:
            return entries.save(session, scope, kind, name, fields, read=read, now_ns=NOW)[0]

    def report(self, name: str, enterprise: str = OWN, **changes: Any) -> None:
        facts: dict[str, Any] = {
            "id": name, "case": None, "enterprise": enterprise, "site": "s", "number": name.upper(), "revision": 1,
            "title": name, "language": "zh", "folder": "", "snapshot_sha256": "0" * 64, "summary": {},
            "start_ns": NOW - 10**9, "end_ns": NOW, "created_by": "system", "created_ns": NOW,
        }  # fmt: skip
        with self.services.database.write() as session:
            session.add(Report(**facts | changes))


@pytest.fixture
def centre(tmp_path: pathlib.Path) -> Iterator[Centre]:
    put_empty_catalogue(tmp_path)
    with build_services(Settings(data_dir=tmp_path), clock=lambda: NOW) as services:
        with services.database.write() as session:
            for name in (OWN, FOREIGN):
                enterprises.save_enterprise(session, SYSTEM, name, sector="coal_mine")
                enterprises.save_site(session, SYSTEM, name, "s")
        yield Centre(services)
