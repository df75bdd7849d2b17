from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.cloud.api.plant import Plant, announce, installation, served

CHROMIUM = pathlib.Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """The console over a plant of its own: these tests move its clock."""
    with installation(tmp_path_factory.mktemp("console")) as built, served(built) as running:
        yield running


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """The console as after `ovoo-cloud init`."""
    with installation(tmp_path_factory.mktemp("fresh"), fed=False) as built, served(built) as running:
        yield running


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A plant whose gateway published its signals and has not delivered a sample."""
    with installation(tmp_path_factory.mktemp("bare"), fed=False) as built:
        announce(built)
        with served(built) as running:
            yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"server missing: {CHROMIUM}; `make test` installs it")
    expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield started
        started.close()
