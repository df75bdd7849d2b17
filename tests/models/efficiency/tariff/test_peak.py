"""Peak demand from metered intervals."""

from __future__ import annotations

import math
from array import array
from decimal import Decimal

import pytest
from ovoo_contract.errors import ConfigError, EvidenceError
from ovoo_models.efficiency.tariff.intervals import HOUR_NS, QUARTER_NS, Intervals
from ovoo_models.efficiency.tariff.peak import peak_demand


def test_shorter_intervals_make_up_windows_and_are_shared_out_where_they_cross() -> None:
    minutes = Intervals.regular(0, HOUR_NS // 12, [1.0] * 6 + [3.0] * 6)
    assert peak_demand(minutes, 0, HOUR_NS).power_kw == 36
    tens = Intervals.regular(0, HOUR_NS // 6, [1.0, 4.0, 1.0])
    assert peak_demand(tens, 0, 2 * QUARTER_NS).power_kw == Decimal(12)


def test_a_window_with_a_missing_reading_is_unknown() -> None:
    found = peak_demand(Intervals.regular(0, QUARTER_NS, [1.0, math.nan, 2.0]), 0, 3 * QUARTER_NS)
    assert (found.power_kw, found.windows, found.unknown) == (Decimal(8), 2, 1)


def test_the_first_of_equal_peaks_is_named() -> None:
    assert peak_demand(Intervals.regular(0, QUARTER_NS, [1.0, 2.0, 2.0]), 0, 3 * QUARTER_NS).start_ns == QUARTER_NS


def test_hourly_readings_do_not_tell_a_quarter_hours_peak() -> None:
    with pytest.raises(ConfigError, match="longer than the demand window"):
        peak_demand(Intervals.regular(0, HOUR_NS, [1.0]), 0, HOUR_NS)


def test_rows_out_of_order_are_no_peak() -> None:
    with pytest.raises(EvidenceError, match="rows overlap or go back"):
        peak_demand(Intervals(array("q", [9, 0]), array("q", [18, 9]), array("d", [1.0, 2.0])), 0, QUARTER_NS)


def test_no_full_window_is_no_peak() -> None:
    with pytest.raises(EvidenceError, match="no full demand window"):
        peak_demand(Intervals.regular(0, QUARTER_NS, [math.nan]), 0, QUARTER_NS)
