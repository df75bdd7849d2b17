"""A report in the making: built in a folder that nobody takes for a report, moved to its place when it is recorded."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import secrets
import shutil
from collections.abc import Iterator
from typing import Final

from ovoo_contract.errors import StoreError

__all__ = ["publish", "staged"]

_MAKING: Final = ".making-"


@contextlib.contextmanager
def staged(parent: pathlib.Path) -> Iterator[pathlib.Path]:
    """A new folder below `parent`, gone when the block ends unless it was published.

    What a process left there that died meanwhile is cleared away; what another one is still making stays.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{_MAKING}*"):
        with _held(left) as free:
            if free:
                shutil.rmtree(left, ignore_errors=True)
    own = parent / f"{_MAKING}{secrets.token_hex(8)}"
    own.mkdir()
    try:
        with _held(own):
            yield own / "bundle"
    finally:
        shutil.rmtree(own, ignore_errors=True)


@contextlib.contextmanager
def _held(folder: pathlib.Path) -> Iterator[bool]:
    """Locks a folder as long as this process lives; False when another one has it."""
    try:
        opened = os.open(folder, os.O_RDONLY)
    except OSError:  # its maker took it away just now
        yield False
        return
    try:
        yield _locked(opened)
    finally:
        os.close(opened)


def _locked(opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def publish(bundle: pathlib.Path, place: pathlib.Path) -> None:
    """Moves a finished bundle to its place, as a whole. To be called where its revision is recorded, under that lock.

    What lies there is of a process that died before its record was written: it was never issued, and is replaced.

    Raises:
        StoreError: the folder cannot be moved.
    """
    try:
        if place.exists():
            place.rename(bundle.with_name(f"{bundle.name}.unrecorded"))
        place.parent.mkdir(parents=True, exist_ok=True)
        bundle.rename(place)
    except OSError as error:
        raise StoreError(
            "the report cannot be put in its place", offender=str(place), value=error.strerror, remedy="mind its folder"
        ) from error
