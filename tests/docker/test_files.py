"""The images and the compose file are checked as far as a machine without a container engine can."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.servers.process import find_program

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docker"
ROOT = FOLDER.parent
DOCKERFILES = sorted(FOLDER.glob("*.Dockerfile"))
every_image = pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    return document


def test_compose_file_is_valid() -> None:
    done = subprocess.run(
        [find_program("docker-compose"), "-f", "compose.yaml", "config"],
        capture_output=True,
        text=True,
        cwd=FOLDER,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@every_image
def test_linter_finds_nothing(path: pathlib.Path) -> None:
    program = pathlib.Path(sys.executable).parent / "hadolint"
    if not program.exists():
        pytest.skip("server missing: hadolint has no wheel for this machine")

    done = subprocess.run(
        [str(program), "-c", str(FOLDER / ".hadolint.yaml"), str(path)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


@every_image
def test_image_runs_as_nobody_special_and_installs_by_hash(path: pathlib.Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert re.search(r"^USER 1000\d$", text, re.MULTILINE)
    assert "--require-hashes" in text
    assert not re.search(r"index-url|--trusted-host", text)


@every_image
def test_copied_sources_exist(path: pathlib.Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), f"{path.name}: {source}"


def test_every_mounted_file_exists(compose: dict[str, Any]) -> None:
    made_by_prepare = ("./state/", "./secrets/")
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith(".") and not source.startswith(made_by_prepare):
                assert (FOLDER / source).exists(), f"{name}: {source}"


def test_no_service_has_a_default_password(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for key, value in (service.get("environment") or {}).items():
            if re.search(r"PASSWORD|TOKEN|SECRET", key):
                assert key.endswith("_FILE") or "/run/secrets/" in str(value), f"{name}: {key}"


def test_services_are_hardened_and_pinned(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert re.search(r":\d+\.\d+", service["image"]), f"{name}: pin the image's version"
        if name != "influxdb":  # its entry point sets up the volume as root before it drops its rights
            assert service["read_only"], name
            assert service["cap_drop"] == ["ALL"], name


def test_plant_network_reaches_no_cloud(compose: dict[str, Any]) -> None:
    both = [name for name, service in compose["services"].items() if set(service["networks"]) == {"site", "plant"}]

    assert both == ["edge"]
    assert compose["networks"]["plant"]["internal"] is True


def test_outward_ports_are_tls_or_loopback(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert sorted(published) == ["127.0.0.1:3000:3000", "127.0.0.1:8080:8080", "8883:8883"]
