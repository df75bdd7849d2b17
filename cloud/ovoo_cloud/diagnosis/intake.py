"""Typed reading of an intake file: every scalar stays text until a reader asks for it, every error knows its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from ovoo_contract.errors import ConfigError, ConfigErrors

__all__ = ["IntakeReader", "Plain", "read_mapping", "read_yaml"]

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"


@dataclass(slots=True)
class _Log:
    """Where each key path stands in the file, and what was wrong so far."""

    name: str
    lines: dict[str, int]
    errors: list[ConfigError] = field(default_factory=list)

    def add(self, path: str, message: str, value: object, remedy: str, code: str, slots: Mapping[str, object]) -> None:
        line = self.lines.get(path) or self.lines.get(path.rpartition(".")[0], 0)
        place = f"{self.name}:{line}" if line else self.name
        offender = f"{place} {path or '(document)'}"
        self.errors.append(ConfigError(message, offender=offender, value=value, remedy=remedy, code=code, slots=slots))


@dataclass(frozen=True, slots=True)
class IntakeReader:
    """One mapping of the intake; reading marks its keys as known, `finish` reports the unknown ones."""

    data: Mapping[str, Plain]
    path: str
    log: _Log
    seen: set[str] = field(default_factory=set)

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def fail(self, key: str, message: str, remedy: str, code: str = "", **slots: object) -> None:
        """Record an error at `key`; reading goes on so that all errors are reported together.

        `code` and `slots` find its sentences in the reader's language.
        """
        self.log.add(self._at(key), message, self.data.get(key), remedy, code, slots)

    def has(self, key: str) -> bool:
        """Whether the key is present and not empty."""
        return self.data.get(key) not in (None, "", "null", "~")

    def text(self, key: str, default: str | None = None) -> str:
        """A plain text; without a default the key is required."""
        self.seen.add(key)
        value = self.data.get(key)
        if not self.has(key):
            if default is None:
                self.fail(key, "required value is missing", f"write {key}: ...", code="intake.value_missing")
            return default or ""
        if not isinstance(value, str):
            self.fail(
                key, "expected a single value", "write one value on the line of the key", code="intake.single_value"
            )
            return default or ""
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        """One of `allowed`."""
        value = self.text(key, default)
        if value and value not in allowed:
            self.fail(
                key,
                "value is not in the list",
                "use one of: " + ", ".join(allowed),
                code="intake.not_in_list",
                known=", ".join(each for each in allowed if each),
            )
            return default or allowed[0]
        return value

    def decimal(self, key: str, *, least: str | None = "0", required: bool = False) -> Decimal | None:
        """A decimal number, exactly as written; None where absent."""
        if not self.has(key) and not required:
            self.seen.add(key)
            return None
        value = self.text(key)
        if not value:
            return None
        try:
            number = Decimal(value.replace("_", ""))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or (least is not None and number < Decimal(least)):
            self.fail(
                key,
                "not a number in the allowed range",
                f"write a decimal number >= {least}",
                code="intake.not_number",
                least=least or "",
            )
            return None
        return number

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number >= 0."""
        if not self.has(key) and default is not None:
            self.seen.add(key)
            return default
        number = self.decimal(key, required=True)
        if number is None:
            return default or 0
        if number != number.to_integral_value():
            self.fail(key, "not a whole number", "write a whole number >= 0", code="intake.not_whole_number")
            return default or 0
        return int(number)

    def boolean(self, key: str, default: bool | None = None) -> bool | None:
        """true/false (yes/no); None where absent and no default is given."""
        self.seen.add(key)
        if not self.has(key):
            return default
        value = str(self.data[key]).lower()
        if value not in {"true", "false", "yes", "no"}:
            self.fail(key, "not a truth value", "write true or false", code="intake.not_yes_or_no")
            return default
        return value in {"true", "yes"}

    def names(self, key: str) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one; absent is empty."""
        self.seen.add(key)
        value = self.data.get(key)
        if value is None or value == "":
            return ()
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in items):
            self.fail(
                key, "expected a list of texts", "write [a, b] or one '- item' a line", code="intake.list_expected"
            )
            return ()
        return tuple(str(item) for item in items)

    def child(self, key: str, *, required: bool = False) -> IntakeReader | None:
        """The mapping under `key`; None where absent."""
        self.seen.add(key)
        value = self.data.get(key)
        if value is None or value == "":
            if required:
                self.fail(key, "required section is missing", f"add the section {key}:", code="intake.section_missing")
            return None
        if not isinstance(value, dict):
            self.fail(key, "expected a section", "write its keys indented below", code="intake.section_expected")
            return None
        return IntakeReader(value, self._at(key), self.log)

    def children(self, key: str) -> tuple[IntakeReader, ...]:
        """The mappings of a list under `key`; empty where absent."""
        self.seen.add(key)
        value = self.data.get(key)
        if value is None or value == "":
            return ()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fail(key, "expected a list of sections", "start each entry with '- '", code="intake.rows_expected")
            return ()
        readers = [
            IntakeReader(item, f"{self._at(key)}[{number}]", self.log)
            for number, item in enumerate(value)
            if isinstance(item, dict)
        ]
        return tuple(readers)

    def keyed(self, key: str) -> tuple[tuple[str, IntakeReader], ...]:
        """The mappings of a mapping under `key`, in the order of the file."""
        parent = self.child(key)
        if parent is None:
            return ()
        pairs = [(name, parent.child(name)) for name in parent.data]
        return tuple((name, reader) for name, reader in pairs if reader is not None)

    def finish(self) -> None:
        """Report keys nobody asked for: a misspelt key is an error, not a silent default."""
        for key in self.data:
            if key not in self.seen:
                self.fail(
                    key,
                    "unknown key",
                    "remove it or correct the spelling; known: " + ", ".join(sorted(self.seen)),
                    code="intake.unknown_key",
                    known=", ".join(sorted(self.seen)),
                )

    def raise_errors(self) -> None:
        """Raise everything found so far as one `ConfigErrors`."""
        if self.log.errors:
            raise ConfigErrors(self.log.errors)


def read_yaml(path: Path) -> IntakeReader:
    """A reader over the YAML file; a file that is no YAML mapping raises `ConfigErrors` at once."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "cannot read the intake file",
            offender=str(path),
            value=str(error),
            remedy="save it as UTF-8",
            code="intake.file_unreadable",
        ) from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError(
            "not valid YAML",
            offender=f"{path.name}:{line}",
            value=error.problem,
            remedy="check indentation and quotes",
            code="intake.not_yaml",
        ) from error
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(
            "no sections found",
            offender=path.name,
            remedy="start from the sample of docs/guides/report.md",
            code="intake.no_sections",
        )
    lines: dict[str, int] = {}
    plain = _plain(root, "", lines)
    if not isinstance(plain, dict):
        raise ConfigError(
            "no sections found",
            offender=path.name,
            remedy="start from the sample of docs/guides/report.md",
            code="intake.no_sections",
        )
    return IntakeReader(plain, "", _Log(path.name, lines))


def read_mapping(data: Mapping[str, Any], name: str) -> IntakeReader:
    """A reader over an already plain mapping (a case kept in a snapshot or sent as JSON)."""
    plain = _texts(data)
    return IntakeReader(plain if isinstance(plain, dict) else {}, "", _Log(name, {}))


def _texts(value: Any) -> Plain:
    """The same structure with every scalar as the text that YAML would hold."""
    if isinstance(value, Mapping):
        return {str(key): _texts(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_texts(each) for each in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _plain(node: yaml.Node, path: str, lines: dict[str, int]) -> Plain:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        return "" if node.tag.endswith(":null") else str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, f"{path}[{number}]", lines) for number, item in enumerate(node.value)]
    result: dict[str, Plain] = {}
    for key, value in node.value:
        below = f"{path}.{key.value}" if path else str(key.value)
        lines[below] = key.start_mark.line + 1
        result[str(key.value)] = _plain(value, below, lines)
    return result
