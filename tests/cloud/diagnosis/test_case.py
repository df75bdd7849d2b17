"""Intake errors name file, line, value and remedy, all together."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from ovoo_cloud.diagnosis.answers import check_names
from ovoo_cloud.diagnosis.case import load_case, parse_case
from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_packs import load_framework

from tests.cloud.diagnosis import mine


def write(tmp_path: Path, *, old: str, new: str) -> Path:
    text = mine.EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "case.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_example_reads_and_fits_its_framework() -> None:
    case = mine.case()

    check_names(case, load_framework(case.framework))
    assert case.end_ns - case.start_ns == 35 * 86_400_000_000_000
    assert case.products[0].output == Decimal(98500)
    assert case.profile.name.en == "Heishan Coal Co."


def test_the_plain_form_rebuilds_the_case() -> None:
    case = mine.case()

    assert parse_case(case.raw) == case


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("sector: coal_mine", "sector: coal", 10, "value is not in the list"),
        ("start: 2026-05-01", "start: May 1", 6, "not a date"),
        ("end: 2026-06-05", "end: 2026-04-05", 6, "window ends before it starts"),
        ("Asia/Shanghai", "Asia/Ordos", 6, "unknown time zone"),
        ("staff: 420", "staff: many", 13, "not a number"),
        ("staff: 420", "staf: 420", 13, "unknown key"),
        ("output: 98500", "output: -1", 21, "not a number"),
        ("asset: heishan/ventilation/main/fan1", "asset: fan1", 27, "not an asset path"),
        ("asset: heishan/ventilation/main/fan1", "asset: heishan/A B/main/fan1", 27, "not an asset path"),
        ("id: comp1", "id: fan1", 26, "used twice"),
        ("{direction: flat, ", "{direction: sideways, ", 51, "value is not in the list"),
        ("rules: {options: [workflow, operations], ", "rules: {", 48, "one form of answer"),
        ("product_design: {level: 0, ", "product_design: {level: 5, ", 58, "no such level"),
        ("product_design: {level: 0, class: declared}", "product_design: {level: 0, class: verified}", 58, "verified"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    path = write(tmp_path, old=old, new=new)

    with pytest.raises(ConfigErrors) as caught:
        load_case(path)

    assert message in str(caught.value)
    assert f"case.yaml:{line} " in str(caught.value)
    assert all(error.remedy for error in caught.value.errors)


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    path = write(tmp_path, old="staff: 420\n", new="staff: many\n  colour: red\n")

    with pytest.raises(ConfigErrors) as caught:
        load_case(path)

    assert len(caught.value.errors) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [("a: [1", "not valid YAML"), ("- 1\n", "no sections"), ("", "no sections"), (b"\xd6\xd0", "cannot read")],
    ids=["broken", "list", "empty", "GBK"],
)
def test_a_file_that_is_no_intake_is_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "case.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(ConfigError, match=message):
        load_case(path)


@pytest.mark.parametrize(
    ("old", "new", "offender"),
    [
        ("network_build: {", "network_built: {", "answers.network_built"),
        ("options: [step_3]", "options: [step_9]", "answers.awareness.options"),
        ("funding: {ratio: 0.012", "funding: {options: [a]", "answers.funding"),
        ("  office: {", "  canteen: {", "scenes.canteen"),
    ],
)
def test_answers_the_framework_does_not_have_are_refused(tmp_path: Path, old: str, new: str, offender: str) -> None:
    case = load_case(write(tmp_path, old=old, new=new))

    with pytest.raises(ConfigErrors) as caught:
        check_names(case, load_framework(case.framework))

    assert offender in str(caught.value)
