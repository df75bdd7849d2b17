"""What cannot be is refused by name; rounding is not."""

from __future__ import annotations

import math

import pytest
from ovoo_contract.errors import EvidenceError
from ovoo_models.efficiency.plausible import no_more_than_one, positive, within


def test_what_can_be_passes() -> None:
    assert within(3.0, 3.0, 4.0, "x", "m") == 3.0
    assert positive(1e-9, "x", "m") == 1e-9
    assert no_more_than_one(1.0 + 4e-15, "x") == 1.0
    assert no_more_than_one(0.0, "x") == 0.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0, 5.0])
def test_what_cannot_be_is_refused_by_name(value: float) -> None:
    with pytest.raises(EvidenceError, match=r"meter: .*got"):
        within(value, 0.0, 4.0, "meter", "m")
    with pytest.raises(EvidenceError, match="meter: "):
        no_more_than_one(value, "meter")
    if value != 5.0:
        with pytest.raises(EvidenceError, match="meter: "):
            positive(value, "meter", "m")
    with pytest.raises(EvidenceError):
        positive(0.0, "meter", "m")
