from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.cloud.api.centre_records import add_centre
from tests.cloud.api.plant import Plant, installation, served
from tests.cloud.api.works import add_foreign_works, add_works


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with installation(tmp_path_factory.mktemp("api")) as built, served(built) as running:
        built.ids["own_works"] = add_works(built).ids
        built.ids["foreign_works"] = add_foreign_works(built).ids
        add_centre(built)
        yield running


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
