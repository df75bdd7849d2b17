"""Words of people that go into a report: refused where they are written, not weeks later when it is printed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ovoo_contract.errors import ConfigError, ConfigErrors

from ovoo_cloud.reports.fonts import missing_glyphs

__all__ = ["check_characters"]


def check_characters(where: str, data: Any) -> None:
    """Refuses control characters and whatever the report's font has no glyph for, anywhere in `data`.

    Args:
        where: what people call the place, such as the name of a part.

    Raises:
        ConfigErrors: every such text by its place, with the characters.
    """
    errors = [
        ConfigError(
            "the report font has no glyph",
            offender=place,
            value=", ".join(f"{char!r} U+{ord(char):04X}" for char in strange[:8]),
            remedy="write it differently",
            code="case.no_glyph",
        )
        for place, text in _texts(where, data)
        if (strange := missing_glyphs(text))
    ]
    if errors:
        raise ConfigErrors(errors)


def _texts(place: str, data: Any) -> Iterator[tuple[str, str]]:
    if isinstance(data, str):
        yield place, data
    elif isinstance(data, dict):
        for name, each in data.items():
            yield place, str(name)
            yield from _texts(f"{place}.{name}"[:200], each)
    elif isinstance(data, list):
        for number, each in enumerate(data):
            yield from _texts(f"{place}[{number}]", each)
