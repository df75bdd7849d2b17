"""A small line-protocol reader, written from the protocol's description: the oracle of the encoder's tests."""

from __future__ import annotations

from dataclasses import dataclass

FieldValue = float | int | bool | str


@dataclass(frozen=True)
class Point:
    """One parsed line."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, FieldValue]
    time_ns: int


def parse_lines(data: bytes) -> list[Point]:
    """All points; ValueError where a line does not follow the protocol."""
    text, points, position = data.decode(), [], 0
    while position < len(text):
        point, position = _point(text, position)
        points.append(point)
    return points


def _point(text: str, position: int) -> tuple[Point, int]:
    measurement, position = _name(text, position, ", ")
    tags: dict[str, str] = {}
    while text[position] == ",":
        key, position = _name(text, position + 1, "=")
        tags[key], position = _name(text, position + 1, ", ")
    fields: dict[str, FieldValue] = {}
    while not fields or text[position] == ",":
        key, position = _name(text, position + 1, "=")
        fields[key], position = _value(text, position + 1)
    if text[position] != " ":
        raise ValueError(f"no time at {position}")
    end = text.index("\n", position)
    return Point(measurement, tags, fields, int(text[position + 1 : end])), end + 1


def _name(text: str, position: int, stops: str) -> tuple[str, int]:
    pieces: list[str] = []
    while text[position] not in stops:
        if text[position] in "\n":
            raise ValueError(f"line break in a name at {position}")
        if text[position] == "\\" and text[position + 1] in ",= ":
            position += 1
        pieces.append(text[position])
        position += 1
    if not pieces:
        raise ValueError(f"empty name at {position}")
    return "".join(pieces), position


def _value(text: str, position: int) -> tuple[FieldValue, int]:
    if text[position] == '"':
        return _string(text, position + 1)
    end = position
    while text[end] not in ", ":
        end += 1
    word = text[position:end]
    if word in ("true", "false"):
        return word == "true", end
    if word.endswith("i"):
        return int(word[:-1]), end
    return float(word), end


def _string(text: str, position: int) -> tuple[str, int]:
    pieces: list[str] = []
    while text[position] != '"':
        if text[position] == "\\" and text[position + 1] in '"\\':
            position += 1
        pieces.append(text[position])
        position += 1
    return "".join(pieces), position + 1
