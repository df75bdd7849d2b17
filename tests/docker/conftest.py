"""One prepared site for all tests of this folder: making keys takes seconds."""

from __future__ import annotations

import os

import pytest

from tests.docker.prepared import PreparedSite, copy_folder, prepare


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> PreparedSite:
    if os.geteuid() != 0:
        pytest.skip("server missing: prepare gives files to the services' users, which takes root")
    folder = copy_folder(tmp_path_factory.mktemp("site") / "docker")
    done = prepare(folder, "broker.heishan.example", "192.0.2.5")
    assert done.returncode == 0, done.stderr
    return PreparedSite(folder)
