from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests.cloud.casework.centre import Centre, centre
from tests.cloud.casework.exported import Exported, export


@pytest.fixture
def house(tmp_path: pathlib.Path) -> Iterator[Centre]:
    """A centre of its own for each test."""
    with centre(tmp_path / "centre") as opened:
        yield opened


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """A centre with one case under review, for tests that change nothing of it."""
    with centre(tmp_path_factory.mktemp("reviewed")) as opened:
        opened.to_review()
        yield opened


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """An issued case of another centre, and the keys of that centre."""
    with centre(tmp_path_factory.mktemp("from")) as opened:
        opened.to_issued()
        return export(opened)
