"""Taking secrets out of texts that leave the plant for support, by value, by key and by form."""

from __future__ import annotations

import base64
import json
import pathlib
import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

__all__ = ["REMOVED", "Redactor", "secrets_in", "without_secrets"]

REMOVED: Final = "<removed>"
_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)?$|pwd$|secret|token$|api_?key|credential|private_?key$|^key$|auth(orization)?$|^pin$",
    re.IGNORECASE,
)
_SECRET_FILE_KEY = re.compile(r"(password|token|key|secret|credential)s?_file$|(^|_)private_key$", re.IGNORECASE)
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
# in a log line or a JSON text the line breaks of a PEM file are escaped
# every repetition is bounded: a log may hold a line of a megabyte
_USER_INFO = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]{0,20}://)[^/\s\"'<>]{0,500}@")
_ASSIGNED = re.compile(
    r"(?i)((?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|private[_-]?key|credential)|\bauthorization|\bbearer)"
    r"(\\?[\"']?\s*[:=]\s*\\?[\"']?)(?:(?:token|bearer|basic)\s+)?(?!<removed>)[^\s\"'\\,;&}\]]+"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9+/_.=-]{16,}")
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
_SHORTEST = 4
_LARGEST_FILE = 65_536


class Redactor:
    """Cleans texts.

    Args:
        secrets: values that must not appear, in whatever usual spelling.
        names: words that are replaced, such as addresses of a higher class -> what stands for them.
    """

    def __init__(self, secrets: Iterable[str], names: Mapping[str, str] | None = None) -> None:
        values = {spelling for secret in secrets if len(secret) >= _SHORTEST for spelling in _spellings(secret)}
        self._values = _any_of(values)
        self._names = dict(names or {})
        self._named = _any_of(self._names)

    def clean(self, text: str) -> str:
        """The text without what must not leave."""
        if self._values is not None:
            text = self._values.sub(REMOVED, text)
        text = _PEM.sub(REMOVED, text)
        text = _USER_INFO.sub(r"\1", text)
        text = _JWT.sub(REMOVED, text)
        text = _ASSIGNED.sub(rf"\1\2{REMOVED}", text)
        text = _BEARER.sub(rf"\1 {REMOVED}", text)
        if self._named is not None:
            text = self._named.sub(lambda match: self._names[match.group()], text)
        return text


def without_secrets(node: Any) -> Any:
    """The settings with every value under a secret's key removed; a file's name is no secret, its content is."""
    if isinstance(node, Mapping):
        return {key: REMOVED if _is_secret(key, value) else without_secrets(value) for key, value in node.items()}
    if isinstance(node, list):
        return [without_secrets(item) for item in node]
    return node


def secrets_in(document: Mapping[str, Any], folder: pathlib.Path) -> set[str]:
    """Every secret that the settings hold or name: values, user info of addresses, contents of secret files."""
    return {secret for secret in _walk(document, folder) if len(secret) >= _SHORTEST}


def _walk(node: Any, folder: pathlib.Path, key: str = "") -> Iterator[str]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield from _walk(value, folder, name)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value, folder, key)
    elif isinstance(node, str) and node:
        yield from _user_info(node)
        if _SECRET_FILE_KEY.search(key) and (folder / node).is_file():
            yield from _content(folder / node)
        elif _SECRET_FILE_KEY.search(key) or _is_secret(key, node):
            # a secret written where its file's name belongs is one all the same
            yield node


def _is_secret(key: str, value: object) -> bool:
    return (
        isinstance(value, (str, int, float))
        and not isinstance(value, bool)
        and bool(_SECRET_KEY.search(key) and not _SECRET_FILE_KEY.search(key))
    )


def _user_info(text: str) -> Iterator[str]:
    head, found, rest = text.partition("://")
    if not found or not head.replace("+", "").replace("-", "").replace(".", "").isalnum():
        return
    info, at, _ = rest.partition("/")[0].rpartition("@")
    if at:
        _, _, password = info.partition(":")
        yield from (part for part in (password, urllib.parse.unquote(password)) if part)


def _content(path: pathlib.Path) -> Iterator[str]:
    try:
        text = path.read_bytes()[:_LARGEST_FILE].decode("utf-8", errors="replace")
    except OSError:
        # what cannot be read here cannot have come from here either
        return
    yield from (line.strip() for line in text.splitlines() if line.strip() and not line.startswith("-----"))


def _spellings(secret: str) -> Iterator[str]:
    raw = secret.encode("utf-8", errors="replace")
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield urllib.parse.quote(secret, safe="")
    yield base64.b64encode(raw).decode("ascii").rstrip("=")
    yield raw.hex()


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    """One expression for all words, the longest first: a short one may be part of a long one."""
    ordered = sorted((word for word in words if word), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None
