"""One web page that needs nothing else: the same words as the PDF, charts inline, no script, nothing loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from typing import Any, Final

from ovoo_cloud.reports.resolve import Resolved

__all__ = ["render_html"]

Block = Mapping[str, Any]
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_LANGUAGE: Final = {"zh": "zh-CN", "en": "en"}


def render_html(document: Resolved, *, number: str, code: str) -> bytes:
    """The report as one UTF-8 page.

    Args:
        document: the resolved document.
        number: report number, in title and foot.
        code: snapshot hash, in the foot.
    """
    cover = document.cover
    title = escape(f"{cover['title']} {cover['enterprise']} {number}")
    style = resources.files("ovoo_cloud.reports").joinpath("report.css").read_text(encoding="utf-8")
    body = "\n".join(_block(document, position, block) for position, block in enumerate(document.blocks))
    return "\n".join(
        [
            f'<!doctype html>\n<html lang="{_LANGUAGE[document.language]}">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>",
            f'<a class="skip" href="#report">{escape(cover["title"])}</a>',
            *_marking(document),
            _cover(document),
            _contents(document),
            f'<main id="report">\n{body}\n</main>',
            f'<footer class="small">{escape(number)}<br>{escape(code)}</footer>\n</body>\n</html>\n',
        ]
    ).encode()


def _marking(document: Resolved) -> Iterator[str]:
    """Stays in sight on the screen, and stands on every page that is printed."""
    words = document.cover["marking"]
    if words:
        place = "position:fixed;top:0;right:0;margin:0;padding:.2rem .6rem;background:#fff"
        yield f'<p class="notice warn" role="note" style="{place}">{escape(words)}</p>'


def _cover(document: Resolved) -> str:
    cover = document.cover
    rows = "".join(f'<tr><th scope="row">{_words(row[0])}</th><td>{_words(row[1])}</td></tr>' for row in cover["rows"])
    code, note = document.charts.get("code", ""), _words(cover["code_note"])
    picture = f"<figure>{code}<figcaption><small>{note}</small></figcaption></figure>" if code else ""
    tone = "status plain" if cover["tone"] == "plain" else "status"
    return (
        f"<header>\n<p>{_words(cover['enterprise'])}</p>\n<h1>{_words(cover['title'])}</h1>\n"
        f'<p class="{tone}">{_words(cover["status"])}</p>\n'
        f'<div class="cover"><table class="plain"><tbody>{rows}</tbody></table>{picture}</div>\n'
        f'<p class="small">{_words(cover["status_note"])}</p>\n</header>'
    )


def _contents(document: Resolved) -> str:
    entries = "".join(
        f'<li><a href="#s{position}">{_heading_words(block)}</a></li>'
        for position, block in enumerate(document.blocks)
        if block["b"] == "heading" and block["level"] == 1
    )
    return f'<nav aria-label="{escape(document.texts["contents"])}"><ol>{entries}</ol></nav>'


def _block(document: Resolved, position: int, block: Block) -> str:
    if block["b"] == "heading":
        level = int(block["level"]) + 1  # the title of the page is the only h1
        return f'<h{level} id="s{position}">{_heading_words(block)}</h{level}>'
    if block["b"] == "chart":
        caption = _words(block["caption"])
        return f"<figure>{document.charts[block['name']]}<figcaption>{caption}</figcaption>{_ids(block)}</figure>"
    return _PLAIN[block["b"]](block)


def _heading_words(block: Block) -> str:
    return f"{block['number']}&#8195;{_words(block['text'])}" if block["number"] else _words(block["text"])


def _para(block: Block) -> str:
    style = f' class="{block["style"]}"' if block["style"] != "body" else ""
    return f"<p{style}>{_words(block['text'])}</p>{_ids(block)}"


def _notice(block: Block) -> str:
    return f'<p class="notice {block["tone"]}" role="note">{_words(block["text"])}</p>'


def _bullets(block: Block) -> str:
    return "<ul>" + "".join(f"<li>{_words(each)}</li>" for each in block["items"]) + "</ul>"


def _cards(block: Block) -> str:
    cards = (
        f"<li><span>{_words(card['label'])}</span><b>{_words(card['value'])}</b><span>{_words(card['note'])}</span></li>"
        for card in block["items"]
    )
    return f'<ul class="cards">{"".join(cards)}</ul>'


def _table(block: Block) -> str:
    kinds = " ".join(kind for kind in ("compact", "plain") if block[kind])
    caption = f"<caption>{_words(block['caption'])}</caption>" if block["caption"] else ""
    aligns = [column["align"] for column in block["columns"]]
    head = "" if block["plain"] else f"<thead><tr>{''.join(_heads(block['columns']))}</tr></thead>"
    rows = "".join(f"<tr>{''.join(_cells(row, aligns))}</tr>" for row in block["rows"])
    note = f'<p class="small">{_words(block["note"])}</p>' if block["note"] else ""
    listing = f'<table class="{kinds}">{caption}{head}<tbody>{rows}</tbody></table>'
    return f'<div class="wide">{listing}</div>{note}{_ids(block)}'


def _heads(columns: Sequence[Mapping[str, str]]) -> Iterator[str]:
    for column in columns:
        yield f'<th scope="col" class="{column["align"]}">{_words(column["text"])}</th>'


def _cells(row: Sequence[str], aligns: Sequence[str]) -> Iterator[str]:
    yield f'<th scope="row" class="{aligns[0]}">{_words(row[0])}</th>'
    for words, align in zip(row[1:], aligns[1:], strict=True):
        yield f'<td class="{align}">{_words(words)}</td>'


def _ids(block: Block) -> str:
    margin = block.get("margin") or []
    return f'<p class="ids">{_words(" ".join(margin))}</p>' if margin else ""


def _words(text: str) -> str:
    return escape(text).replace("\n", "<br>")


_PLAIN: Final[Mapping[str, Callable[[Block], str]]] = {
    "para": _para,
    "notice": _notice,
    "bullets": _bullets,
    "cards": _cards,
    "table": _table,
    "page": lambda _: "",
}
