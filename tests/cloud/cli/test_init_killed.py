"""`ovoo-cloud init` killed at any of its calls to the disk: run again it ends with keys that fit, and loses none."""

from __future__ import annotations

import pathlib
import re
import shutil
import signal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from ovoo_cloud.cli import main
from ovoo_cloud.reports.signing import load_signing_key, load_trusted_key, sign, signature_valid
from ovoo_cloud.settings import Settings

from tests.cloud.casework.strikes import Act, Run, back, keep

_RANDOM = re.compile(r"[0-9a-f]{8}")


def run(folder: pathlib.Path, pictures: pathlib.Path | None = None, kill_at: int = 0) -> int:
    return Run((folder,), {}, (Act("init", argv=("init", *written(folder))),), pictures, kill_at).exit_code()


def written(folder: pathlib.Path) -> tuple[str, str]:
    return "--write-config", str(folder / "ovoo-cloud.toml")


def keys(folder: pathlib.Path) -> dict[str, bytes]:
    """The files beside the settings file and in the authority's folder, random names alike."""
    found = [*folder.glob("*.toml*"), *folder.glob(".*"), *Settings(data_dir=folder).authority_dir.glob("*")]
    return {_RANDOM.sub("*", each.name): each.read_bytes() for each in found}


def holds(folder: pathlib.Path, before: dict[str, bytes]) -> None:
    """Both pairs fit, nothing half-made lies about, and what had its place before is what it was."""
    settings, now = Settings(data_dir=folder), keys(folder)
    assert set(now) == {"ovoo-cloud.toml", "ca.key", "ca.crt", "report-key.pem", "report-key.pub.pem"}
    private, public = settings.signing_key, settings.signing_key.with_name("report-key.pub.pem")
    assert signature_valid(load_trusted_key(public), b"x", sign(load_signing_key(private), b"x"))
    authority = load_pem_private_key(now["ca.key"], None)
    assert x509.load_pem_x509_certificate(now["ca.crt"]).public_key() == authority.public_key()
    shown = {name for name in before if not name.endswith(".part")} - ({"ca.key"} if "ca.crt" not in before else set())
    assert {name: before[name] for name in shown} == {name: now[name] for name in shown}


def secret(picture: pathlib.Path) -> None:
    """No private key can be read by others, and no public one is there before its private one."""
    for each in picture.rglob("*"):
        if each.is_file() and b"PRIVATE KEY" in each.read_bytes():
            assert each.stat().st_mode & 0o077 == 0, each
    found = {each.name for each in picture.rglob("*.pem")}
    assert "report-key.pub.pem" not in found or "report-key.pem" in found


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """An installation as `init` makes it, but for its keys: what takes its time is there."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "centre"
    assert main(["init", "--data-dir", str(folder)]) == 0
    shutil.rmtree(Settings(data_dir=folder).authority_dir)
    return folder


def test_an_init_that_was_killed_can_be_run_again_and_ends_with_keys_that_fit(
    folder: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    kept, pictures = tmp_path / "kept", tmp_path / "pictures"
    keep([folder], kept)
    assert run(folder, pictures) == 0
    holds(folder, {})
    seen: set[frozenset[str]] = set()
    for each in sorted(pictures.iterdir(), key=lambda each: int(each.name)):
        secret(each)
        back([folder], each)
        before = keys(folder)
        state = frozenset(f"{name} {len(content)}" for name, content in before.items())
        if state not in seen:
            seen.add(state)
            assert main(["init", *written(folder), "--data-dir", str(folder)]) == 0, each.name
            holds(folder, before)
    assert len(seen) > 20
    in_the_making = [each for each in pictures.iterdir() if any(each.rglob(".report-key.p*"))]
    for picture in sorted(in_the_making)[::6]:
        back([folder], kept)
        assert run(folder, kill_at=int(picture.name)) == -signal.SIGKILL
        killed = sorted(keys(folder))
        back([folder], picture)
        assert sorted(keys(folder)) == killed, f"call {picture.name}"
