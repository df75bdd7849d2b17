"""A committed result is outdated as soon as what it measured changes, and only then."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

from benchmarks.measured_part import commit_of, digest_of, outdated


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "kernel.py").write_text("SPEED = 1\n")
    (tmp_path / "part" / "README.md").write_text("fast\n")
    (tmp_path / "other.py").write_text("x = 1\n")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "a"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    return tmp_path


def _result(root: pathlib.Path) -> dict[str, object]:
    return {"version": "HEAD", "measured": {"paths": ["part"], "digest": digest_of(root, ["part"])}}


def test_an_unchanged_tree_is_current(checkout: pathlib.Path) -> None:
    assert outdated(checkout, _result(checkout)) == ""


def test_a_change_of_the_measured_code_is_named(checkout: pathlib.Path) -> None:
    result = _result(checkout)

    (checkout / "part" / "kernel.py").write_text("SPEED = 2\n")

    assert "part/kernel.py changed" in outdated(checkout, result)


@pytest.mark.parametrize("path", ["other.py", "part/README.md"])
def test_other_files_and_prose_change_nothing(checkout: pathlib.Path, path: str) -> None:
    result = _result(checkout)

    (checkout / path).write_text("something else\n")

    assert outdated(checkout, result) == ""


def test_a_moved_file_is_a_change(checkout: pathlib.Path) -> None:
    result = _result(checkout)

    subprocess.run(["git", "-C", str(checkout), "mv", "part/kernel.py", "part/core.py"], check=True)

    assert outdated(checkout, result) != ""


def test_a_part_without_code_is_refused(checkout: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="no tracked code"):
        digest_of(checkout, ["nothing"])


def test_a_result_without_measured_part_is_outdated(checkout: pathlib.Path) -> None:
    assert outdated(checkout, {"version": "HEAD"}) == "names no measured part"


def test_a_result_is_of_a_changed_tree_when_code_changed_and_not_when_another_result_was_saved(
    checkout: pathlib.Path,
) -> None:
    results = checkout / "benchmarks" / "results"
    results.mkdir(parents=True)
    (results / "speed.json").write_text("{}\n")
    for command in (["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "b"]):
        subprocess.run(["git", "-C", str(checkout), *command], check=True)

    (results / "speed.json").write_text("{ }\n")
    after_a_result = commit_of(checkout)
    (checkout / "part" / "kernel.py").write_text("SPEED = 3\n")

    assert len(after_a_result) == 12
    assert commit_of(checkout) == f"{after_a_result}-dirty"


def test_outside_a_checkout_the_commit_is_unknown(tmp_path: pathlib.Path) -> None:
    assert commit_of(tmp_path) == "unknown"
