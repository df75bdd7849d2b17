from __future__ import annotations

import math
import random
from array import array

import pytest
from ovoo_contract.errors import ConfigError, EvidenceError
from ovoo_models.efficiency.savings.observations import Observations
from ovoo_models.efficiency.savings.screening import Candidate, screen

from tests.models.efficiency.savings.meters import meter, times


def plant(**more: array[float]) -> Observations:
    """Energy of production and outdoor temperature, with columns that should be refused."""
    base, rng = meter(), random.Random(5)
    temperature = base.driver("temperature")
    production = array("d", [rng.uniform(50, 150) for _ in range(365)])
    energy = array("d", [y + 2.0 * q for y, q in zip(base.energy, production, strict=True)])
    return Observations(base.time_ns, energy, {"temperature": temperature, "production": production, **more})


TEMPERATURE = Candidate("temperature", "temperature", low=-60.0, high=60.0)
PRODUCTION = Candidate("production", "production", 1, 0.0, 1e6)


def test_driver_and_variable_that_made_the_energy_are_chosen() -> None:
    found = screen(plant(), [TEMPERATURE, PRODUCTION])

    assert set(found.settings.names) == {"temperature", "production"}
    assert found.refused == ()


def column(seed: int, scale: float = 1.0) -> array[float]:
    rng = random.Random(seed)
    return array("d", [scale * rng.gauss(0, 1) for _ in range(365)])


def test_each_refusal_names_its_check_and_the_numbers() -> None:
    data = plant(
        noise=column(1),
        still=array("d", [3.0]) * 365,
        broken=array("d", [math.nan if i % 3 else 1.0 + i for i in range(365)]),
        impossible=column(2, 1000.0),
    )
    twin = array("d", [1.8 * x + 32.0 for x in data.driver("temperature")])
    backwards = array("d", [200.0 - q + 20 * e for q, e in zip(data.driver("production"), column(3), strict=True)])
    data = Observations(data.time_ns, data.energy, {**data.drivers, "fahrenheit": twin, "backwards": backwards})
    candidates = [
        TEMPERATURE, PRODUCTION, Candidate("noise", "load"), Candidate("still", "load"), Candidate("broken", "load"),
        Candidate("impossible", "temperature", low=-60.0, high=60.0), Candidate("fahrenheit", "calendar"),
        Candidate("backwards", "load", 1),
    ]  # fmt: skip

    found = screen(data, candidates)

    checks = {each.name: each.check for each in found.refused}
    assert checks == {
        "noise": "gain", "still": "constant", "broken": "coverage", "impossible": "range", "fahrenheit": "collinear",
        "backwards": "sign",
    }  # fmt: skip
    refusal = found.refusal("fahrenheit")
    assert refusal is not None
    assert refusal.numbers["r2"] == pytest.approx(1.0)
    assert found.refusal("broken").numbers["share"] == pytest.approx(1 / 3, abs=0.01)  # type: ignore[union-attr]
    assert set(found.settings.names) == {"temperature", "production"}


def test_nothing_that_explains_is_an_error_that_names_what_was_refused() -> None:
    data = Observations(times(365), array("d", [100.0 + v for v in column(7)]), {"noise": column(8)})

    with pytest.raises(EvidenceError, match="noise"):
        screen(data, [Candidate("noise", "load")])
    with pytest.raises(EvidenceError, match="no usable variable"):
        screen(Observations(times(365), column(7), {"still": [1.0] * 365}), [Candidate("still", "load")])


def test_unknown_roles_and_empty_ranges_are_refused() -> None:
    with pytest.raises(ConfigError, match="role"):
        Candidate("x", "moon")
    with pytest.raises(ConfigError, match="range"):
        Candidate("x", "load", 1, 5.0, 5.0)
