"""A centre whose seal is a program: what it issues verifies here by the program's key, what was before by its own."""

from __future__ import annotations

import pathlib
import sys

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ovoo_cloud.reports.bundle import MANIFEST, SIGNATURE
from ovoo_cloud.reports.signing import create_key, fingerprint, load_signing_key, sign

from tests.cloud.api.plant import OWN
from tests.cloud.casework.centre import Centre, centre
from tests.cloud.reports.test_seal import SIGNER

NUMBER = "OV-2026-001"


def test_issued_reports_verify_by_the_key_that_sealed_them(tmp_path: pathlib.Path) -> None:
    private, public = create_key(tmp_path / "card")
    (tmp_path / "signer.py").write_text(SIGNER, encoding="utf-8")
    command = f"{sys.executable} {tmp_path / 'signer.py'} {private}"
    with centre(tmp_path / "centre", seal_command=command, seal_public_key=str(public)) as house:
        settings = house.plant.services.settings
        house.to_issued(NUMBER)

        folder = settings.reports_dir / OWN / "ov-2026-001-r1"
        manifest = (folder / MANIFEST).read_bytes()
        assert told(house) == (True, fingerprint(public))
        (folder / SIGNATURE).write_bytes(sign(load_signing_key(settings.signing_key), manifest))
        assert told(house) == (True, fingerprint(settings.own_keys[1]))
        (folder / SIGNATURE).write_bytes(sign(Ed25519PrivateKey.generate(), manifest))
        assert told(house) == (False, fingerprint(public))


def told(house: Centre) -> tuple[bool, str]:
    """Whether the house finds its report whole, and by which key it says so to whoever holds the cover."""
    checked = house.call("centre_admin", "GET", "/reports/ov-2026-001-r1/verification").json()
    listed = house.call("centre_admin", "GET", "/reports").json()["items"]
    (report,) = (each for each in listed if each["number"] == NUMBER)
    asked = {"number": NUMBER, "revision": 1, "code": report["snapshot_sha256"]}
    with house.person("centre_admin") as client:
        shown: httpx.Response = client.get("/api/v1/verification", params=asked)
    return checked["ok"], shown.json()["key_fingerprint"]
