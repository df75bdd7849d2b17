"""Small state on disk: one JSON object, checksummed, replaced atomically, readable by its owner only."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex

__all__ = ["StateFile", "load_state", "save_state"]

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
    if durable:
        _sync_folder(path.parent)


def _sync_folder(folder: pathlib.Path) -> None:
    """Without it a file system that fails within seconds may bring the old file back."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


class StateFile:
    """A state with a second place for the time in which its disk is full or read-only.

    Without it a subscription made in that time would be forgotten with the process, and with it what the server still
    holds; so would a gap found in that time.

    Args:
        name: of the file.
        folder: on the disk.
        spare: folder in memory that outlives the process; None: there is none.
    """

    def __init__(self, name: str, folder: pathlib.Path, spare: pathlib.Path | None = None) -> None:
        self.path = folder / name
        self._spare = spare / name if spare is not None else None

    def load(self) -> dict[str, Any] | None:
        """The newest state, None where there is none."""
        # the spare goes as soon as the disk takes the state again, so it is the newer one
        spare = self._spare if self._spare is not None and self._spare.exists() else None
        return load_state(spare or self.path) or None

    def save(self, state: Mapping[str, Any], *, durable: bool = False) -> None:
        """As `save_state`; raises OSError where neither place takes it."""
        # a disk that has just failed may fail again: only what is surely on it replaces the spare
        durable = durable or (self._spare is not None and self._spare.exists())
        try:
            save_state(self.path, state, durable=durable)
        except OSError:
            if self._spare is None:
                raise
            save_state(self._spare, state)
        else:
            self._drop_spare()

    def forget(self) -> None:
        """Removes the state; raises as `save`."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError:
            if self._spare is None:
                raise
            save_state(self._spare, {})
        else:
            self._drop_spare()

    def _drop_spare(self) -> None:
        if self._spare is not None:
            self._spare.unlink(missing_ok=True)
