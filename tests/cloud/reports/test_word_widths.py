"""Columns of a Word table are as wide as their longest word where the others have room to give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.reports.word_table import PADDING_CM, Cells
from ovoo_cloud.reports.word_widths import column_widths

_WORDS = st.text(alphabet="abcdefgh 等级分", max_size=30)


def _table(*heads: str) -> list[Cells]:
    return [Cells([list(heads)], 8, bold=True, head=True)]


def test_a_narrow_column_takes_the_room_of_its_longest_word_from_the_wide_one() -> None:
    narrow, wide = column_widths(_table("Reviewer", "Why"), [1, 19], 16.2)

    assert narrow > 1.3 > 16.2 / 20
    assert narrow + wide == pytest.approx(16.2)


def test_columns_with_room_for_their_words_stay_as_the_report_asked() -> None:
    assert column_widths(_table("Item", "Answer"), [1, 2], 15.0) == pytest.approx([5.0, 10.0])


def test_chinese_words_may_break_at_every_sign_and_need_no_more() -> None:
    assert column_widths(_table("数字化转型诊断报告评审专家", "说明"), [1, 9], 16.0) == pytest.approx([1.6, 14.4])


def test_an_identifier_longer_than_any_column_may_break() -> None:
    first, second = column_widths(_table("e" * 500, "Why"), [1, 9], 16.0)

    assert first == pytest.approx(2.4 + 2 * PADDING_CM)
    assert second == pytest.approx(16.0 - first)


@given(heads=st.lists(_WORDS, min_size=1, max_size=9), data=st.data())
def test_whatever_the_words_the_widths_fill_the_table_and_none_is_lost(heads: list[str], data: st.DataObject) -> None:
    shares = [data.draw(st.floats(0.1, 10.0)) for _ in heads]

    widths = column_widths(_table(*heads), shares, 16.2)

    assert sum(widths) == pytest.approx(16.2)
    assert all(width > 0 for width in widths)
