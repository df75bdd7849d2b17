"""Values of register fields: read from JSON or a cell of a table, and written back as text."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_cloud.centre.conditions import read_conditions, write_conditions
from ovoo_cloud.centre.kinds import Field

__all__ = ["cell_text", "read_value"]

_LONGEST: Final = {"text": 400, "long": 8000, "handle": 200}
_MOST: Final = 100
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_SPLIT: Final = re.compile(r"[;；]")
_HANDLE: Final = re.compile(r"[0-9]{1,8}(\.[0-9A-Za-z]{1,32}){1,5}/[0-9A-Za-z._~-]{1,120}", re.ASCII)
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_SPREADSHEET_ERRORS: Final = frozenset({"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#####"})
_YES: Final = {"yes": True, "true": True, "1": True, "是": True, "no": False, "false": False, "0": False, "否": False}


def read_value(field: Field, raw: object) -> Any:
    """The value of a field as it is stored; None where nothing was given.

    Text stays text, whole numbers are int, decimals are decimal text, dates ISO text, lists are lists.

    Raises:
        ConfigError: the value does not fit the field; `offender` is the field's id.
    """
    if isinstance(raw, str):
        raw = raw.strip()
    value = None if raw is None or raw in ("", []) else _READERS[field.type](field, raw)
    if value is None or value == []:  # a list of separators only is empty too
        if field.required:
            raise ConfigError("missing", offender=field.id, remedy="fill it in")
        return None
    return value


def cell_text(field: Field, value: Any) -> str:
    """A stored value as the text of a cell, which `read_value` reads back."""
    if value is None:
        return ""
    if field.type == "conditions":
        return write_conditions(value)
    if field.many:
        return ";".join(value)
    if field.type == "boolean":
        return "yes" if value else "no"
    return str(value)


def _wrong(field: Field, raw: object, message: str, remedy: str) -> ConfigError:
    return ConfigError(message, offender=field.id, value=raw, remedy=remedy)


def _text(field: Field, raw: object) -> str:
    if not isinstance(raw, str):
        raise _wrong(field, raw, "not text", "write text")
    longest = _LONGEST.get(field.type, 400)
    if raw in _SPREADSHEET_ERRORS:
        raise _wrong(field, raw, "an error of the spreadsheet", "mend the formula, or write the value")
    if len(raw) > longest or _CONTROL.search(raw):
        raise _wrong(field, raw[:80], "too long, or with control characters", f"at most {longest} readable characters")
    return raw


def _number(field: Field, raw: object) -> Decimal:
    plain = unicodedata.normalize("NFKC", raw).replace(",", "") if isinstance(raw, str) else raw
    try:
        if isinstance(plain, bool) or not isinstance(plain, int | float | str) or len(str(plain)) > 40:
            raise InvalidOperation
        number = Decimal(str(plain))
    except InvalidOperation:
        raise _wrong(field, raw, "not a number", "digits only") from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 18 or number.normalize().as_tuple().exponent < -9:  # type: ignore[operator]
        raise _wrong(field, raw, "out of range", "at most 18 digits and 9 decimals")
    if (field.low is not None and number < Decimal(field.low)) or (
        field.high is not None and number > Decimal(field.high)
    ):
        low, high = field.low or "any", field.high or "any"
        raise _wrong(field, raw, "out of range", f"{low} to {high}")
    return number


def _integer(field: Field, raw: object) -> int:
    number = _number(field, raw)
    if number != number.to_integral_value():
        raise _wrong(field, raw, "not a whole number", "write a whole number")
    return int(number)


def _decimal(field: Field, raw: object) -> str:
    return format(_number(field, raw).normalize() + 0, "f")


def _boolean(field: Field, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    found = _YES.get(str(raw).lower())
    if found is None:
        raise _wrong(field, raw, "neither yes nor no", "yes or no")
    return found


def _date(field: Field, raw: object) -> str:
    text = _text(field, raw).replace("/", "-").replace(".", "-")
    parts = text.split("-")
    try:
        return datetime.date(*(int(part) for part in parts)).isoformat()
    except (ValueError, TypeError, OverflowError):
        raise _wrong(field, raw, "not a date", "e.g. 2026-11-30") from None


def _month(field: Field, raw: object) -> str:
    text = _text(field, raw)[:10].replace("/", "-")
    if not _MONTH.fullmatch(text[:7]) or len(text) not in (7, 10):
        raise _wrong(field, raw, "not a month", "e.g. 2026-11")
    return text[:7]


def _choice(field: Field, raw: object) -> str:
    text, known = _text(field, raw), field.values
    for value, label in known.items():
        if text in (value, label.zh) or text.lower() == label.en.lower():
            return value
    raise _wrong(
        field, raw, "not one of the values", ", ".join(f"{value} {label.zh}" for value, label in known.items())
    )


def _list(field: Field, raw: object, one: Callable[[Field, object], str]) -> list[str]:
    parts = [part.strip() for part in _SPLIT.split(raw)] if isinstance(raw, str) else raw
    if not isinstance(parts, list) or len(parts) > _MOST:
        raise _wrong(field, raw, "not a list", f"at most {_MOST} values, separated by a semicolon")
    return list(dict.fromkeys(one(field, part) for part in parts if part != ""))


def _plain_item(field: Field, raw: object) -> str:
    text = _text(field, raw)
    if not text or ";" in text or "；" in text:
        raise _wrong(field, raw, "a value with a semicolon, or an empty one", "split it")
    return text


def _handle(field: Field, raw: object) -> str:
    text = _text(field, raw)
    if not _HANDLE.fullmatch(text):
        raise _wrong(field, raw, "not a handle", "prefix/suffix, e.g. 88.118.1/fan-1")
    return text


def _conditions(field: Field, raw: object) -> Any:
    return read_conditions(raw) or None


_READERS: Final[Mapping[str, Callable[[Field, Any], Any]]] = {
    "text": _text,
    "long": _text,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "month": _month,
    "choice": _choice,
    "choices": lambda field, raw: _list(field, raw, _choice),
    "texts": lambda field, raw: _list(field, raw, _plain_item),
    "ref": _text,
    "refs": lambda field, raw: _list(field, raw, _plain_item),
    "conditions": _conditions,
    "handle": _handle,
}
