"""The report as one HTML file that needs nothing beside it: headings, words, and the pictures inline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

__all__ = ["Drawing", "Section", "html_page"]

_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{max-width:52rem;margin:2rem auto;padding:0 1rem;font-family:'Noto Sans SC',sans-serif;line-height:1.5}"
    "pre{overflow-x:auto;padding:.7rem;border:1px solid #8884;font-family:'Noto Sans Mono',monospace;font-size:.85rem}"
    "figure{margin:1rem 0}@media print{pre{white-space:pre-wrap}figure{break-inside:avoid}}"
)
_LANGUAGE: Final = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with lines of words under it; without a heading the lines are a paragraph."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG document as this package draws it: it has its title, and no ids that could meet those of another."""

    svg: str


def html_page(title: str, blocks: Sequence[Section | Drawing], language: str) -> str:
    """The whole page; words are escaped, nothing is loaded from elsewhere.

    >>> "<pre>5 &lt; 6</pre>" in html_page("t", [Section("h", ("5 < 6",))], "en")
    True
    """
    body = "\n".join(_block(each) for each in blocks)
    return (
        f'<!doctype html>\n<html lang="{_LANGUAGE[language]}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def _block(block: Section | Drawing) -> str:
    if isinstance(block, Drawing):
        return f"<figure>{block.svg}</figure>"
    words = escape("\n".join(block.lines), quote=False)
    return f"<h2>{escape(block.heading)}</h2>\n<pre>{words}</pre>" if block.heading else f"<p>{words}</p>"
