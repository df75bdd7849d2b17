"""What the tutorial of the meter export shows is what the commands print, in both languages."""

from __future__ import annotations

import pathlib
import shlex
from collections.abc import Iterator

import pytest
from ovoo_models.cli import main

from tests.docs.markdown import ROOT, code_blocks

NAME = "meter-export-to-saving.md"
PAGES = [ROOT / "docs" / "tutorials" / NAME, ROOT / "docs" / "zh" / "tutorials" / NAME]


def steps(page: pathlib.Path) -> Iterator[tuple[str, str]]:
    """(command or file, what the page shows after it or nothing)."""
    blocks = code_blocks(page.read_text(encoding="utf-8"))
    for place, (kind, body) in enumerate(blocks):
        after = blocks[place + 1] if place + 1 < len(blocks) else ("", "")
        if kind in ("sh", "json"):
            yield body, after[1] if kind == "sh" and after[0] == "text" else ""


@pytest.mark.parametrize("page", PAGES, ids=["en", "zh"])
def test_every_command_prints_what_the_page_shows(
    page: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shown_any = 0
    for command, shown in steps(page):
        if command.startswith("{"):
            (tmp_path / "prices.json").write_text(command, encoding="utf-8")
            continue
        words = shlex.split(command)
        if ">" in words:
            words = words[: words.index(">")]
        assert main(words[1:]) == 0, command
        printed = capsys.readouterr()
        if shown:
            shown_any += 1
            assert printed.err + printed.out == shown, command
    assert shown_any == 9
