"""The demo's programs: apart from the terminal, watched, and stopped the youngest first."""

from __future__ import annotations

import pathlib
import sys

import pytest

from scripts.demo.children import ChildFailed, Children

OWN_GROUP = "import os; print(os.getpgrp() == os.getpid())"


def test_the_terminals_interrupt_does_not_reach_a_program(tmp_path: pathlib.Path) -> None:
    with Children(tmp_path) as children:
        children.run("group", [sys.executable, "-c", OWN_GROUP])

    assert (tmp_path / "group.log").read_text(encoding="utf-8") == "True\n"


def test_a_program_that_ends_badly_is_named_with_the_end_of_its_log(tmp_path: pathlib.Path) -> None:
    with Children(tmp_path) as children, pytest.raises(ChildFailed, match="bad ended with code 7:\nlast words"):
        children.run("bad", [sys.executable, "-c", "print('last words'); raise SystemExit(7)"])


def test_leaving_stops_what_still_runs(tmp_path: pathlib.Path) -> None:
    with Children(tmp_path) as children:
        child = children.start("waits", [sys.executable, "-c", "import signal; signal.pause()"])
        assert child.running

    assert not child.running
