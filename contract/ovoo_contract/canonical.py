"""Canonical JSON (RFC 8785): one byte string for one value, so that hashes and signatures hold."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Final

from ovoo_contract.errors import OvooError

__all__ = ["canonical_json", "format_number", "sha256_hex"]

_EXACT: Final = 2**53
_LARGEST: Final = 10**21
_DEEPEST: Final = 200


def canonical_json(obj: object) -> bytes:
    """`obj` as RFC 8785 bytes: UTF-8, keys in UTF-16 order, ECMAScript numbers, no spaces.

    Takes None, bool, int within +-2**53 (or one whose digits a double has), finite float, str without lone
    surrogates, lists, tuples and mappings with string keys, nested at most 200 deep.

    Raises:
        OvooError: for anything else, naming the path inside `obj`.
    """
    pieces: list[str] = []
    _write(obj, "$", 0, pieces)
    return "".join(pieces).encode()


def sha256_hex(data: bytes | bytearray | memoryview) -> str:
    """SHA-256 of `data` as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def format_number(value: float) -> str:
    """A finite double as ECMAScript's Number::toString writes it (RFC 8785 section 3.2.2.3)."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        raise _refuse("$", value, "JSON has no such number", "leave it out or write it as text")
    sign = "-" if value < 0 else ""
    digits, exponent = _shortest(abs(value))
    return sign + _place_point(digits, exponent)


def _shortest(value: float) -> tuple[str, int]:
    """The fewest digits that read back as `value`, and n in 0.digits x 10**n."""
    mantissa, _, power = f"{value!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = whole + fraction
    point = len(whole) + (int(power) if power else 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    return stripped.rstrip("0"), point


def _place_point(digits: str, point: int) -> str:
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    power = point - 1
    head = digits[0] if count == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{head}e{'+' if power > 0 else '-'}{abs(power)}"


def _write(obj: object, path: str, depth: int, pieces: list[str]) -> None:
    if depth > _DEEPEST:
        raise _refuse(path[:80], None, "nested too deep", f"at most {_DEEPEST} levels")
    if obj is None or obj is True or obj is False:
        pieces.append({None: "null", True: "true", False: "false"}[obj])
    elif isinstance(obj, str):
        pieces.append(_text(obj, path))
    elif isinstance(obj, int):
        pieces.append(_integer(obj, path))
    elif isinstance(obj, float):
        if not math.isfinite(obj):
            raise _refuse(path, obj, "JSON has no such number", "leave it out or write it as text")
        pieces.append(format_number(obj))
    elif isinstance(obj, Mapping):
        _write_object(obj, path, depth, pieces)
    elif isinstance(obj, (list, tuple)):
        _write_array(obj, path, depth, pieces)
    else:
        raise _refuse(path, obj, f"{type(obj).__name__} is not JSON", "convert it first")


def _write_array(items: list[object] | tuple[object, ...], path: str, depth: int, pieces: list[str]) -> None:
    pieces.append("[")
    for index, item in enumerate(items):
        if index:
            pieces.append(",")
        _write(item, f"{path}[{index}]", depth + 1, pieces)
    pieces.append("]")


def _write_object(obj: Mapping[object, object], path: str, depth: int, pieces: list[str]) -> None:
    keys: list[str] = []
    for key in obj:
        if not isinstance(key, str):
            raise _refuse(path, key, "a key must be text", "convert it first")
        _check_text(key, path)
        keys.append(key)
    keys.sort(key=None if all(key.isascii() for key in keys) else _utf_16)
    pieces.append("{")
    for index, key in enumerate(keys):
        if index:
            pieces.append(",")
        pieces.append(_text(key, path))
        pieces.append(":")
        _write(obj[key], f"{path}.{key}", depth + 1, pieces)
    pieces.append("}")


def _utf_16(key: str) -> bytes:
    return key.encode("utf-16-be")


def _integer(value: int, path: str) -> str:
    text = str(int(value)) if abs(value) < _LARGEST else ""
    # a double such as 1e17 is written as whole digits; those digits must be writable again after reading
    if abs(value) <= _EXACT or (text and format_number(float(value)) == text):
        return text
    raise _refuse(path, value, "integer beyond +-2**53", "write it as text")


def _text(value: str, path: str) -> str:
    _check_text(value, path)
    # json's escapes are those of RFC 8785: short forms for \b \t \n \f \r, \u00xx for other controls
    return encode_basestring(value)


def _check_text(value: str, path: str) -> None:
    if value.isascii():
        return
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _refuse(path, value, "text holds half a surrogate pair", "repair the text") from error


def _refuse(path: str, value: object, message: str, remedy: str) -> OvooError:
    return OvooError(message, offender=path, value=value, remedy=remedy)
