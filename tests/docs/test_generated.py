"""Generated pages are fresh, and the programs write them the same way each time."""

from __future__ import annotations

import json
import pathlib

from scripts.doc_pages import PAGES, stale
from scripts.doc_pages.commands import PROGRAMS, helps
from scripts.doc_pages.figures import page
from tests.docs.markdown import ROOT


def test_generated_pages_are_fresh() -> None:
    assert stale() == [], "run make docs"


def test_every_generated_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert [path for path in PAGES if f"({path.removeprefix('docs/')})" not in index] == []


def test_every_program_shows_its_verbs() -> None:
    verbs = {program: {" ".join(words) for words, _ in helps(program)} for program in PROGRAMS}

    assert {"", "run", "check", "browse", "status", "replay", "enrol"} <= verbs["ovoo-edge"]
    assert {"init", "serve", "report", "verify", "user add", "token create", "enrol"} <= verbs["ovoo-cloud"]


def test_figures_come_from_results_with_peers_ahead_first(tmp_path: pathlib.Path) -> None:
    machine = {"cpu": "x", "cores": 2, "python": "3.11.7"}
    for name, ratio in (("a_fast", 3.0), ("b_slow", 0.5)):
        rows = [
            {"key": "ours", "value": 12345.6, "unit": "values/s"},
            {"key": "ratio", "value": ratio, "unit": "x"},
        ]
        result = {"benchmark": name, "version": "abc", "machine": machine, "seconds": 1.5, "rows": rows}
        result["notes"] = ["three repeats"]
        (tmp_path / f"{name}.json").write_text(json.dumps(result), encoding="utf-8")

    text = page(tmp_path)

    assert text.index("## b_slow") < text.index("## a_fast")
    assert text.index("| ratio | 0.5 | x |") < text.index("| ours | 12,346 | values/s |")
    assert "* three repeats" in text
    assert "Python 3.11.7, 1.5 s, commit abc." in text
