"""PNG of a picture, through typst where it is installed: the only place of this package that knows it."""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path

from ovoo_contract.errors import ConfigError, ReportError

__all__ = ["png"]

_PAGE = '#set page(width: auto, height: auto, margin: 2pt, fill: white)\n#image("picture.svg")\n'


def png(svg: str, *, ppi: float = 200.0, fonts: Path | None = None) -> bytes:
    """The picture, drawn with the palette `PRINT`, as PNG.

    Args:
        svg: the document.
        ppi: dots an inch.
        fonts: folder of fonts that hold Chinese; else those of the system.

    Raises:
        ConfigError: typst is not installed.
        ReportError: typst refuses the picture.
    """
    try:
        typst = importlib.import_module("typst")
    except ImportError as error:
        raise ConfigError(
            "PNG needs typst", code="plots.png_needs_typst", offender="--png",
            remedy="install typst (it comes with ovoo-cloud), or use the SVG",
        ) from error  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "picture.svg").write_text(svg, encoding="utf-8")
        (root / "picture.typ").write_text(_PAGE, encoding="utf-8")
        found = typst.Fonts(
            include_system_fonts=fonts is None, include_embedded_fonts=False, font_paths=[str(fonts)] if fonts else []
        )
        try:
            made = typst.Compiler(root=str(root), font_paths=found).compile(
                input=str(root / "picture.typ"), format="png", timestamp=0, ppi=ppi
            )
        except typst.TypstError as error:
            raise ReportError(
                "typst refuses the picture", code="plots.typst_refuses_picture", offender="picture.svg",
                value=error.message,
            ) from error  # fmt: skip
    return bytes(made)
