"""The seal port: the key file, or a program that holds the key; what it answers is checked before it is used."""

from __future__ import annotations

import pathlib
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ovoo_cloud.reports.seal import CommandSeal, seal_of
from ovoo_cloud.reports.signing import create_key, load_signing_key, load_trusted_key, sign, signature_valid
from ovoo_cloud.settings import load_settings
from ovoo_contract.errors import ConfigErrors, ReportError, VerifyError

SIGNER = """
import base64, pathlib, sys
from cryptography.hazmat.primitives.serialization import load_pem_private_key
key = load_pem_private_key(pathlib.Path(sys.argv[1]).read_bytes(), None)
sys.stdout.write(base64.b64encode(key.sign(sys.stdin.buffer.read())).decode())
"""


@pytest.fixture
def keys(tmp_path: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    return create_key(tmp_path / "card")


@pytest.fixture
def signer(tmp_path: pathlib.Path, keys: tuple[pathlib.Path, pathlib.Path]) -> str:
    program = tmp_path / "signer.py"
    program.write_text(SIGNER)
    return f"{sys.executable} {program} {keys[0]}"


def test_a_program_seals_as_the_key_file_does(keys: tuple[pathlib.Path, pathlib.Path], signer: str) -> None:
    by_file = seal_of("", "", keys[0])
    by_program = seal_of(signer, str(keys[1]), pathlib.Path("absent"))

    assert isinstance(by_file, Ed25519PrivateKey)
    assert sign(by_program, b"manifest") == sign(by_file, b"manifest")
    assert signature_valid(load_trusted_key(keys[1]), b"manifest", sign(by_program, b"manifest"))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/no/such/program", "cannot be run"),
        (f"{sys.executable} -c 'raise SystemExit(3)'", "ended with 3"),
        (f"{sys.executable} -c 'print(1)'", "no signature"),
        (f"{sys.executable} -c 'import time; time.sleep(60)'", "cannot be run"),
    ],
    ids=["absent", "fails", "babbles", "hangs"],
)
def test_a_seal_that_does_not_come_is_told(keys: tuple[pathlib.Path, pathlib.Path], command: str, words: str) -> None:
    with pytest.raises(ReportError, match=words):
        CommandSeal(command, load_trusted_key(keys[1]), timeout_s=5).sign(b"manifest")


def test_a_seal_of_another_key_is_refused(tmp_path: pathlib.Path, signer: str) -> None:
    _, other = create_key(tmp_path / "other")

    with pytest.raises(ReportError, match="no signature of seal_public_key"):
        seal_of(signer, str(other), pathlib.Path("absent")).sign(b"manifest")
    with pytest.raises(VerifyError, match="trusted key"):
        seal_of(signer, str(tmp_path / "absent.pem"), pathlib.Path("absent"))
    assert load_signing_key(tmp_path / "other" / "report-key.pem")


def test_half_a_seal_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigErrors, match="half a seal"):
        load_settings(None, {"OVOO_SEAL_COMMAND": "sign"})
