"""The images and the compose file are checked as far as a machine without a container engine can."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml
from ovoo_contract.schema import database_name
from ovoo_dashboards.files import build, stale_files
from ovoo_dashboards.provisioning import DASHBOARD_FOLDER, provider

from tests.docker.prepared import PreparedSite
from tests.servers.process import find_program

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docker"
ROOT = FOLDER.parent
DOCKERFILES = sorted(FOLDER.glob("*.Dockerfile"))
every_image = pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("profile", [[], ["--profile", "simulator"]], ids=["plant of its own", "simulator"])
def test_compose_file_is_valid(profile: list[str]) -> None:
    done = subprocess.run(
        [find_program("docker-compose"), *profile, "-f", "compose.yaml", "config"],
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


@every_image
def test_copied_sources_are_in_the_build_context(path: pathlib.Path) -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert source.split("/")[0] not in ignored, f"{path.name}: {source}"


def test_build_context_holds_no_secret_no_state_and_no_history() -> None:
    ignored = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())

    assert {".git", "docker", "demo-state", "demo-out", ".venv*"} <= ignored
    assert not [line for line in ignored if line.startswith("!")]
    assert {"/secrets/", "/state/"} <= set((FOLDER / ".gitignore").read_text(encoding="utf-8").split())


def test_gateway_image_holds_nothing_of_the_cloud() -> None:
    text = (FOLDER / "edge.Dockerfile").read_text(encoding="utf-8")
    copied = {
        source
        for line in text.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    packages = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "edge.txt").read_text(encoding="utf-8"), re.M)

    assert copied == {"requirements/edge.txt", "requirements/build.txt", "contract", "packs", "models", "edge_agent"}
    assert not {"fastapi", "numpy", "scikit-learn", "duckdb", "sqlalchemy", "influxdb-client", "typst"} & set(packages)


def test_every_mounted_file_exists(compose: dict[str, Any], site: PreparedSite) -> None:
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (site.folder / source).exists(), f"{name}: {source}"
            elif source.startswith("."):
                assert (FOLDER / source).exists(), f"{name}: {source}"
    for name, secret in compose["secrets"].items():
        assert (site.folder / secret["file"]).is_file(), name


def test_every_secret_has_a_reader_and_every_volume_a_user(compose: dict[str, Any]) -> None:
    services = compose["services"].values()
    mounted = {volume.split(":")[0] for service in services for volume in service["volumes"]}

    assert {name for service in services for name in service.get("secrets", [])} == set(compose["secrets"])
    assert {name for name in mounted if not name.startswith(".")} == set(compose["volumes"])


def test_grafana_reads_what_the_dashboards_package_made(compose: dict[str, Any]) -> None:
    grafana = compose["services"]["grafana"]
    mounts = dict(reversed(volume.split(":")[:2]) for volume in grafana["volumes"])
    provisioning = FOLDER / mounts["/etc/grafana/provisioning"]
    source = yaml.safe_load((provisioning / "datasources" / "ovoo.yaml").read_text(encoding="utf-8"))
    wanted = set(re.findall(r"\$\{(\w+)\}", json.dumps(source)))
    environment = {key for key in grafana["environment"] if key.startswith("OVOO_")}

    assert stale_files(build("zh"), ROOT / "dashboards") == []
    assert mounts[DASHBOARD_FOLDER] == "../dashboards/json"
    assert environment == wanted
    assert grafana["environment"]["OVOO_INFLUX_DATABASE"] == database_name("heishan-coal")
    assert yaml.safe_load((provisioning / "dashboards" / "ovoo.yaml").read_text(encoding="utf-8")) == provider("zh")


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
    networks = {name: set(service["networks"]) for name, service in compose["services"].items()}

    assert [name for name, joined in networks.items() if joined == {"site", "plant"}] == ["edge"]
    assert {name for name, joined in networks.items() if joined == {"plant"}} == {
        "plant-broker",
        "simulator",
        "simulator-meters",
    }
    assert compose["networks"]["plant"]["internal"] is True


def test_outward_ports_are_tls_or_loopback(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert sorted(published) == ["127.0.0.1:3000:3000", "127.0.0.1:8080:8080", "8883:8883"]


def test_guide_names_every_service_and_says_what_was_not_run(compose: dict[str, Any]) -> None:
    guide = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert all(f"| `{name}` |" in guide for name in compose["services"])
    assert "never run" in guide


def test_shell_script_is_well_formed() -> None:
    done = subprocess.run(["bash", "-n", str(FOLDER / "prepare")], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert (FOLDER / "prepare").stat().st_mode & 0o111
