"""Reads every source, reports every error at once, and gives the compiled files."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass
from typing import Any

from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import PackError

from ovoo_packs.compiler.checks import known
from ovoo_packs.compiler.document import Node, read_document
from ovoo_packs.compiler.emit import emit_pack, emit_table
from ovoo_packs.compiler.framework_emit import emit_framework
from ovoo_packs.compiler.problems import Place, Problems
from ovoo_packs.compiler.rules import RULES
from ovoo_packs.compiler.sources import SCHEMAS

__all__ = ["SHARED", "TABLES", "compile_sources", "stale_files", "write_files"]

SHARED = "common"
TABLES = ("factors", "norms", "tariffs", "methods")


@dataclass(frozen=True, slots=True)
class _Checked:
    """A document after its schema; `folder` is where its sources are shared. Only a `sound` one has complete data."""

    folder: str
    kind: str
    root: Node
    data: dict[str, Any]
    sound: bool

    @property
    def sources(self) -> set[str]:
        """Names of its sources, whether they are sound or not: one mistake is reported once."""
        return set(self.root["sources"].mapping) if "sources" in self.root else set()


def compile_sources(folder: pathlib.Path) -> dict[str, bytes]:
    """The compiled files by name, canonical JSON.

    Raises PackErrors with every problem of every file, each naming file:line, key and remedy.
    """
    problems = Problems()
    paths = sorted(folder.glob("*/*.yaml"))
    if not paths:
        remedy = "give the folder that holds one folder per pack"
        raise PackError("no pack sources", offender=str(folder), value="*/*.yaml", remedy=remedy)
    documents = [each for path in paths if (each := _checked(path, folder, problems))]
    packs = {each.folder: each for each in documents if each.kind == "pack"}
    for each in documents:
        _apply_rules(each, packs, problems)
    _check_leads(documents, problems)
    problems.close()
    return _emit(documents, packs)


def stale_files(compiled: dict[str, bytes], data: pathlib.Path) -> list[str]:
    """Names of files under `data` that differ from `compiled`, are missing, or should not be there."""
    present = {path.name: path.read_bytes() for path in data.glob("*.json")}
    return sorted(name for name in present.keys() | compiled.keys() if present.get(name) != compiled.get(name))


def write_files(compiled: dict[str, bytes], data: pathlib.Path) -> list[str]:
    """Writes what changed, deletes what is no longer compiled; the names touched."""
    changed = stale_files(compiled, data)
    data.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in compiled:
            (data / name).write_bytes(compiled[name])
        else:
            (data / name).unlink()
    return changed


def _checked(path: pathlib.Path, folder: pathlib.Path, problems: Problems) -> _Checked | None:
    """The document, or None when it cannot be read at all."""
    before = len(problems)
    root = read_document(path, path.relative_to(folder.parent).as_posix(), problems)
    if root is None:
        return None
    kind = root.get("kind")
    schema = SCHEMAS.get(str(kind))
    if schema is None:
        place = root["kind"].place if "kind" in root else root.place
        problems.add(place, "kind", "not a known kind of document", kind, f"one of {', '.join(SCHEMAS)}")
        return None
    data = schema(root, "", problems)
    return _Checked(path.parent.name, str(kind), root, data, sound=len(problems) == before)


def _apply_rules(document: _Checked, packs: dict[str, _Checked], problems: Problems) -> None:
    """Rules follow references, so they need a sound tree."""
    if not document.sound:
        return
    sources = document.sources
    if document.kind == "template":
        owner = packs.get(document.folder)
        if owner is None:
            place = Place(document.root.place.file, 1)
            problems.add(place, "", "no pack.yaml beside the template", document.folder, "add pack.yaml")
            return
        sources = owner.sources
    RULES[document.kind](document.root, sources, problems)


def _check_leads(documents: list[_Checked], problems: Problems) -> None:
    """The framework that leads the reports of a sector by default is one of those that are compiled."""
    there = {str(each.root.get("id")) for each in documents if each.kind == "framework"}
    for each in documents:
        if each.kind == "pack" and each.sound:
            known(each.root["leading_framework"], "leading_framework", there, "framework", problems)


def _emit(documents: list[_Checked], packs: dict[str, _Checked]) -> dict[str, bytes]:
    templates: dict[str, list[dict[str, Any]]] = {folder: [] for folder in packs}
    for each in documents:
        if each.kind == "template":
            templates[each.folder].append(each.data)
    shared = packs[SHARED].data["sources"] if SHARED in packs else {}
    files: dict[str, Any] = {}
    for folder, pack in packs.items():
        own = sorted(templates[folder], key=lambda template: template["dashboard"]["order"])
        if folder != SHARED:
            files[pack.data["id"]] = emit_pack(pack.data, own, templates.get(SHARED, []), shared)
    frameworks = [each.data for each in documents if each.kind == "framework"]
    files["index"] = {
        "packs": sorted(files),
        "frameworks": sorted(each["id"] for each in frameworks),
        "leading": {
            "" if folder == SHARED else pack.data["id"]: pack.data["leading_framework"]
            for folder, pack in packs.items()
        },
    }
    files |= {each.kind: emit_table(each.data) for each in documents if each.kind in TABLES}
    norms = files.get("norms", {"rows": []})["rows"]
    files |= {each["id"]: emit_framework(each, norms) for each in frameworks}
    return {f"{name}.json": canonical_json(content) for name, content in files.items()}
