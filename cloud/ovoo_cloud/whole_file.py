"""A new file that gets its place whole or not at all, whenever its process dies, and never in the place of another."""

from __future__ import annotations

import contextlib
import glob
import os
import pathlib
import secrets
from typing import Final

from ovoo_contract.errors import StoreError

__all__ = ["place"]

_PART: Final = ".part"


def place(path: pathlib.Path, content: bytes, mode: int) -> None:
    """Puts a new file in its place; what is there already stays, also what another process put there just now.

    When this returns, the file that is there lies on the disk with its name. Its rights never were wider than `mode`.
    What a process left that died meanwhile is cleared away.

    Raises:
        StoreError: the folder is full, or not to be written in.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _put(path, content, mode)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*{_PART}"):
            left.unlink(missing_ok=True)
        _settle(path.parent)
    except OSError as error:
        reason, remedy = error.strerror or str(error), "make room, or let this user write in the folder"
        raise StoreError(reason, offender=str(path), remedy=remedy) from error


def _put(path: pathlib.Path, content: bytes, mode: int) -> None:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{_PART}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # a link, not a move: it takes nobody's place. A part is cleared away only by who found the place taken
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)


def _settle(folder: pathlib.Path) -> None:
    """Makes the names in a folder durable, before anything is built on them."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
