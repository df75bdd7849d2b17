"""A centre's own kind of register as a document: YAML or JSON checked line by line, compiled to plain data."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_packs.compiler.document import Node, parse_document
from ovoo_packs.compiler.problems import Problems

from ovoo_cloud.centre.kinds import AUDIENCES, BUILT_IN, FIELD_TYPES, enumerations, kinds

__all__ = ["PREFIX", "compile_kind"]

PREFIX: Final = "own_"
"""How the id of an own kind begins: no kind of a later version of the product will be called so."""
_KIND: Final = re.compile(r"own_[a-z0-9_]{1,50}", re.ASCII)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,40}", re.ASCII)
_VALUE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}", re.ASCII)
_KEYS: Final = frozenset({"id", "version", "name", "audience", "retired", "enumerations", "fields"})
_FIELD_KEYS: Final = frozenset(
    {"id", "type", "words", "required", "unique", "inside", "fact", "of", "to", "min", "max"}
)
_FLAGS: Final = ("required", "unique", "inside", "fact")
_NUMBERS: Final = ("integer", "decimal")
_FACTS: Final = ("integer", "decimal", "choice", "text")
_FIXED: Final = frozenset({"id", "version", "withdrawn", "编号", "版本", "已撤回"})
_MOST: Final = 60
_LONGEST: Final = 200


def compile_kind(text: str, name: str, own: Collection[str]) -> dict[str, Any]:
    """The compiled form of a kind, which `kind_from` reads.

    Args:
        text: the document, YAML or JSON.
        name: how messages call it.
        own: ids of the own kinds that references may point to beside those of the product.

    Raises:
        ConfigErrors: everything that is wrong, each with name:line and key.
    """
    problems = Problems()
    root = parse_document(text.encode("utf-8", "surrogatepass"), name, problems)
    found = {} if root is None else _Compiler(problems, own).kind(root)
    if len(problems):
        raise ConfigErrors(
            [ConfigError(e.message, offender=e.offender, value=e.value, remedy=e.remedy) for e in problems.found]
        )
    return found


class _Compiler:
    """Reads the tree; what is wrong goes to `problems`, and the place is filled with something harmless."""

    def __init__(self, problems: Problems, own: Collection[str]) -> None:
        self._problems = problems
        self._own = own

    def kind(self, root: Node) -> dict[str, Any]:
        """The whole document."""
        self._keys(root, _KEYS, ("id", "version", "name", "audience", "fields"))
        kind_id = self._identifier(root, "id", _KIND, f"{PREFIX}, then small letters, digits and _")
        if kind_id in kinds():
            self._add(root, "id", "the id is taken", kind_id, "it comes with the product: choose another id")
        lists = self._enumerations(root)
        fields = [self._field(each, kind_id, lists) for each in self._list(root, "fields", _MOST)]
        found = {
            "id": kind_id,
            "version": self._version(root),
            "name": self._words(root, "name"),
            "audience": self._one_of(root, "audience", AUDIENCES),
            "retired": self._flag(root, "retired"),
            "enumerations": lists,
            "fields": fields,
        }
        self._check_whole(root, found)
        return found

    def _add(self, node: Node, key: str, message: str, value: object, remedy: str) -> None:
        place = node.keys.get(key, node.place)
        self._problems.add(place, key, message, value, remedy)

    def _keys(self, node: Node, known: Collection[str], needed: Collection[str]) -> None:
        if not isinstance(node.value, dict):
            self._add(node, "", "expected a mapping", node.describe(), "write key: value lines")
            return
        for key in node.mapping:
            if key not in known:
                self._add(node, key, "unknown key", key, ", ".join(sorted(known)))
        for key in needed:
            if key not in node:
                self._add(node, key, "missing key", None, f"write {key}: ...")

    def _identifier(self, node: Node, key: str, form: re.Pattern[str], remedy: str) -> str:
        value = node.get(key)
        if key in node and not (isinstance(value, str) and form.fullmatch(value)):
            self._add(node, key, "not an identifier", node[key].describe(), remedy)
        return value if isinstance(value, str) else ""

    def _version(self, root: Node) -> int:
        value = root.get("version")
        if "version" in root and (not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 10**6):
            self._add(root, "version", "expected a whole number", root["version"].describe(), "1, then 2, ...")
            return 0
        return value if isinstance(value, int) else 0

    def _words(self, node: Node, key: str) -> list[str]:
        """Two texts: Chinese, English."""
        if key not in node:
            return ["", ""]
        found = [each.value for each in node[key].items]
        good = len(found) == 2 and all(isinstance(e, str) and 0 < len(e.strip()) <= _LONGEST for e in found)
        if not good:
            remedy = f"[Chinese, English], each at most {_LONGEST} characters"
            self._add(node, key, "no words in both languages", node[key].describe(), remedy)
        return [str(each).strip() for each in found] if good else ["", ""]

    def _one_of(self, node: Node, key: str, choices: Collection[str]) -> str:
        value = node.get(key)
        if key in node and value not in choices:
            self._add(node, key, "not one of the choices", node[key].describe(), ", ".join(choices))
        return str(value)

    def _flag(self, node: Node, key: str) -> bool:
        if key not in node:
            return False
        if not isinstance(node.get(key), bool):
            self._add(node, key, "expected true or false", node[key].describe(), "true or false")
        return node.get(key) is True

    def _list(self, node: Node, key: str, most: int) -> list[Node]:
        if key not in node:
            return []
        found = node[key].items
        if not 1 <= len(found) <= most:
            self._add(node, key, "expected a list", node[key].describe(), f"1 to {most} entries")
        return found[:most]

    def _enumerations(self, root: Node) -> dict[str, dict[str, list[str]]]:
        found: dict[str, dict[str, list[str]]] = {}
        if "enumerations" not in root:
            return found
        self._keys(root["enumerations"], root["enumerations"].mapping, ())
        for name, values in root["enumerations"].mapping.items():
            if not _NAME.fullmatch(name) or name in enumerations():
                remedy = "small letters, digits and _, none that comes with the product"
                self._add(root["enumerations"], name, "not an identifier", name, remedy)
            if not 1 <= len(values.mapping) <= 200:
                self._add(root["enumerations"], name, "expected a mapping", values.describe(), "value: [words, words]")
            for value in values.mapping:
                if not _VALUE.fullmatch(value):
                    self._add(values, value, "not an identifier", value, "small letters, digits, _ and -")
            found[name] = {value: self._words(values, value) for value in values.mapping}
        return found

    def _field(self, node: Node, kind_id: str, lists: Mapping[str, Any]) -> dict[str, Any]:
        self._keys(node, _FIELD_KEYS, ("id", "type", "words"))
        made: dict[str, Any] = {
            "id": self._identifier(node, "id", _NAME, "small letters, digits and _, first a letter"),
            "type": self._one_of(node, "type", FIELD_TYPES),
            "words": self._words(node, "words"),
            **{flag: True for flag in _FLAGS if self._flag(node, flag)},
        }
        choosing, pointing = made["type"] in ("choice", "choices"), made["type"] in ("ref", "refs")
        self._only(node, made, "of", choosing, (*enumerations(), *lists))
        self._only(node, made, "to", pointing, (*BUILT_IN, *kinds(), *self._own, kind_id))
        self._bounds(node, made)
        if made.get("unique") and made["type"] in ("choices", "texts", "refs", "conditions"):
            self._add(node, "unique", "not one of the choices", made["type"], "only a single value can be unique")
        return made

    def _only(self, node: Node, made: dict[str, Any], key: str, wanted: bool, choices: Collection[str]) -> None:
        """`of` for choices and `to` for references, and for nothing else."""
        if wanted and key not in node:
            self._add(node, key, "missing key", None, ", ".join(choices))
        elif not wanted and key in node:
            self._add(node, key, "unknown key", key, f"take it away: {made['type']} has none")
        elif wanted:
            made[key] = self._one_of(node, key, choices)

    def _bounds(self, node: Node, made: dict[str, Any]) -> None:
        given: dict[str, Decimal] = {}
        for key in ("min", "max"):
            if key not in node:
                continue
            value = node.get(key)
            try:
                number = Decimal("NaN") if isinstance(value, bool) or value is None else Decimal(str(value))
            except InvalidOperation:
                number = Decimal("NaN")
            if made["type"] not in _NUMBERS or not number.is_finite():
                remedy = f"a number, for {' and '.join(_NUMBERS)} only"
                self._add(node, key, "expected a number", node[key].describe(), remedy)
            else:
                given[key], made[key] = number, str(value)
        if len(given) == 2 and given["min"] > given["max"]:
            self._add(node, "min", "number out of range", made["min"], "not above max")

    def _check_whole(self, root: Node, found: Mapping[str, Any]) -> None:
        """Rules between fields: ids and column words once, whose the rows are, which fields are facts."""
        seen: set[str] = set(_FIXED)
        for node, field in zip(self._list_again(root), found["fields"], strict=True):
            if field["id"] in _FIXED or field["id"] in {e["id"] for e in found["fields"] if e is not field}:
                self._add(node, "id", "duplicate id", field["id"], "each column has an id of its own")
            words = {field["id"], *(each.lower() for each in field["words"] if each)}
            if taken := (words - {field["id"]}) & seen:
                remedy = "a table is read by its column words: take others"
                self._add(node, "words", "two columns of the same words", ", ".join(sorted(taken)), remedy)
            seen |= words
            if field["id"] == "enterprise" and (field["type"], field.get("to")) != ("ref", "enterprise"):
                self._add(node, "id", "not whose the row is", field["type"], "enterprise is type: ref, to: enterprise")
            if field.get("fact"):
                self._check_fact(node, field, found)
        if found["audience"] == "enterprise" and not any(e["id"] == "enterprise" for e in found["fields"]):
            remedy = "add {id: enterprise, type: ref, to: enterprise, ...}, or take another audience"
            self._add(root, "audience", "rows of nobody", found["audience"], remedy)

    def _list_again(self, root: Node) -> list[Node]:
        return root["fields"].items[:_MOST] if "fields" in root else []

    def _check_fact(self, node: Node, field: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        one = any(e["id"] == "enterprise" and e.get("unique") and e.get("required") for e in found["fields"])
        open_to_it = found["audience"] in ("all", "enterprise") and not field.get("inside")
        if not one or not open_to_it or field["type"] not in _FACTS:
            remedy = (
                "a fact is integer, decimal, choice or text, open to the enterprise, in a kind with one row for each: "
                "enterprise required and unique"
            )
            self._add(node, "fact", "not a fact of an enterprise", field["id"], remedy)
