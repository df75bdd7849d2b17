"""Documents that the demo's people bring: real PDF, PNG and xlsx files of one page that say they are made up."""

from __future__ import annotations

import io
import pathlib
import tempfile
from functools import cache
from typing import Final, Literal

import openpyxl
import typst
from ovoo_cloud.reports.fonts import font_folder

from scripts.demo.place import DemoPlant

__all__ = ["paper"]

_WORDS: Final = "演示用文件（虚构）：不是任何企业的真实资料。Made up for the demonstration."


def paper(name: str, plant: DemoPlant) -> bytes:
    """The document of this name; its kind is the end of the name (`.pdf`, `.png` or `.xlsx`)."""
    kind = pathlib.PurePath(name).suffix
    return _sheet(name, plant) if kind == ".xlsx" else _page(name, plant, "png" if kind == ".png" else "pdf")


def _sheet(name: str, plant: DemoPlant) -> bytes:
    book = openpyxl.Workbook()
    for row in ((name,), (plant.name_zh, plant.name_en), (_WORDS,)):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _page(name: str, plant: DemoPlant, kind: Literal["pdf", "png"]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "page.typ"
        lines = (f"= {name}", f"{plant.name_zh} {plant.name_en}", _WORDS)
        source.write_text('#set text(font: "Noto Sans SC")\n' + "\n\n".join(lines), encoding="utf-8")
        compiler = typst.Compiler(root=folder, font_paths=_fonts())
        made = compiler.compile(input=str(source), format=kind, ppi=72 if kind == "png" else None)
    assert isinstance(made, bytes)
    return made


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_folder())])
