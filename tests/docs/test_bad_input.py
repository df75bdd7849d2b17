"""The page of bad inputs names tests that exist, one at least for each row."""

from __future__ import annotations

import re

from tests.docs.markdown import ROOT

PAGE = ROOT / "docs" / "guides" / "bad-input.md"


def test_each_bad_input_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 23))
    for number, row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
        assert named, f"row {number} names no test"
        for path, function in named:
            source = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"^(async )?def {function}\(", source, re.MULTILINE), f"{path}::{function}"
