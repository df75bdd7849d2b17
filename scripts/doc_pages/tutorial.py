"""Writes the outputs of the meter tutorial anew, from its own commands; a test of the page compares them."""

from __future__ import annotations

import contextlib
import io
import os
import pathlib
import re
import shlex
import tempfile

from ovoo_models.cli import main as ovoo_models

__all__ = ["filled", "main"]

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_PAGES = ("docs/tutorials/meter-export-to-saving.md", "docs/zh/tutorials/meter-export-to-saving.md")
_STEP = re.compile(r"```sh\n(.*?)```(\n\n```text\n.*?```)?", re.DOTALL)


def filled(page: str) -> str:
    """The page with what its commands print now; run in the present folder, which they write into."""
    prices = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    if prices is not None:
        pathlib.Path("prices.json").write_text(prices[1], encoding="utf-8")
    return _STEP.sub(_run, page)


def _run(step: re.Match[str]) -> str:
    words = shlex.split(step[1])
    words = words[1 : words.index(">")] if ">" in words else words[1:]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = ovoo_models(words)
    if code:
        raise SystemExit(f"{step[1]}{err.getvalue()}")
    shown = f"\n\n```text\n{err.getvalue()}{out.getvalue()}```" if step[2] else ""
    return f"```sh\n{step[1]}```{shown}"


def main() -> None:
    """Both pages."""
    for name in _PAGES:
        path = _ROOT / name
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            path.write_text(filled(path.read_text("utf-8")), encoding="utf-8")
            os.chdir(_ROOT)


if __name__ == "__main__":
    main()
