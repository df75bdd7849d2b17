"""Quality codes and flags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract import quality


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        (0, "good"),
        (0x3FFFFFFF, "good"),
        (0x40000000, "uncertain"),
        (0x7FFFFFFF, "uncertain"),
        (0x80000000, "bad"),
        (0xFFFFFFFF, "bad"),
    ],
)
def test_top_two_bits_decide(code: int, severity: str) -> None:
    assert quality.severity(code) == severity
    assert quality.is_good(code) is (severity == "good")


@given(st.integers(0, 2**32 - 1))
def test_flags_never_change_goodness(code: int) -> None:
    assert quality.is_good(code | quality.FLAGS) is quality.is_good(code)
    assert quality.status_code(code | quality.FLAGS) == quality.status_code(code)


def test_flags_are_apart_from_each_other_and_from_real_codes() -> None:
    flags = [quality.TIME_FROM_SERVER, quality.TIME_FROM_RECEIVE, quality.SHIFTED, quality.CLOCK_SUSPECT]

    assert sum(flags) == quality.FLAGS
    for code in (quality.BAD_NO_COMMUNICATION, quality.UNCERTAIN_LAST_USABLE, quality.BAD_OUT_OF_RANGE):
        assert quality.status_code(code | quality.FLAGS) == code


@pytest.mark.parametrize(
    ("code", "zh", "en"),
    [
        (0, "良好", "good"),
        (quality.BAD_NO_COMMUNICATION, "坏值：无通信", "bad: no communication"),
        (quality.SHIFTED, "良好，同一时刻重复，已顺延", "good, moved beside another value of the same time"),
        (0x80AB0000, "坏值 0x80AB0000", "bad 0x80AB0000"),
    ],
)
def test_words_for_people(code: int, zh: str, en: str) -> None:
    assert quality.describe(code) == zh
    assert quality.describe(code, "en") == en
