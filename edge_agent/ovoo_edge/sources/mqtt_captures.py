"""Captured MQTT messages from a file: `mosquitto_sub -v`, topic TAB payload, JSON lines, or our own dead letters."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Captured", "read_captures"]

_CONTINUES = b' \t}]"'
_OPENS = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}


@dataclass(frozen=True, slots=True)
class Captured:
    """A message and the line of the file on which it starts; `receive_ns` is 0 where the file does not tell."""

    line: int
    topic: str
    payload: bytes
    receive_ns: int = 0


def read_captures(data: bytes) -> Iterator[Captured]:
    """The messages of a file.

    A line holds topic and payload with a TAB between them, or a space as `mosquitto_sub -v` writes it (then the topic
    ends at the first space, or at the last one before `{` or `[`). Lines that go on with an object or list that the
    lines before left open belong to them. `mosquitto_sub -F %J` and dead-letter files are known by their keys.
    """
    open_levels, start, topic = 0, 0, ""
    parts: list[bytes] = []
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        line = raw.removesuffix(b"\r")
        if parts and open_levels > 0 and (line[:1] in (b"",) or line[0] in _CONTINUES):
            parts.append(line)
            open_levels += _levels(line)
            continue
        if parts:
            yield Captured(start, topic, b"\n".join(parts).rstrip(b"\n"))
            parts = []
        if not line.strip():
            continue
        found = _from_object(number, line)
        if found is not None:
            yield found
            continue
        topic, payload = _split(line)
        start, parts, open_levels = number, [payload], _levels(payload)
    if parts:
        yield Captured(start, topic, b"\n".join(parts).rstrip(b"\n"))


def _split(line: bytes) -> tuple[str, bytes]:
    topic, tab, payload = line.partition(b"\t")
    if not tab:
        places = [place for place in (line.find(b" {"), line.find(b" [")) if place > 0]
        at = min(places) if places else line.find(b" ")
        topic, payload = (line, b"") if at < 0 else (line[:at], line[at + 1 :])
    return topic.decode("utf-8", "replace"), payload


def _levels(text: bytes) -> int:
    """Brackets opened minus closed outside of quotes; enough to tell whether a message goes on."""
    level, quoted, escaped = 0, False, False
    for byte in text:
        if escaped:
            escaped = False
        elif byte == 0x5C:
            escaped = quoted
        elif byte == 0x22:
            quoted = not quoted
        elif not quoted:
            level += _OPENS.get(byte, 0)
    return level


def _from_object(number: int, line: bytes) -> Captured | None:
    if not line.startswith(b"{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("topic"), str) or "payload" not in found:
        return None
    payload, time_ns = found["payload"], found.get("time_ns")
    receive_ns = int(time_ns) if isinstance(time_ns, str) and time_ns.isdigit() else 0
    if "reason" in found:
        return Captured(number, found["topic"], _decoded(payload), receive_ns)
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return Captured(number, found["topic"], text.encode("utf-8", "surrogatepass"), receive_ns)


def _decoded(payload: Any) -> bytes:
    try:
        return base64.b64decode(payload, validate=True)
    except (binascii.Error, TypeError, ValueError):
        return str(payload).encode()
