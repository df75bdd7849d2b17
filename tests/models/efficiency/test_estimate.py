from __future__ import annotations

import math

import pytest
from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.record import Column, Record, data_hash


def test_the_interval_is_that_of_the_normal_distribution() -> None:
    low, high = Estimate(10.0, 2.0, "kW").interval(0.9)
    inside = 0.5 * (math.erf((high - 10) / 2 / math.sqrt(2)) - math.erf((low - 10) / 2 / math.sqrt(2)))
    assert inside == pytest.approx(0.9, abs=1e-12)


def test_a_loss_of_two_percent_does_not_stand_out_of_a_chain_of_three() -> None:
    assert not Estimate(0.784, 0.03 * 0.784, "1").stands_out_from(0.8)


def test_a_loss_of_ten_percent_does() -> None:
    assert Estimate(0.72, 0.03 * 0.72, "1").stands_out_from(0.8)


def test_an_unknown_value_stands_out_of_nothing() -> None:
    assert not Estimate(math.nan, math.nan, "1").stands_out_from(0.8)


def test_an_unknown_coverage_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"coverage.*0\.5"):
        Estimate(1.0, 1.0, "1").interval(0.5)


def test_equal_records_have_equal_ids_and_another_result_another() -> None:
    column = Column("a", "kWh", data_hash([1, 2], [1.0, math.nan]), 2, 1)
    one = Record("saving", 1, 0, 10, (column,), {"knots": 2}, {"base": "1.5"}, {"saving_kwh": "12"})
    same = Record("saving", 1, 0, 10, (column,), {"knots": 2}, {"base": "1.5"}, {"saving_kwh": "12"})
    other = Record("saving", 1, 0, 10, (column,), {"knots": 2}, {"base": "1.5"}, {"saving_kwh": "13"})
    assert one.id == same.id
    assert one.id != other.id


def test_the_hash_of_data_sees_a_value_and_a_time() -> None:
    plain = data_hash(range(5000), [0.5] * 5000)
    assert plain != data_hash(range(5000), [0.5] * 4999 + [0.6])
    assert plain != data_hash(range(1, 5001), [0.5] * 5000)
