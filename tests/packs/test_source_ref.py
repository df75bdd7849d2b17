"""Which facts may be printed plainly."""

from __future__ import annotations

import pytest
from ovoo_packs import SourceRef
from ovoo_packs.source_ref import Mark


@pytest.mark.parametrize(
    ("mark", "note", "expected"),
    [
        ("S", "", False),
        ("S", "two copies agree", False),
        ("S", "may be revised, verify", True),
        ("S", "Conflict: two texts", True),
        ("S", "single source", True),
        ("M", "", True),
        ("I", "", True),
        ("X", "", True),
    ],
)
def test_only_seen_facts_without_caveat_are_plain(mark: Mark, note: str, expected: bool) -> None:
    assert SourceRef("text", "edition", None, None, mark, note).reference_only is expected


def test_validity_period_is_inclusive() -> None:
    source = SourceRef("text", "edition", "2024-01-01", "2024-12-31", "S")

    assert [source.in_force(day) for day in ("2023-12-31", "2024-01-01", "2024-12-31", "2025-01-01")] == [
        False,
        True,
        True,
        False,
    ]
    assert SourceRef("text", "edition", None, None, "S").in_force("1900-01-01")
