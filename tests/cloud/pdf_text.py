"""The words of a PDF; reading them takes most of a second, so a file is read once, however many tests ask."""

from __future__ import annotations

import functools
import io
import pathlib

from pypdf import PdfReader


def page_texts(content: bytes | pathlib.Path) -> tuple[str, ...]:
    """The text of each page."""
    return _texts(content if isinstance(content, bytes) else content.read_bytes())


@functools.lru_cache(maxsize=16)
def _texts(content: bytes) -> tuple[str, ...]:
    return tuple(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
