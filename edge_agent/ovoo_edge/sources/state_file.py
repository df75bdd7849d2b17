"""Small state on disk: one JSON object, checksummed, replaced atomically, readable by its owner only."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex

__all__ = ["load_state", "save_state"]

_VERSION = 1


def save_state(path: pathlib.Path, state: Mapping[str, Any], *, durable: bool = False) -> None:
    """Replaces the file; after a crash it holds either the old or the new state.

    Args:
        path: the file; its folder is created.
        state: JSON values.
        durable: also wait for the disk, for state that must survive a power cut.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"version": _VERSION, "sha256": sha256_hex(canonical_json(dict(state))), "state": dict(state)}
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps(document).encode())
        if durable:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)


def load_state(path: pathlib.Path) -> dict[str, Any] | None:
    """The state, or None where there is none or the file is damaged or of another version."""
    try:
        document = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        return None
    state = document.get("state")
    if not isinstance(state, dict) or document.get("sha256") != sha256_hex(canonical_json(state)):
        return None
    return state
