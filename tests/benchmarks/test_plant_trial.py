"""How findings and faults of the simulated plants are compared."""

from __future__ import annotations

from ovoo_contract.address import AssetAddress
from ovoo_contract.findings import Finding
from ovoo_simulator.faults import Fault

from benchmarks.plant_trial import Trial, judge, run_trial

HOUR = 3_600_000_000_000
PUMP = AssetAddress("e", "s", "drainage", "main", "pump1")


def fault(start_h: float, end_h: float) -> Fault:
    return Fault("leak", PUMP.path, "", round(start_h * HOUR), round(end_h * HOUR), 0.1, ("flow",))


def finding(start_h: float, end_h: float, asset: AssetAddress = PUMP) -> Finding:
    return Finding("anomaly.multivariate", "warning", asset, round(start_h * HOUR), round(end_h * HOUR), model="m")


def test_the_delay_ends_when_the_finding_is_told_not_where_its_window_begins() -> None:
    found = finding(11, 20)

    seen, false = judge([found], [fault(10, 20)], {found.id: 12 * HOUR})

    assert [delay for _, delay in seen] == [7200.0]
    assert not false


def test_what_began_before_the_fault_is_false_and_what_is_told_after_the_repair_is_missed() -> None:
    early, late = finding(9, 30), finding(19, 21)

    seen, false = judge([early, late], [fault(10, 20)], {early.id: 9 * HOUR, late.id: 21 * HOUR})

    assert [delay for _, delay in seen] == [None]
    assert false == [early]


def test_a_finding_on_another_machine_explains_nothing() -> None:
    other = finding(11, 12, AssetAddress("e", "s", "drainage", "main", "pump2"))

    seen, false = judge([other], [fault(10, 20)], {other.id: 11 * HOUR})

    assert [delay for _, delay in seen] == [None]
    assert false == [other]


def test_a_trial_is_a_function_of_its_seed() -> None:
    trial = Trial("dairy", 3, 4, 3, 300)

    assert run_trial(trial) == run_trial(trial)
