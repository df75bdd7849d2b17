"""YAML as a tree that remembers the line of everything."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from ovoo_packs.compiler.problems import Place, Problems

__all__ = ["Node", "parse_document", "read_document"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one where PyYAML has it: five times faster
Scalar = str | int | float | bool | None
_DEPTH = 40
_NODES = 200_000


@dataclass(frozen=True, slots=True)
class Node:
    """A mapping, list or scalar with its place; `keys` holds where each key of a mapping stands."""

    value: dict[str, Node] | list[Node] | Scalar
    place: Place
    keys: dict[str, Place]

    @property
    def mapping(self) -> dict[str, Node]:
        """The node as a mapping; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Node]:
        """The node as a list; empty for anything else."""
        return self.value if isinstance(self.value, list) else []

    def __getitem__(self, key: str) -> Node:
        return self.mapping[key]

    def __contains__(self, key: str) -> bool:
        return key in self.mapping

    def get(self, key: str) -> Scalar:
        """The scalar under `key`, or None when it is absent or no scalar."""
        node = self.mapping.get(key)
        return None if node is None or isinstance(node.value, dict | list) else node.value

    def describe(self) -> object:
        """What an error message shows as the offending value."""
        if isinstance(self.value, dict):
            return "a mapping"
        return "a list" if isinstance(self.value, list) else self.value


def read_document(path: pathlib.Path, name: str, problems: Problems) -> Node | None:
    """The tree of the file, or None after its problem was noted; `name` is how messages call the file."""
    return parse_document(path.read_bytes(), name, problems)


def parse_document(content: bytes, name: str, problems: Problems) -> Node | None:
    """The tree of a YAML (or JSON) text, whoever sent it; None after its problem was noted."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        place = Place(name, content.count(b"\n", 0, error.start) + 1)
        problems.add(place, "", "not UTF-8", content[error.start : error.start + 4].hex(" "), _encoding_remedy(content))
        return None
    try:
        deep = _too_deep(text)
        root = None if deep else yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(name, mark.line + 1 if mark else 1)
        problems.add(place, "", "not valid YAML", error.problem, "check indentation, colons and quotes on this line")
        return None
    except yaml.YAMLError as error:
        problems.add(Place(name, 1), "", "not valid YAML", str(error), "leave out control characters")
        return None
    if deep or (root is not None and _too_large(root)):
        remedy = f"at most {_DEPTH} levels and {_NODES} entries, aliases written out"
        problems.add(Place(name, deep or 1), "", "nested too deep or too large", None, remedy)
        return None
    if root is None:
        problems.add(Place(name, 1), "", "the file is empty", None, "write a document or delete the file")
        return None
    return _tree(root, name, problems)


def _too_deep(text: str) -> int:
    """The line where nesting goes beyond all use, else 0; composing it would exhaust the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEPTH:
                return event.start_mark.line + 1 if event.start_mark else 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return 0


def _too_large(root: yaml.Node) -> bool:
    """Whether the tree with its aliases written out is beyond all use; aliases may multiply, or bite their tail."""
    waiting, seen = [(root, 1)], 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if seen > _NODES or depth > _DEPTH:
            return True
        if isinstance(node, yaml.MappingNode):
            waiting.extend((each, depth + 1) for pair in node.value for each in pair)
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend((each, depth + 1) for each in node.value)
    return False


def _encoding_remedy(content: bytes) -> str:
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return "save the file as UTF-8"
    return "this looks like GBK: save the file as UTF-8"


def _tree(node: yaml.Node, name: str, problems: Problems) -> Node:
    place = Place(name, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, problems)
    if isinstance(node, yaml.SequenceNode):
        return Node([_tree(child, name, problems) for child in node.value], place, {})
    if not _storable(str(node.value)):
        problems.add(place, "", "characters that no file can hold", None, "leave out NUL and lone surrogates")
        return Node(None, place, {})
    return Node(_scalar(node), place, {})


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _mapping(node: yaml.MappingNode, place: Place, problems: Problems) -> Node:
    children: dict[str, Node] = {}
    keys: dict[str, Place] = {}
    for key, child in _pairs(node):
        key_place = Place(place.file, key.start_mark.line + 1)
        if not isinstance(key.value, str) or not _storable(key.value):
            problems.add(key_place, "", "not a plain key", "a list or mapping", "write key: value lines")
            continue
        if key.value in children:
            problems.add(key_place, str(key.value), "key given twice", key.value, f"first given at {keys[key.value]}")
            continue
        children[key.value] = _tree(child, place.file, problems)
        keys[key.value] = key_place
    return Node(children, place, keys)


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    yield from node.value


def _scalar(node: yaml.Node) -> Scalar:
    """Numbers, true, false and null as YAML 1.2 has them; everything else, dates too, stays text."""
    text = str(node.value)
    kind = node.tag.rpartition(":")[2]
    if kind == "int":
        return _number(text, int)
    if kind == "float":
        return _number(text, float)
    if kind == "bool" and text in ("true", "false"):
        return text == "true"
    return None if kind == "null" else text


def _number(text: str, kind: type[int] | type[float]) -> Scalar:
    try:
        return kind(text)
    except ValueError:
        return text
