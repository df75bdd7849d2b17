"""Changes of the inside of a sealed case, put together again so that chain, hashes, manifest and seal all fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex

Files = dict[str, bytes]
Change = Callable[[Files], None]
Path = tuple[str | int, ...]
HOUR_NS, DAY_NS = 3_600 * 10**9, 86_400 * 10**9


def document(files: Files, name: str) -> Any:
    return json.loads(files[name])


def edited(name: str, path: Path, value: Any) -> Change:
    """One value of a JSON file replaced; a callable gets the old one."""

    def change(files: Files) -> None:
        data = document(files, name)
        place = data
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value(place[path[-1]]) if callable(value) else value
        files[name] = canonical_json(data)

    return change


def dropped(name: str, path: Path) -> Change:
    """One key or row taken away."""

    def change(files: Files) -> None:
        data = document(files, name)
        place = data
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]
        files[name] = canonical_json(data)

    return change


def doubled(name: str, row: int, **other: Any) -> Change:
    """A row that stands twice, or beside one that differs a little."""

    def change(files: Files) -> None:
        data = document(files, name)
        data.append({**data[row], **other})
        files[name] = canonical_json(data)

    return change


def raw(name: str, old: bytes, new: bytes) -> Change:
    """The bytes of a file changed, as no writer of JSON of ours would write them."""

    def change(files: Files) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


def inside(kind: str, change: Callable[[Any], Any], which: str = "") -> Change:
    """A content file (a snapshot or an edition) changed, and its new hash told wherever the old one stood."""

    def rewrite(files: Files) -> None:
        rows = document(files, f"{kind}.json")
        row = next(each for each in rows if each.get("kind", "") == which or not which)
        old = row["id" if kind == "snapshots" else "sha256"]
        data = document(files, f"{kind}/{old}.json")
        changed = change(data)
        data = data if changed is None else changed
        content = canonical_json(data)
        kept = {key: value for key, value in data.items() if key != "issue"} if isinstance(data, dict) else data
        code = sha256_hex(canonical_json(kept) if which in ("measured", "reviewed") else content)
        del files[f"{kind}/{old}.json"]
        told(files, old, code)
        files[f"{kind}/{code}.json"] = content

    return rewrite


def told(files: Files, old: str, new: str) -> None:
    """A hash or id replaced in every list of the case."""
    for name in [name for name in files if "/" not in name]:
        files[name] = files[name].replace(old.encode(), new.encode())


def chained(files: Files) -> None:
    """The hashes of the steps made to fit what the steps say now, as far as they can still be read as steps."""
    try:
        rows = document(files, "steps.json")
        previous = "0" * 64
        for row in rows:
            row["previous"] = previous
            content = [row[key] for key in ("case", "seq", "step", "before", "after", "actor", "role")]
            row["hash"] = sha256_hex(canonical_json([*content, row["at_ns"], row["decision"], previous]))
            previous = row["hash"]
        files["steps.json"] = canonical_json(rows)
    except Exception:
        return  # what is no list of steps any more goes as it is


def steps_changed(change: Callable[[list[dict[str, Any]]], None]) -> Change:
    """The steps changed, counted anew, and the head made to follow them."""

    def rewrite(files: Files) -> None:
        rows = document(files, "steps.json")
        change(rows)
        for number, row in enumerate(rows, 1):
            row["seq"] = number
        files["steps.json"] = canonical_json(rows)
        head = document(files, "case.json")
        head["file"].update(version=len(rows), state=rows[-1]["after"])
        head["case"]["status"] = rows[-1]["after"]
        files["case.json"] = canonical_json(head)

    return rewrite


def both(*changes: Change) -> Change:
    def change(files: Files) -> None:
        for each in changes:
            each(files)

    return change


def lightened(files: Files) -> Files:
    """A whole case whose report has next to nothing in its printed files, which no check of the inside opens."""
    found = dict(files)
    manifests = [name for name in files if name.startswith("reports/") and name.endswith("/manifest.json")]
    for manifest in manifests:
        folder, listed = manifest.removesuffix("manifest.json"), document(found, manifest)
        for name in listed["files"]:
            if name != "snapshot.json":
                found[folder + name] = name.encode()
            listed["files"][name] = sha256_hex(found[folder + name])
        content = canonical_json(listed)
        told(found, sha256_hex(found[manifest]), sha256_hex(content))
        found[manifest] = content
    chained(found)
    return found
