"""Spans of whole hours, written 06-08."""

from __future__ import annotations

import re

__all__ = ["parse_hours"]

_SPAN = re.compile(r"(\d\d)-(\d\d)")


def parse_hours(text: str) -> range | None:
    """The hours that start in the span, or None when it is not a span within 00-24.

    >>> list(parse_hours("22-24"))
    [22, 23]
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    start, end = int(match[1]), int(match[2])
    return range(start, end) if start < end <= 24 else None
