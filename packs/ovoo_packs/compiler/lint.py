"""The linter of framework packs: the compiler's errors, and what a finished pack has beyond them.

An *error* makes a framework useless; what is *unfinished* lets it stay a draft: rules that name no clause (an empty one
says that nobody has seen it) and missing conformance vectors.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import PackError

from ovoo_packs.compiler.document import Node, parse_document
from ovoo_packs.compiler.framework_emit import emit_framework
from ovoo_packs.compiler.leading_rules import check_rows
from ovoo_packs.compiler.problems import PackErrors, Problems
from ovoo_packs.compiler.rules import RULES
from ovoo_packs.compiler.sources import SCHEMAS
from ovoo_packs.compiler.vectors import VectorSet, check_vectors, inline_vectors, stored_vectors
from ovoo_packs.framework_data import framework_from_data
from ovoo_packs.frameworks import Framework

__all__ = ["Linted", "lint_folder", "lint_framework"]

_LEAST_VECTORS = 1


@dataclass(frozen=True, slots=True)
class Linted:
    """A framework document as checked: its compiled `data` (None with errors), what is wrong and what is missing."""

    data: dict[str, Any] | None
    sha256: str
    errors: tuple[PackError, ...]
    unfinished: tuple[PackError, ...]
    vectors: int

    @property
    def framework(self) -> Framework:
        """The compiled framework; raises PackErrors with everything that is wrong."""
        if self.data is None:
            raise PackErrors(self.errors)
        return framework_from_data(self.data, self.sha256)


def lint_framework(
    content: bytes, name: str, norm_rows: Sequence[dict[str, Any]], stored: Sequence[VectorSet] = ()
) -> Linted:
    """Checks one framework document, whoever wrote it.

    Args:
        content: YAML or JSON, UTF-8.
        name: how messages call the document.
        norm_rows: the compiled norms that a framework may take rows from.
        stored: vectors that lie beside the document; its own ones count as well.
    """
    problems, missing = Problems(), Problems()
    root = parse_document(content, name, problems)
    data = None if root is None else _compiled(root, norm_rows, problems)
    sha256 = "" if data is None else sha256_hex(canonical_json(data))
    count = 0
    if root is not None and data is not None:
        sets = [*stored, *inline_vectors(root)]
        count = check_vectors(framework_from_data(data, sha256), sets, problems)
        _unfinished(root, count, missing)
    return Linted(data if not len(problems) else None, sha256, problems.found, missing.found, count)


def _compiled(root: Node, norm_rows: Sequence[dict[str, Any]], problems: Problems) -> dict[str, Any] | None:
    if root.get("kind") != "framework":
        place = root["kind"].place if "kind" in root else root.place
        problems.add(place, "kind", "not a framework", root.get("kind"), "write kind: framework")
        return None
    data = SCHEMAS["framework"](root, "", problems)
    if len(problems):
        return None
    RULES["framework"](root, set(root["sources"].mapping), problems)
    _signatures(root, problems)
    if len(problems):
        return None
    compiled = emit_framework(data, norm_rows)
    check_rows(root, compiled, problems)
    return None if len(problems) else compiled


def _facts(node: Node, path: str = "") -> Iterator[tuple[Node, str]]:
    """Every rule with evidence and a source of its own, wherever the method keeps it."""
    if path and "evidence" in node and "source" in node:
        yield node, path
    for name, child in node.mapping.items():
        yield from _facts(child, f"{path}.{name}" if path else name)
    for number, child in enumerate(node.items):
        yield from _facts(child, f"{path}[{number}]")


def _signatures(root: Node, problems: Problems) -> None:
    """Who signs has seen the clause."""
    shared = root["reviewers"].items if "reviewers" in root else []
    for node, path in _facts(root):
        reviewers = node["reviewers"].items if "reviewers" in node else shared
        if reviewers and not node.get("clause"):
            remedy = "write where the official text says it, or leave the reviewers out"
            problems.add(node.place, f"{path}.clause", "signed without a clause", node.get("clause"), remedy)


def _unfinished(root: Node, vectors: int, missing: Problems) -> None:
    for node, path in _facts(root):
        if "clause" not in node:
            remedy = 'write clause: with the place in the official text, or clause: "" while nobody has seen it'
            missing.add(node.place, f"{path}.clause", "missing clause", None, remedy)
    if vectors < _LEAST_VECTORS:
        remedy = "add vectors with answers and what they must score"
        missing.add(root.place, "vectors", "no conformance vectors", vectors, remedy)


def lint_folder(sources: pathlib.Path, vectors: pathlib.Path, norm_rows: Sequence[dict[str, Any]]) -> list[Linted]:
    """Every framework under `sources`, with its vectors under `vectors`; what is unfinished counts as an error here."""
    found = []
    for path in sorted(sources.glob("*/*.yaml")):
        content = path.read_bytes()
        if b"\nkind: framework" not in b"\n" + content:
            continue
        name = path.relative_to(sources.parent).as_posix()
        found.append(lint_framework(content, name, norm_rows, stored_vectors(vectors / path.stem)))
    if not found:
        raise PackError("no frameworks", offender=str(sources), value="*/*.yaml", remedy="give the folder of packs")
    return found
