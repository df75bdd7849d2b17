"""`prepare`: secrets nobody could guess, certificates that fit, one reader a file, nothing changed by a second run."""

from __future__ import annotations

import json
import pathlib
import re
import stat
import subprocess
import sys
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.docker.prepared import FOLDER, PROGRAMS, PreparedSite, prepare

OWNERS = {
    "mosquitto": 1883,
    "plant-broker": 1883,
    "influxdb": 1000,
    "cloud": 10001,
    "edge": 10002,
    "simulator": 10003,
    "simulator-meters": 10003,
    "grafana": 472,
}


def tree(folder: pathlib.Path) -> dict[str, tuple[int, int, bytes]]:
    found = {}
    for part in ("secrets", "state"):
        for path in sorted((folder / part).rglob("*")):
            status = path.stat()
            content = path.read_bytes() if path.is_file() else b""
            found[str(path.relative_to(folder))] = (status.st_mode, status.st_uid, content)
    return found


def certificate(path: pathlib.Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def common_name(path: pathlib.Path) -> str:
    return str(certificate(path).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def test_second_run_changes_nothing(site: PreparedSite) -> None:
    before = tree(site.folder)

    done = prepare(site.folder)

    assert done.returncode == 0, done.stderr
    assert tree(site.folder) == before
    assert not [name for name in before if name.endswith(".part")]


def test_run_that_was_interrupted_is_completed(site: PreparedSite) -> None:
    before = tree(site.folder)
    lost = site.folder / "state" / "simulator" / "pki" / "server.der"
    kept = lost.read_bytes()
    lost.unlink()

    done = prepare(site.folder)

    assert done.returncode == 0, done.stderr
    after = tree(site.folder)
    assert set(after) == set(before)
    assert lost.read_bytes() != kept
    trusted = site.folder / "state" / "edge" / "opcua" / "trusted" / "simulator.der"
    assert trusted.read_bytes() == lost.read_bytes()


def test_passwords_are_long_random_and_each_its_own(site: PreparedSite) -> None:
    copies = {"cloud_influxdb_token", "grafana_influxdb_token", "simulator_gateway_password"}
    names = {path.name for path in (site.folder / "secrets").iterdir()} - copies - {"influxdb_user", "plant_users"}
    values = [site.secret(name) for name in names]

    assert len(names) == 6
    assert all(re.fullmatch(r"[\w-]{32}", value) for value in values)
    assert len(set(values)) == len(values)


def test_secrets_are_not_printed(site: PreparedSite) -> None:
    done = prepare(site.folder)

    for path in (site.folder / "secrets").iterdir():
        secret = path.read_text(encoding="utf-8").strip()
        assert path.name == "influxdb_user" or secret not in done.stdout + done.stderr


def test_each_secret_is_readable_by_its_own_service_only(site: PreparedSite) -> None:
    compose: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    for service, settings in compose["services"].items():
        for name in settings.get("secrets", []):
            status = (site.folder / compose["secrets"][name]["file"]).stat()
            assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o600, OWNERS[service]), f"{service}: {name}"
        for volume in settings["volumes"]:
            source = volume.split(":")[0]
            if source.startswith("./state/"):
                status = (site.folder / source).stat()
                assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o700, OWNERS[service]), f"{service}: {source}"


def test_certificates_come_from_the_authority_of_the_cloud(site: PreparedSite) -> None:
    state = site.folder / "state"
    authority = certificate(state / "cloud" / "authority" / "ca.crt")
    issued = {
        state / "broker" / "broker.crt": ("mosquitto", ExtendedKeyUsageOID.SERVER_AUTH),
        state / "cloud-certificates" / "client.crt": ("ovoo-cloud", ExtendedKeyUsageOID.CLIENT_AUTH),
        state / "edge" / "identity" / "gateway.pem": ("heishan-gw1", ExtendedKeyUsageOID.CLIENT_AUTH),
    }

    for path, (name, use) in issued.items():
        found = certificate(path)
        found.verify_directly_issued_by(authority)
        assert common_name(path) == name
        assert list(found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [use]


def test_broker_certificate_holds_the_names_asked_for(site: PreparedSite) -> None:
    found = certificate(site.folder / "state" / "broker" / "broker.crt")

    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.DNSName) == ["mosquitto", "localhost", "broker.heishan.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "192.0.2.5"]


def test_gateway_is_enrolled_in_the_catalogue(site: PreparedSite) -> None:
    done = subprocess.run(
        [str(PROGRAMS / "ovoo-cloud"), "enrol", "--json", "--data-dir", str(site.folder / "state" / "cloud")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "heishan-gw1" in done.stdout
    assert "enrolled" in json.dumps(json.loads(done.stdout))


def test_missing_product_is_said(site: PreparedSite, tmp_path: pathlib.Path) -> None:
    done = subprocess.run(
        [str(site.folder / "prepare")], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "make setup" in done.stderr


@pytest.mark.parametrize("name", ["", "a:b", "a\nb"])
def test_user_that_the_password_file_cannot_hold_is_refused(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "mosquitto_user.py"), name],
        input="secret",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert done.stdout == ""
