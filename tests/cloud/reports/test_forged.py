"""Forged and damaged bundles of every shape: refused, the file named (and the figure), never a traceback."""

from __future__ import annotations

import json
import os
import random
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.cli import main
from ovoo_cloud.reports.bundle_reader import boundless_number, strict_json
from ovoo_cloud.reports.signing import load_signing_key, sign
from ovoo_cloud.reports.verify import Verification, verify_bundle
from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import VerifyError

from tests.cloud.reports.conftest import Issued

Place = tuple[str | int, ...]
JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**400,
    1e308,
    [],
    {},
    "",
    "x",
    [[]],
    {"a": []},
    "1e999999999",
    "NaN",
    "../../etc/passwd",
)


@pytest.fixture
def copy(issued: Issued, tmp_path: Path) -> Path:
    """A copy of the bundle to forge."""
    return Path(shutil.copytree(issued.folder, tmp_path / "copy"))


def places(data: Any, path: Place = ()) -> Iterator[Place]:
    """The way to every part of a JSON value, the whole included."""
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, each in children:
        yield from places(each, (*path, key))
    yield path


def at(data: Any, path: Place) -> Any:
    for key in path:
        data = data[key]
    return data


def replaced(content: bytes, path: Place, value: Any) -> bytes:
    data = json.loads(content)
    if not path:
        data = value
    else:
        at(data, path[:-1])[path[-1]] = value
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def accused(outcome: Verification, kind: str) -> set[str]:
    return {each.name for each in outcome.mismatches if each.kind == kind}


def draws(issued: Issued, name: str, count: int) -> Iterator[tuple[Place, Any]]:
    """Places of a file, each with a value that was not there: junk, another place's value, another normal form."""
    random_ = random.Random(f"forged/{name}")
    data = json.loads((issued.folder / name).read_bytes())
    everywhere = list(places(data))
    while count:
        place = random_.choice(everywhere)
        old = at(data, place)
        new = random_.choice([*JUNK, at(data, random_.choice(everywhere))])
        if isinstance(old, str) and random_.random() < 0.2:
            new = unicodedata.normalize(random_.choice(["NFD", "NFKD"]), old)
        if json.dumps(new) != json.dumps(old):
            count -= 1
            yield place, new


@pytest.mark.parametrize("name", ["snapshot.json", "report.json", "manifest.json"])
def test_any_part_of_any_json_replaced_by_anything_is_named(issued: Issued, copy: Path, name: str) -> None:
    before = (copy / name).read_bytes()
    file = {"manifest.json": "manifest.sig"}.get(name, name)

    for place, value in draws(issued, name, 60):
        (copy / name).write_bytes(replaced(before, place, value))

        outcome = verify_bundle(copy, trust=issued.public_key)

        assert file in accused(outcome, "file"), (place, value)
        if name == "snapshot.json" and len(place) > 2 and place[0] == "figures":
            assert place[1] in accused(outcome, "figure"), (place, value)
        if name == "snapshot.json" and len(place) > 2 and place[0] == "evidence":
            assert place[1] in accused(outcome, "evidence"), (place, value)


def test_a_snapshot_of_any_shape_under_a_trusted_seal_is_still_recomputed_and_refused(
    issued: Issued, copy: Path
) -> None:
    before = (copy / "snapshot.json").read_bytes()
    key = load_signing_key(issued.private_key)

    for place, value in draws(issued, "snapshot.json", 40):
        if value == "1e999999999":
            continue  # whoever holds the key can make the checker work: that is no forgery
        content = replaced(before, place, value)
        manifest = json.loads((issued.folder / "manifest.json").read_bytes())
        manifest["files"]["snapshot.json"] = sha256_hex(content)
        manifest_content = json.dumps(manifest).encode()
        (copy / "snapshot.json").write_bytes(content)
        (copy / "manifest.json").write_bytes(manifest_content)
        (copy / "manifest.sig").write_bytes(sign(key, manifest_content))

        outcome = verify_bundle(copy, trust=issued.public_key, deep=issued.source)

        assert not outcome.ok, (place, value)


@pytest.mark.parametrize("left", [None, b"0", b"[]"], ids=["none", "a number", "a list"])
def test_a_trusted_seal_over_no_snapshot_at_all_verifies_nothing(
    issued: Issued, copy: Path, left: bytes | None
) -> None:
    manifest = json.loads((copy / "manifest.json").read_bytes())
    (copy / "snapshot.json").unlink()
    del manifest["files"]["snapshot.json"]
    if left is not None:
        (copy / "snapshot.json").write_bytes(left)
        manifest["files"]["snapshot.json"] = sha256_hex(left)
    content = json.dumps(manifest).encode()
    (copy / "manifest.json").write_bytes(content)
    (copy / "manifest.sig").write_bytes(sign(load_signing_key(issued.private_key), content))

    outcome = verify_bundle(copy, trust=issued.public_key)

    assert "snapshot.json" in accused(outcome, "entry")


def _twice(content: bytes) -> bytes:
    return content.replace(b'"number":', b'"number":"FORGED","number":', 1)


def _upper(content: bytes) -> bytes:
    data = json.loads(content)
    data["files"]["report.pdf"] = data["files"]["report.pdf"].upper()
    return json.dumps(data).encode()


def _outside(content: bytes) -> bytes:
    data = json.loads(content)
    data["files"]["../../etc/passwd"] = "0" * 64
    return json.dumps(data).encode()


SPOILED: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "a key twice in the manifest": ("manifest.json", _twice, "manifest.json"),
    "a key twice in the snapshot": ("snapshot.json", _twice, "snapshot.json"),
    "a hash in capitals": ("manifest.json", _upper, "report.pdf"),
    "a name outside the folder": ("manifest.json", _outside, "../../etc/passwd"),
    "a manifest deeper than a parser goes": ("manifest.json", lambda _: b'{"a":' * 200_000, "manifest.json"),
    "a snapshot deeper than a parser goes": ("snapshot.json", lambda _: b"[" * 200_000, "snapshot.json"),
    "no number": ("report.json", lambda old: old.replace(b'"edition":', b'"x":NaN,"edition":', 1), "report.json"),
    "entries that are a list": ("manifest.json", lambda _: b'{"files":{},"entries":[]}', "manifest.sig"),
    "files that are a list": ("manifest.json", lambda _: b'{"files":[]}', "manifest.json"),
    "a list": ("manifest.json", lambda _: b"[]", "manifest.json"),
    "nothing": ("manifest.sig", lambda _: b"", "manifest.sig"),
    "not UTF-8": ("snapshot.json", lambda _: b"\xff\xfe{}", "snapshot.json"),
    "with a byte-order mark": ("snapshot.json", lambda old: b"\xef\xbb\xbf" + old, "snapshot.json"),
    "a second signature": ("manifest.sig", lambda old: old + old, "manifest.sig"),
}


@pytest.mark.parametrize("spoiled", SPOILED)
def test_a_spoiled_file_is_named_and_the_command_ends_with_three(
    issued: Issued, copy: Path, spoiled: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, change, file = SPOILED[spoiled]
    (copy / name).write_bytes(change((copy / name).read_bytes()))

    code = main(["verify", str(copy), "--trust", str(issued.public_key), "--json"])

    shown = json.loads(capsys.readouterr().out)
    assert (code, shown["ok"]) == (3, False)
    assert file in {each["name"] for each in shown["mismatches"] if each["kind"] == "file"}


def test_a_snapshot_nobody_sealed_cannot_keep_the_checker_busy(issued: Issued, copy: Path) -> None:
    content = json.loads((copy / "snapshot.json").read_bytes())
    content["figures"]["energy.kwh"]["value"] = "1e999999999"
    (copy / "snapshot.json").write_text(json.dumps(content), encoding="utf-8")

    outcome = verify_bundle(copy, trust=issued.public_key)

    assert "snapshot.json" in accused(outcome, "file") & accused(outcome, "entry")
    assert "energy.kwh" in accused(outcome, "figure")
    assert boundless_number(json.loads((issued.folder / "snapshot.json").read_bytes())) == ""


def test_links_pipes_and_empty_folders_are_no_part_of_a_bundle(issued: Issued, copy: Path, tmp_path: Path) -> None:
    shutil.move(copy / "report.pdf", tmp_path / "elsewhere.pdf")
    (copy / "report.pdf").symlink_to(tmp_path / "elsewhere.pdf")
    (copy / "folder.html").symlink_to(tmp_path)
    (copy / "gone").symlink_to(tmp_path / "nowhere")
    (copy / "empty").mkdir()
    (copy / "more").mkdir()
    (copy / "more" / "report.pdf").write_bytes(b"%PDF-1.7 forged")
    os.mkfifo(copy / "pipe")

    outcome = verify_bundle(copy, trust=issued.public_key)

    assert accused(outcome, "file") == {"report.pdf", "folder.html", "gone", "empty", "more/report.pdf", "pipe"}


def test_a_trusted_key_that_is_a_link_into_the_bundle_is_refused(issued: Issued, copy: Path, tmp_path: Path) -> None:
    shutil.copy(issued.public_key, copy / "key.pem")
    (tmp_path / "key.pem").symlink_to(copy / "key.pem")

    with pytest.raises(VerifyError, match="inside the bundle"):
        verify_bundle(copy, trust=tmp_path / "key.pem")


@pytest.mark.parametrize("text", [b'{"a": 1, "a": 1}', b'{"a": Infinity}', b"[" * 100_000, b"1", b"", b"\xff"])
def test_json_of_two_meanings_or_none_is_not_read(text: bytes) -> None:
    assert strict_json(text) is None
