"""New baselines for many meters at once, on a few processes; the answers do not depend on how many."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from ovoo_contract.errors import ConfigError, EvidenceError

from ovoo_models.efficiency.savings.change_point import Settings, fit
from ovoo_models.efficiency.savings.inspection import Fault, Limits, inspect
from ovoo_models.efficiency.savings.observations import Observations
from ovoo_models.efficiency.savings.uncertainty import Fitness, fitness, gaps_of

__all__ = ["Outcome", "rebaseline", "rebaseline_one"]

_CHUNK = 32


@dataclass(frozen=True, slots=True)
class Outcome:
    """The new baseline of one meter, or why there is none (`refused`); `faults` are what the inspection found."""

    meter: str
    split: str
    kinds: Mapping[str, str]
    coefficients: Mapping[str, Mapping[str, float]]
    fit: Fitness | None
    faults: tuple[Fault, ...]
    refused: str


def rebaseline_one(
    meter: str, load: Callable[[str], Observations], settings: Settings | None = None, limits: Limits | None = None
) -> Outcome:
    """Loads, inspects and fits one meter; what is wrong with it is in the outcome, not raised."""
    settings = settings or Settings()
    faults: tuple[Fault, ...] = ()
    try:
        data = load(meter)
        found = inspect(data, settings.names, limits)
        faults = found.faults
        found.refuse(meter)
        model = fit(data, settings, found.used)
        gaps = gaps_of([data.time_ns[i] for i in model.used], data.step_ns)
        fit_ = fitness([data.energy[i] for i in model.used], model.fitted, gaps, model.terms)
    except EvidenceError as error:
        return Outcome(meter, "", {}, {}, None, faults, str(error))
    return Outcome(meter, model.split, model.kinds(), model.named(), fit_, faults, "")


def rebaseline(
    meters: Sequence[str],
    load: Callable[[str], Observations],
    settings: Settings | None = None,
    limits: Limits | None = None,
    processes: int = 2,
) -> list[Outcome]:
    """Outcomes in the order of `meters`.

    `load` gives a meter's observations by name; it runs in the processes, so it is a function of a module. With one
    process everything runs here. ConfigError for fewer than one process or a meter named twice.
    """
    if processes < 1:
        raise ConfigError(
            "no process to work in", code="savings.no_process_to_work_in", offender="processes", value=processes,
            remedy="1 or more",
        )  # fmt: skip
    if len(set(meters)) < len(meters):
        twice = next(name for name in meters if meters.count(name) > 1)
        raise ConfigError("a meter is named twice", code="savings.meter_named_twice", offender="meters", value=twice)
    one = partial(rebaseline_one, load=load, settings=settings, limits=limits)
    if processes == 1 or len(meters) <= _CHUNK:
        return [one(name) for name in meters]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(one, meters, chunksize=_CHUNK))
