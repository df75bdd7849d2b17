"""What commands print: text for people, or one JSON document."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.errors import OvooError

__all__ = ["Output"]


class Output:
    """Prints results to stdout and failures to stderr."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def show(self, document: Mapping[str, Any], text: str) -> None:
        """The document with --json, else the text."""
        print(json.dumps(document, ensure_ascii=False, sort_keys=True) if self._as_json else text)

    def table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows with the same keys: aligned columns, or a list under `name`."""
        if self._as_json:
            self.show({name: list(rows)}, "")
            return
        if not rows:
            print(f"no {name}")
            return
        heads = list(rows[0])
        cells = [heads, *([_cell(row[head]) for head in heads] for row in rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
        for line in cells:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

    def note(self, text: str) -> None:
        """Something a person should know while it runs, never part of the result."""
        print(text, file=sys.stderr)

    def fail(self, error: OvooError, code: int) -> int:
        """Prints the error and gives the exit code back."""
        if self._as_json:
            print(json.dumps({"error": error.to_dict(), "exit": code}, ensure_ascii=False, sort_keys=True))
        print(f"ovoo-cloud: {error}", file=sys.stderr)
        return code


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return "" if value is None else str(value)
