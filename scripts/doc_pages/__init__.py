"""The pages of docs/ that are made from the product itself: command lines, settings, errors, benchmark figures."""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Callable, Sequence

from scripts.doc_pages import commands, detectors, errors, figures, frameworks, interoperation, settings

__all__ = ["PAGES", "ROOT", "main", "stale"]

ROOT = pathlib.Path(__file__).resolve().parents[2]

PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/cli.md": commands.page,
    "docs/reference/gateway-settings.md": settings.gateway_page,
    "docs/reference/cloud-settings.md": settings.cloud_page,
    "docs/reference/errors.md": errors.page,
    "docs/reference/interoperation.md": interoperation.page,
    "docs/reference/frameworks.md": frameworks.page,
    "docs/reference/detectors/README.md": detectors.page,
    "docs/benchmarks.md": lambda: figures.page(ROOT / "benchmarks" / "results"),
}


def stale() -> list[str]:
    """Paths of generated pages that differ from what the product says now."""
    return [path for path, make in PAGES.items() if _checkable(path) and _read(path) != make()]


def main(arguments: Sequence[str]) -> int:
    """Writes the pages, or checks them; gives the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/docs", description="Writes the generated pages of docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a page is stale")
    options = parser.parse_args(arguments)
    old = stale()
    for path in old:
        if options.check:
            print(f"{path}: is stale (run make docs)", file=sys.stderr)
        else:
            (ROOT / path).write_text(PAGES[path](), encoding="utf-8")
            print(f"{path}: written")
    return 1 if options.check and old else 0


def _read(path: str) -> str:
    file = ROOT / path
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _checkable(path: str) -> bool:
    # argparse words its help otherwise from Python 3.12 on; the committed page is that of 3.11
    return path != "docs/reference/cli.md" or sys.version_info[:2] == (3, 11)
