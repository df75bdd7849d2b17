"""Frozen boundary vectors: the oracle still says the same, and the product scores every one of them exactly."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ovoo_packs import framework_names, load_framework
from ovoo_packs.compiler.cli import main
from ovoo_packs.compiler.problems import Problems
from ovoo_packs.compiler.vectors import VectorSet, check_vectors, stored_vectors

from tests.packs.frameworks.make_vectors import MAKERS, VECTORS, dumped


def test_every_framework_has_its_vectors() -> None:
    assert {path.name for path in VECTORS.iterdir()} == set(framework_names()) == set(MAKERS)


@pytest.mark.parametrize("name", MAKERS)
def test_two_hundred_vectors_score_exactly(name: str) -> None:
    problems = Problems()

    count = check_vectors(load_framework(name), stored_vectors(VECTORS / name), problems)

    assert not problems.found
    assert count >= 200


@pytest.mark.parametrize("name", MAKERS)
def test_the_frozen_expectations_are_those_of_the_oracle(name: str) -> None:
    frozen = (VECTORS / name / "boundaries.json").read_text(encoding="utf-8")

    assert dumped(name) == frozen, (
        "run: .venv/bin/python -m tests.packs.frameworks.make_vectors and read the difference"
    )


def test_ratios_at_and_beside_every_bracket_are_among_them() -> None:
    made = json.loads((VECTORS / "sme_2024" / "boundaries.json").read_text(encoding="utf-8"))["vectors"]

    shares = {each["answers"]["equipment_networked"]["low"] for each in made if each["id"].startswith("ratio-0")
              and "equipment_networked" in each["answers"]}  # fmt: skip
    for edge in (10, 20, 40, 60):
        assert {f"{edge * 10**6 + shift}/{10**8}" for shift in (-1, 0, 1)} <= shares


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"total": ["0', '"total": ["9', "total comes out otherwise"),
        ('"from": "工信厅', '"form": "工信厅', "not a vector"),
        ('"level": [0, 0]', '"level": [0, 1]', "level comes out otherwise"),
        ('"id": "total-001"', '"id": "range-002"', "duplicate id"),
        ('"low": "0"', '"low": {}', "not a range"),
    ],
)
def test_a_vector_that_does_not_hold_is_named_with_its_line(
    tmp_path: pathlib.Path, old: str, new: str, words: str
) -> None:
    text = (VECTORS / "sme_2022" / "boundaries.json").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "boundaries.json").write_text(text.replace(old, new, 1), encoding="utf-8")
    problems = Problems()

    check_vectors(load_framework("sme_2022"), stored_vectors(tmp_path), problems)

    line = text[: text.index(old)].count("\n") + 1
    faults = [str(each) for each in problems.found]
    assert any(words in fault for fault in faults), faults
    assert any(f"boundaries.json:{line} " in fault or f"boundaries.json:{line + 1} " in fault for fault in faults)


def test_answers_that_nobody_can_read_are_a_fault_not_a_crash() -> None:
    place = stored_vectors(VECTORS / "sme_2024")[0].places[0]
    hopeless: list[dict[str, Any]] = [
        {"id": "a", "from": "x", "expect": {"total": [1, 1]}, "answers": {"funding": 3}},
        {"id": "b", "from": "x", "expect": {"total": [1, 1]}, "answers": {"funding": {"low": "1"}}},
        {"id": "c", "from": "x", "expect": {"total": [1, 1]}, "answers": {"network_build": {"sure": 1}}},
        {"id": "d", "from": "x", "expect": {"total": "1"}, "answers": {}},
        {"id": "e", "from": "x", "expect": {"refused": "never"}, "answers": {}},
        {"id": "f", "from": "x", "expect": {"total": [1, 1]}, "base": "absent"},
        {"id": "g"},
    ]
    problems = Problems()

    check_vectors(load_framework("sme_2024"), [VectorSet({}, hopeless, [place] * len(hopeless))], problems)

    assert {str(each).split(" vector ")[1][0] for each in problems.found} == set("abcdefg")


def test_the_command_runs_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vectors", "--check"]) == 0

    assert capsys.readouterr().out.count("vectors hold") == len(framework_names())
