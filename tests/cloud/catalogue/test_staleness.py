"""When a signal's newest sample says nothing of the present, by the way in which the signal is sent."""

from __future__ import annotations

import pytest
from ovoo_cloud.catalogue.signals import minute_figure, stale_after_s
from ovoo_cloud.catalogue.tables import SignalRecord


def record(uplink: str, period_s: float = 1.0, measurement: str = "telemetry") -> SignalRecord:
    return SignalRecord(address="e/s/a/l/x/power", uplink=uplink, period_s=period_s, measurement=measurement)


@pytest.mark.parametrize(
    ("uplink", "period_s", "seconds"),
    [
        ("raw", 1.0, 60.0),
        ("raw", 60.0, 300.0),
        ("on_change", 1.0, 1200.0),
        ("aggregate_1m", 1.0, 300.0),
        ("aggregate_1m", 600.0, 3000.0),
    ],
)
def test_a_signal_is_stale_when_its_next_sample_is_overdue(uplink: str, period_s: float, seconds: float) -> None:
    assert stale_after_s(record(uplink, period_s)) == seconds


def test_only_a_measured_signal_that_is_sent_as_figures_has_them() -> None:
    assert minute_figure(record("aggregate_1m"), "last") == "e/s/a/l/x/power_1m_last"
    assert minute_figure(record("raw"), "last") is None
    assert minute_figure(record("aggregate_1m", measurement="telemetry_1m"), "last") is None
