"""Options of the energy commands that write a picture: SVG for screens, or PNG where typst is installed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from ovoo_contract.errors import ConfigError

from ovoo_models.efficiency.readings.options import zone_named
from ovoo_models.plot import Look
from ovoo_models.svg import PRINT

__all__ = ["Picture", "add_picture", "add_png", "save_both", "save_picture", "write_picture"]

Picture = Callable[[Look], str]
"""Draws a document in a look."""


def add_picture(parser: argparse.ArgumentParser, what: str) -> None:
    """`--out` of one picture, and the fonts of a PNG."""
    parser.add_argument("--out", type=Path, default=None, help=f"write {what}: .svg, or .png where typst is installed")
    add_png(parser)


def add_png(parser: argparse.ArgumentParser) -> None:
    """Whether a PNG is written beside an SVG, and its fonts."""
    parser.add_argument("--png", action="store_true", help="a .png beside each .svg, where typst is installed")
    parser.add_argument("--fonts", type=Path, default=None, help="folder of fonts for PNG (default: of the system)")


def write_picture(options: argparse.Namespace, picture: Picture) -> None:
    """Writes the picture of `--out` in the language and zone of the options."""
    save_both(options, options.out, picture)


def save_both(options: argparse.Namespace, path: Path, picture: Picture) -> None:
    """The picture under its name, and where `--png` asks for it as PNG beside."""
    for each in dict.fromkeys([path, path.with_suffix(".png")] if options.png else [path]):
        save_picture(each, picture, options.language, options.zone, options.fonts)


def save_picture(path: Path, picture: Picture, language: str, zone: str, fonts: Path | None = None) -> None:
    """The form follows the name.

    Raises:
        ConfigError: neither .svg nor .png, or typst is not installed.
    """
    look = Look(language, zone=zone_named(zone))
    if path.suffix == ".svg":
        path.write_text(picture(look), encoding="utf-8")
    elif path.suffix == ".png":
        from ovoo_models.efficiency.plots.png import png

        path.write_bytes(png(picture(Look(language, zone=look.zone, palette=PRINT)), fonts=fonts))
    else:
        raise ConfigError(
            "no such form", code="pictures.no_such_form", offender="--out", value=str(path),
            remedy="name.svg or name.png",
        )  # fmt: skip
