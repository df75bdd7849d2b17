"""Reads a bundle that anybody may have changed: plain files only, JSON of one meaning only, nothing that runs away."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ovoo_contract.errors import VerifyError

from ovoo_cloud.reports.bundle import MANIFEST

__all__ = ["OpenedBundle", "boundless_number", "open_bundle", "strict_json"]

_LARGEST: Final = 512 * 1024 * 1024
_BOUNDLESS: Final = re.compile(r"[+-]?[0-9.]+[eE][+-]?[0-9]{4,}|[+-]?[0-9./]{1000,}")
"""A text that reads as a number with more digits than any figure of a report has."""


@dataclass(frozen=True, slots=True)
class OpenedBundle:
    """The plain files of a bundle by name, and whatever else lies there: its name and what it is."""

    files: Mapping[str, bytes]
    strange: Sequence[tuple[str, str]]


def open_bundle(folder: Path) -> OpenedBundle:
    """Reads every plain file below `folder`. Links are not followed: a bundle holds its files itself.

    Raises:
        VerifyError: the folder is no bundle, or a file cannot be read or is larger than any report.
    """
    if not folder.is_dir() or not (folder / MANIFEST).is_file():
        raise VerifyError("not a report bundle", offender=str(folder), remedy=f"give the folder that holds {MANIFEST}")
    files: dict[str, bytes] = {}
    strange: list[tuple[str, str]] = []
    for path in _inside(folder):
        name = path.relative_to(folder).as_posix()
        kind = _strange(path)
        if kind:
            strange.append((name, kind))
        elif not path.is_dir():
            files[name] = _content(path)
    return OpenedBundle(files, strange)


def _inside(folder: Path) -> Iterator[Path]:
    for top, folders, names in os.walk(folder):
        for name in sorted([*folders, *names]):
            yield Path(top, name)


def _strange(path: Path) -> str:
    """What an entry is that a bundle never holds; empty for a plain file and for a folder with something in it."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "a link, not a file of the bundle"
    if stat.S_ISDIR(mode):
        return "" if any(path.iterdir()) else "an empty folder"
    return "" if stat.S_ISREG(mode) else "not a plain file"


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise VerifyError(
                "larger than any file of a report",
                offender=path.name,
                value=path.stat().st_size,
                remedy="ask for the bundle again",
            )
        return path.read_bytes()
    except OSError as error:
        raise VerifyError("cannot be read", offender=str(path), value=error.strerror, remedy="mind its mode") from error


def strict_json(content: bytes) -> dict[str, Any] | None:
    """The object of a JSON text; None where it is none, or a reader could take it in two ways.

    >>> strict_json(b'{"a": 1}'), strict_json(b'{"a": 1, "a": 2}'), strict_json(b'{"a": NaN}')
    ({'a': 1}, None, None)
    """
    try:
        data = json.loads(content, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def boundless_number(data: Any) -> str:
    """The place of the first number that would take for ever to compute with, empty where there is none."""
    waiting: list[tuple[str, Any]] = [("$", data)]
    while waiting:
        place, part = waiting.pop()
        if isinstance(part, dict):
            waiting += [(f"{place}.{name}", each) for name, each in part.items()]
        elif isinstance(part, list):
            waiting += [(f"{place}[{number}]", each) for number, each in enumerate(part)]
        elif _boundless(part):
            return place
    return ""


def _boundless(leaf: Any) -> bool:
    if isinstance(leaf, str):
        return _BOUNDLESS.fullmatch(leaf) is not None
    return isinstance(leaf, int) and leaf.bit_length() > 1024
