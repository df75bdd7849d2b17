"""Paths into JSON: `data.values[0]["a.b"]`, parsed once, followed for every message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ovoo_contract.errors import ConfigError

__all__ = ["ABSENT", "JsonPath", "follow", "parse_json_path"]

JsonPath = tuple[str | int, ...]
ABSENT: Any = object()
"""What `follow` returns where the path leads nowhere."""

_STEP = re.compile(r'(?:^|\.)([^.\[\]"]+)|\[(\d{1,9})\]|\["((?:[^"\\]|\\.)*)"\]')


def parse_json_path(text: str, where: str = "path") -> JsonPath:
    """The steps of a path; "" and "$" are the document itself.

    Names are separated by dots; `[3]` is an element, `["a.b"]` a name with dots, quotes or brackets.

    Raises:
        ConfigError: the text is not a path; `where` is the offender.
    """
    rest = text[1:].removeprefix(".") if text.startswith("$") else text
    steps: list[str | int] = []
    position = 0
    while position < len(rest):
        match = _STEP.match(rest, position)
        if match is None:
            raise ConfigError("is not a JSON path", offender=where, value=text, remedy='write it as a.b[0] or ["a.b"]')
        name, element, quoted = match.groups()
        steps.append(
            int(element) if element is not None else name if name is not None else re.sub(r"\\(.)", r"\1", quoted)
        )
        position = match.end()
    return tuple(steps)


def follow(document: Any, path: Sequence[str | int]) -> Any:
    """What stands at `path`, or ABSENT; never raises."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                return ABSENT
            document = document[step]
        else:
            if not isinstance(document, dict) or step not in document:
                return ABSENT
            document = document[step]
    return document
