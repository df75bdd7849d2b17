"""Results of rounds: one JSON line each, in a file that is committed; and their sum."""

from __future__ import annotations

import json
import pathlib
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["append", "commit_of", "done_rounds", "read_all", "summary"]

_NUMBERS = (
    "faults",
    "emitted",
    "stored",
    "suppressed",
    "lost_listed",
    "lost_within",
    "lost_unlisted",
    "duplicated",
    "mismatched",
)


def append(path: pathlib.Path, line: Mapping[str, Any]) -> None:
    """Adds a line; the folder is made if absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n")


def done_rounds(path: pathlib.Path, seed: int) -> dict[int, int]:
    """Faults by number of the rounds of a seed that the file holds."""
    if not path.exists():
        return {}
    lines = (json.loads(text) for text in path.read_text(encoding="utf-8").splitlines() if text)
    return {int(line["round"]): int(line["faults"]) for line in lines if line["seed"] == seed}


def read_all(folder: pathlib.Path) -> Iterator[dict[str, Any]]:
    """Every line of every file of the folder."""
    for path in sorted(folder.glob("*.jsonl")):
        for text in path.read_text(encoding="utf-8").splitlines():
            if text:
                yield json.loads(text)


def summary(lines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The sum over rounds, by collector."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        into = found.setdefault(line["collector"], {"rounds": 0, "rounds_that_hold": 0, "by_kind": Counter()})
        into["rounds"] += 1
        into["rounds_that_hold"] += int(line["holds"])
        into["by_kind"].update(line["by_kind"])
        for name in _NUMBERS:
            into[name] = into.get(name, 0) + line[name]
    for into in found.values():
        into["by_kind"] = dict(sorted(into["by_kind"].items()))
    return found


def commit_of(root: pathlib.Path) -> str:
    """The commit of the tree, with a + when files of it were changed; "unknown" outside of git."""
    head = subprocess.run(["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"], capture_output=True, check=False)
    if head.returncode:
        return "unknown"
    changed = subprocess.run(
        ["git", "-C", str(root), "status", "--porcelain", "-uno", "--", ":!benchmarks/results"],
        capture_output=True,
        check=False,
    )
    return head.stdout.decode().strip() + ("+" if changed.stdout.strip() else "")
