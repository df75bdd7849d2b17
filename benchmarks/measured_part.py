"""The part of the tree that a benchmark measures, as one digest, so that a later change of it shows."""

from __future__ import annotations

import hashlib
import json
import pathlib
import subprocess
from collections.abc import Sequence
from typing import Any

__all__ = ["CODE", "commit_of", "digest_of", "load", "outdated"]

CODE = (".py", ".pyx", ".pxd", ".h", ".toml", ".txt")
"""Endings of files that can change a figure; prose and pictures cannot."""


def digest_of(root: pathlib.Path, paths: Sequence[str]) -> str:
    """SHA-256 over names and contents of the tracked code files below `paths`, 16 hex digits.

    Args:
        root: the checkout.
        paths: files and folders relative to it, in any order.

    Raises:
        ValueError: a path holds no tracked code, which would make every later tree look unchanged.
    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        files = [name for name in _tracked(root, path) if name.endswith(CODE) and (root / name).is_file()]
        if not files:
            raise ValueError(f"measured part {path!r} holds no tracked code; name a folder or file of the project")
        for name in sorted(files):
            digest.update(name.encode() + b"\0" + hashlib.sha256((root / name).read_bytes()).digest())
    return digest.hexdigest()[:16]


def outdated(root: pathlib.Path, result: dict[str, Any]) -> str:
    """Why a committed result no longer speaks of this tree; empty when it does."""
    measured = result.get("measured")
    if not measured:
        return "names no measured part"
    try:
        now = digest_of(root, measured["paths"])
    except ValueError as error:
        return str(error)
    if now == measured["digest"]:
        return ""
    return f"measured at {result['version']}; since then {_changed(root, result['version'], measured['paths'])} changed"


def commit_of(root: pathlib.Path) -> str:
    """The commit that is measured, with `-dirty` where its files changed since; a result just saved changes nothing.

    Returns:
        Twelve hexadecimal digits, or `unknown` outside a checkout.
    """
    commit = _git(root, "rev-parse", "--short=12", "HEAD").strip()
    but_results = (".", ":(exclude)benchmarks/results")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", *but_results).strip()
    return (f"{commit}-dirty" if changed else commit) or "unknown"


def load(path: pathlib.Path) -> dict[str, Any]:
    """One committed result."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _changed(root: pathlib.Path, version: str, paths: Sequence[str]) -> str:
    done = _git(root, "diff", "--name-only", version, "--", *paths)
    names = [name for name in done.splitlines() if name.endswith(CODE)]
    if not names:
        return "its files"
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _tracked(root: pathlib.Path, path: str) -> list[str]:
    return _git(root, "ls-files", "--", path).splitlines()


def _git(root: pathlib.Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    return done.stdout
