"""`scripts/assets` against a small local stand-in for npm: checked hashes, all or nothing, quick when done."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts" / "assets"
_NPM = """#!{python}
import io, pathlib, sys, tarfile
folder = pathlib.Path(sys.argv[sys.argv.index("--pack-destination") + 1])
with tarfile.open(folder / "package.tgz", "w:gz") as archive:
    entry = tarfile.TarInfo("package/dist/thing.js")
    entry.size = 5
    archive.addfile(entry, io.BytesIO(b"hello"))
"""


@pytest.fixture
def npm(tmp_path: Path) -> dict[str, str]:
    """An environment whose npm packs one five-byte file."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "npm").write_text(_NPM.format(python=sys.executable))
    (folder / "npm").chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def run(tmp_path: Path, environment: dict[str, str], sha256: str) -> subprocess.CompletedProcess[str]:
    pins = tmp_path / "pins.toml"
    pin = {"package": "thing", "version": "1.0.0", "source": "dist/thing.js", "target": "thing.js", "sha256": sha256}
    pins.write_text("\n".join(["[[file]]", *(f'{name} = "{value}"' for name, value in pin.items())]))
    command = [sys.executable, str(SCRIPT), "--pins", str(pins), "--into", str(tmp_path / "assets")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_file_with_the_pinned_hash_is_installed_once(tmp_path: Path, npm: dict[str, str]) -> None:
    digest = hashlib.sha256(b"hello").hexdigest()

    first, second = run(tmp_path, npm, digest), run(tmp_path, npm, digest)

    assert (first.returncode, second.returncode) == (0, 0)
    assert (tmp_path / "assets" / "thing.js").read_bytes() == b"hello"
    assert "1 installed" in first.stdout
    assert "0 installed, 1 already in place" in second.stdout


def test_another_hash_installs_nothing_and_names_the_file(tmp_path: Path, npm: dict[str, str]) -> None:
    done = run(tmp_path, npm, "0" * 64)

    assert done.returncode == 1
    assert "thing@1.0.0: dist/thing.js has SHA-256" in done.stderr
    assert not (tmp_path / "assets").exists()


def test_a_spoilt_file_is_replaced(tmp_path: Path, npm: dict[str, str]) -> None:
    digest = hashlib.sha256(b"hello").hexdigest()
    run(tmp_path, npm, digest)
    (tmp_path / "assets" / "thing.js").write_bytes(b"other")

    run(tmp_path, npm, digest)

    assert (tmp_path / "assets" / "thing.js").read_bytes() == b"hello"


def test_pins_name_packages_and_no_address() -> None:
    text = SCRIPT.with_name("assets.toml").read_text(encoding="utf-8")

    assert "http" not in text
    assert text.count("sha256 = ") == text.count("[[file]]") >= 9
