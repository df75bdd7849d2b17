"""Pages that stand in both languages keep in step."""

from __future__ import annotations

import pathlib
import re

import pytest

from tests.docs.markdown import ROOT, code_blocks, headings, links

PAIRS = [
    (ROOT / "README.md", ROOT / "README.zh-CN.md"),
    *((ROOT / "docs" / path.relative_to(ROOT / "docs" / "zh"), path) for path in (ROOT / "docs" / "zh").rglob("*.md")),
]


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda page: str(page.relative_to(ROOT)))
def test_both_languages_have_the_same_shape_and_code(english: pathlib.Path, chinese: pathlib.Path) -> None:
    one, two = english.read_text(encoding="utf-8"), chinese.read_text(encoding="utf-8")

    assert [level for level, _ in headings(one)] == [level for level, _ in headings(two)]
    for ours, theirs in zip(code_blocks(one), code_blocks(two), strict=True):
        if theirs[0] == "text" and re.search(r"[\u4e00-\u9fff]", theirs[1]) and ours[1] != theirs[1]:
            # what a program printed in each language: word by word another, number by number the same
            assert sorted(_numbers(ours[1])) == sorted(_numbers(theirs[1]))
        else:
            assert _bare(ours) == _bare(theirs)
    assert _pictures(english, one) == _pictures(chinese, two)
    assert one.count("\n|") == two.count("\n|")


def test_the_two_readmes_point_at_each_other() -> None:
    assert "README.zh-CN.md" in links((ROOT / "README.md").read_text(encoding="utf-8"))
    assert "README.md" in links((ROOT / "README.zh-CN.md").read_text(encoding="utf-8"))


def _bare(block: tuple[str, str]) -> tuple[str, str]:
    # comments are translated, and the English page asks for English words
    return block[0], re.sub(r"\s*# .*| --language en", "", block[1])


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+(?:[.,:]\d+)*", text, re.ASCII)


def _pictures(page: pathlib.Path, text: str) -> list[str]:
    # a page may show the console in its own language
    names = [link.replace(".zh.png", ".png") for link in links(text) if link.endswith(".png")]
    return [str((page.parent / name).resolve().relative_to(ROOT)) for name in names]
