"""The report bundle: a folder of files, a manifest that fixes every byte of them, and its signature."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ReportError

from ovoo_cloud.reports.signing import SealPort, sign

__all__ = ["FORMAT", "MANIFEST", "SIGNATURE", "check_folder", "digests", "entries", "manifest_bytes", "write_bundle"]

FORMAT = "ovoo.bundle/1"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"


def digests(snapshot: Mapping[str, Any]) -> dict[str, str]:
    """A hash for every entry of the snapshot's top sections ("figures/energy.kwh"), so that a change can be named."""
    return {name: sha256_hex(canonical_json(entry)) for name, entry in entries(snapshot)}


def entries(snapshot: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every part of a snapshot that has a hash of its own, with its name."""
    for section, value in snapshot.items():
        if isinstance(value, Mapping):
            yield from ((f"{section}/{name}", entry) for name, entry in value.items())
        else:
            yield section, value


def manifest_bytes(files: Mapping[str, bytes], snapshot: Mapping[str, Any]) -> bytes:
    """The manifest as canonical JSON."""
    rules, status = snapshot.get("framework"), snapshot["issue"].get("status")
    named = {} if rules is None else {"framework": {key: rules[key] for key in ("id", "version", "sha256")}}
    return canonical_json(
        {
            **named,
            **({"status": status} if status else {}),
            "format": FORMAT,
            "number": snapshot["issue"]["number"],
            "revision": snapshot["issue"]["revision"],
            "tool": snapshot["issue"]["tool"],
            "packs": snapshot["packs"],
            "files": {name: sha256_hex(content) for name, content in files.items()},
            "entries": digests(snapshot),
        }
    )


def check_folder(folder: Path) -> None:
    """Refuse a folder that already holds something.

    Raises:
        ReportError: naming the folder.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ReportError(
            "the folder is not empty", offender=str(folder), remedy="choose a new folder or a new revision"
        )


def write_bundle(
    folder: Path, files: Mapping[str, bytes], snapshot: Mapping[str, Any], seal: SealPort
) -> Mapping[str, bytes]:
    """Write all files, the manifest and its signature into an empty or new folder.

    Raises:
        ReportError: the folder already holds something; an issued report is never overwritten.
    """
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = manifest_bytes(files, snapshot)
    everything = {**files, MANIFEST: manifest, SIGNATURE: sign(seal, manifest)}
    for name, content in everything.items():  # the signature comes last: without it there is no report
        with (folder / name).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    return everything
