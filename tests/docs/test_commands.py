"""Commands in the documentation exist, with the verbs and options they are shown with."""

from __future__ import annotations

import functools
import pathlib
import re

import pytest

from scripts.doc_pages.commands import PROGRAMS, helps
from tests.docs.markdown import ROOT, code_blocks, files

PAGES = [page for page in files() if page.name != "cli.md"]
_CALL = re.compile(rf"(?<![\w/-])({'|'.join(PROGRAMS)})((?: +[^\n|&;)#<>]+)?)")


@functools.cache
def _helps(program: str) -> dict[tuple[str, ...], str]:
    return dict(helps(program))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_shown_has_its_verb_and_options(page: pathlib.Path) -> None:
    text = page.read_text(encoding="utf-8")
    wrong = []
    for kind, block in code_blocks(text):
        if kind not in ("", "sh", "bash"):
            continue
        for program, rest in _CALL.findall(block.replace("\\\n", " ")):
            if (mistake := _mistake(program, rest.split())) is not None:
                wrong.append(mistake)
    assert wrong == []


def _mistake(program: str, words: list[str]) -> str | None:
    known = _helps(program)
    verbs: tuple[str, ...] = ()
    while len(verbs) < len(words) and (*verbs, words[len(verbs)]) in known:
        verbs = (*verbs, words[len(verbs)])
    if words and not verbs and re.fullmatch(r"[a-z]{3,}", words[0]):
        return f"{program} {words[0]}: no such verb"
    options = [word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)]
    unknown = [option for option in options if option not in known[verbs]]
    return f"{program} {' '.join(verbs)}: no option {unknown}" if unknown else None
