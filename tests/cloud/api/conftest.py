from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from ovoo_cloud.access import grants
from ovoo_cloud.casework.states import State

from tests.cloud.api.barrage import SLOWEST_S, Barrage
from tests.cloud.api.case_files import case_in, free_terms, people
from tests.cloud.api.centre_records import add_centre
from tests.cloud.api.plant import FOREIGN, FOREIGN_SITE, NOW, OWN, SITE, Plant, installation, served
from tests.cloud.api.route_calls import half_invitation
from tests.cloud.api.works import add_foreign_works, add_works


@contextlib.contextmanager
def furnished(folder: pathlib.Path, **settings: Any) -> Iterator[Plant]:
    """A served installation with everything that a route may ask for, of two enterprises."""
    with installation(folder, **settings) as built, served(built) as running:
        built.ids["own_works"] = add_works(built).ids
        built.ids["foreign_works"] = add_foreign_works(built).ids
        for name, enterprise, site in (("own", OWN, SITE), ("foreign", FOREIGN, FOREIGN_SITE)):
            built.ids[f"{name}_file"] = case_in(built, enterprise, site, f"{site}-file", State.REVIEW)
            with built.services.database.write() as session:
                given = grants.give(session, people(enterprise)["engineer"], enterprise, free_terms(), NOW)
            built.ids[name]["grant"] = given.id
            built.ids[name]["document"] = built.ids[f"{name}_file"]["document"]
        built.ids["foreign"]["invitation"] = half_invitation(built, FOREIGN)
        add_centre(built)
        yield running


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with furnished(tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.fixture(scope="session")
def bound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """The same under a centre that needs consent."""
    with furnished(tmp_path_factory.mktemp("bound"), access_consent="required") as running:
        yield running


@pytest.fixture(scope="module", params=["own", "required"])
def barrage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Barrage]:
    """A plant of its own under fire, under either setting of consent; says at the end what was fired."""
    with furnished(tmp_path_factory.mktemp("fire"), access_consent=request.param) as plant:
        fired = Barrage(plant, SLOWEST_S)
        yield fired
        reporter = request.config.pluginmanager.getplugin("terminalreporter")
        reporter.write_line(f"\naccess_consent = {request.param}: {fired.tally}")


@pytest.fixture
def client(plant: Plant) -> Iterator[httpx.Client]:
    """A client without credentials."""
    with httpx.Client(base_url=plant.url, timeout=20, trust_env=False, verify=False) as made:
        yield made


@pytest.fixture
def admin(plant: Plant) -> Iterator[httpx.Client]:
    """An administrator bound to the own enterprise."""
    headers = {"Authorization": f"Bearer {plant.token('centre_admin')}"}
    with httpx.Client(base_url=plant.url, timeout=20, headers=headers, trust_env=False, verify=False) as made:
        yield made
