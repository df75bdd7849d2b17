"""An administrator of some enterprises has no say over the others, at the level of the repositories too."""

from __future__ import annotations

import pathlib

import pytest
from ovoo_cloud.access import users
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.database import Database
from ovoo_contract.errors import Forbidden, NotFound

from tests.cloud.empty import put_empty_catalogue

SCOPED = Scope("local-admin", Role.CENTRE_ADMIN, frozenset({"own"}))


@pytest.fixture
def database(tmp_path: pathlib.Path) -> Database:
    opened = Database(f"sqlite:///{put_empty_catalogue(tmp_path)}")
    with opened.write() as session:
        for name in ("own", "foreign"):
            enterprises.save_enterprise(session, Scope.system(), name)
    return opened


def test_foreign_enterprise_and_site_stay_as_they_are(database: Database) -> None:
    with database.write() as session, pytest.raises(NotFound):
        enterprises.save_enterprise(session, SCOPED, "foreign", name_zh="改名")
    with database.write() as session, pytest.raises(NotFound):
        enterprises.save_site(session, SCOPED, "foreign", "north")
    with database.write() as session:
        assert enterprises.save_site(session, SCOPED, "own", "north").id == "north"
    database.close()


def test_users_of_others_cannot_be_made(database: Database) -> None:
    def make(name: str, *names: str) -> None:
        with database.write() as session:
            users.create_user(
                session,
                SCOPED,
                name,
                password="a long enough phrase",
                role=Role.CENTRE_EXPERT,
                enterprises=names,
                now_ns=1,
            )

    with pytest.raises(NotFound):
        make("spy", "foreign")
    with pytest.raises(Forbidden):
        make("all-seeing")
    make("colleague", "own")
    database.close()
