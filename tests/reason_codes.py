"""Every code that source files give to errors and defects, found in their syntax trees."""

from __future__ import annotations

import ast
import pathlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ovoo_contract import errors

_TABLES = re.compile(r"^_?[A-Z_]*(CODES|VERDICTS)$")
_CODE = re.compile(r"^[a-z0-9_]+\.[a-z0-9_]+$")
_RAISED = {
    name for name in errors.__all__ if name != "ConfigErrors" and issubclass(getattr(errors, name), errors.OvooError)
} | {"Defect"}


@dataclass(frozen=True)
class Codes:
    """`slots` of each code: names given wherever it is used, None where they are not written out; `bare`: places of
    errors without a code."""

    slots: dict[str, set[str] | None] = field(default_factory=dict)
    bare: list[str] = field(default_factory=list)


def codes_of(paths: Iterable[pathlib.Path]) -> Codes:
    """The codes of all errors that the files make."""
    found = Codes()
    for path in paths:
        tree = ast.parse(path.read_text("utf-8"))
        for code in _of_tables(tree):
            found.slots[code] = None
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                _take(node, path, found)
    return found


def _of_tables(tree: ast.Module) -> Iterator[str]:
    """Codes of a module's table: a mapping to or from codes by a name that says so."""
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and _TABLES.match(target.id) and isinstance(value, ast.Dict):
            texts = [each.value for each in (*value.keys, *value.values) if isinstance(each, ast.Constant)]
            yield from (each for each in texts if isinstance(each, str) and _CODE.match(each))


def _take(node: ast.Call, path: pathlib.Path, found: Codes) -> None:
    given = {each.arg: each.value for each in node.keywords if each.arg is not None}
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    code = given.get("code")
    if name in _RAISED and node.args and code is None:
        found.bare.append(f"{path.name}:{node.lineno} {ast.unparse(node)[:80]}")
    if isinstance(code, ast.Constant) and isinstance(code.value, str) and _CODE.match(code.value):
        slots = _slots(given) if name in _RAISED else None
        known = found.slots.get(code.value, slots)
        found.slots[code.value] = None if known is None or slots is None else known & slots


def _slots(given: dict[str, ast.expr]) -> set[str] | None:
    if "slots" not in given:
        return set()
    slots = given["slots"]
    if not isinstance(slots, ast.Dict) or not all(isinstance(each, ast.Constant) for each in slots.keys):
        return None
    return {each.value for each in slots.keys if isinstance(each, ast.Constant) and isinstance(each.value, str)}
