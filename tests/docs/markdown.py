"""Markdown files of the repository, read the few ways the tests need."""

from __future__ import annotations

import pathlib
import re
import subprocess
import unicodedata
from collections import Counter

__all__ = ["ROOT", "anchors", "code_blocks", "files", "headings", "links", "prose"]

ROOT = pathlib.Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^ {0,6}```(?P<kind>[a-z]*)[^\n]*\n(?P<body>.*?)^ {0,6}```[ \t]*$", re.MULTILINE | re.DOTALL)


def files() -> list[pathlib.Path]:
    """Every Markdown file that git knows or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted(ROOT / name for name in names if name and (ROOT / name).is_file())


def prose(text: str) -> str:
    """The text without its code blocks and inline code."""
    return re.sub(r"`[^`\n]*`", "``", _FENCE.sub("", text))


def code_blocks(text: str) -> list[tuple[str, str]]:
    """(language, body) of each fenced block."""
    return [(match["kind"], match["body"]) for match in _FENCE.finditer(text)]


def headings(text: str) -> list[tuple[int, str]]:
    """(level, words) of each heading."""
    bare = _FENCE.sub("", text)
    return [(len(marks), words.strip()) for marks, words in re.findall(r"^(#{1,6}) +(.+)$", bare, re.MULTILINE)]


def links(text: str) -> list[str]:
    """Targets of all links and pictures outside code."""
    return re.findall(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)", prose(text)) + re.findall(r"<img [^>]*src=\"([^\"]+)\"", text)


def anchors(text: str) -> set[str]:
    """The anchors that a Git host gives the headings."""
    seen: Counter[str] = Counter()
    found = set()
    for _, words in headings(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", words).replace("`", "")
        slug = "".join(
            "-" if sign == " " else sign
            for sign in plain.lower()
            if sign in " -_" or unicodedata.category(sign)[0] in "LN"
        )
        found.add(slug if not seen[slug] else f"{slug}-{seen[slug]}")
        seen[slug] += 1
    return found
