"""Versions of ventilation networks, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises, ventilation_networks
from ovoo_cloud.catalogue.database import Database
from ovoo_contract.errors import NotFound

SYSTEM = Scope.system("li")
CSV = "name,from,to,r,fan\na,1,2,0.1,flow 100\n"


def save(database: Database, document: str, site: str = "heishan") -> int:
    with database.write() as session:
        return ventilation_networks.save_network(
            session, SYSTEM, "heishan-coal", site, csv=CSV, document=document, hours_per_year=8000.0, now_ns=1
        ).version


@pytest.fixture
def mine(database: Database) -> Database:
    with database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, "heishan-coal")
        for site in ("heishan", "second"):
            enterprises.save_site(session, SYSTEM, "heishan-coal", site)
    return database


def test_people_who_upload_at_once_get_versions_of_their_own(mine: Database) -> None:
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda n: save(mine, f"survey {n}"), range(12)))

    assert sorted(made) == list(range(1, 13))
    with mine.read() as session:
        listed = ventilation_networks.versions(session, SYSTEM, "heishan-coal", "heishan")
        assert [row.version for row in listed] == list(range(12, 0, -1))
        assert len({row.document for row in listed}) == 12


def test_versions_belong_to_their_site(mine: Database) -> None:
    assert (save(mine, "a"), save(mine, "b", "second"), save(mine, "c")) == (1, 1, 2)

    with mine.read() as session:
        newest = ventilation_networks.network(session, SYSTEM, "heishan-coal", "second")
        assert newest is not None
        assert (newest.document, newest.hours_per_year, newest.csv) == ("b", 8000.0, CSV)
        with pytest.raises(NotFound):
            ventilation_networks.network(session, SYSTEM, "heishan-coal", "second", 2)
