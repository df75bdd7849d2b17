"""Faults of the simulated plants that the packs' models find, how soon, and how often they cry wolf.

For each seed and plant the models learn from two fault-free weeks and then score four weeks with drawn faults, in
process, a row a minute. Constants were developed on seeds 1 to 10; the judged seeds 101 and up were not looked at
before. `--development` runs the former. The headline is `false_alarms_per_signal_day`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ovoo_simulator.faults import DRAWN_KINDS
from ovoo_simulator.plants import PLANTS

from benchmarks import frame
from benchmarks.plant_trial import Outcome, Trial, run_trial

DEVELOPMENT_SEEDS = range(1, 11)
JUDGED_FROM = 101
TRAINING_DAYS, SCORED_DAYS, STEP_S = 14, 28, 60
FOUND_FLOOR, FALSE_CEILING = 0.85, 1.0
MEASURES = ("models/ovoo_models", "packs/ovoo_packs", "simulator/ovoo_simulator", "benchmarks/plant_trial.py")


def measure(options: frame.Options, result: frame.Result) -> int:
    """Runs all trials and reports; 1 where a floor is missed."""
    trials = _trials(options)
    with ProcessPoolExecutor(options.arguments.workers) as pool:
        outcomes = list(pool.map(run_trial, trials))
    _report(outcomes, result)
    values = {row.key: row.value for row in result.rows}
    enough = values["found_share"] >= FOUND_FLOOR and values["false_per_plant_week"] <= FALSE_CEILING
    if options.arguments.list:
        _list(outcomes)
    return 0 if enough or options.quick else 1


def _trials(options: frame.Options) -> list[Trial]:
    days = SCORED_DAYS if not options.quick else 7
    seeds: Sequence[int] = range(JUDGED_FROM, JUDGED_FROM + options.arguments.seeds)
    if options.quick or options.arguments.development:
        seeds = DEVELOPMENT_SEEDS[: 1 if options.quick else None]
    step_s = options.arguments.step_s
    return [Trial(plant, seed, TRAINING_DAYS, days, step_s) for seed in seeds for plant in PLANTS]


def _report(outcomes: Sequence[Outcome], result: frame.Result) -> None:
    faults = [each for outcome in outcomes for each in outcome.faults]
    false = [each for outcome in outcomes for each in outcome.false]
    plant_weeks = sum(outcome.trial.scored_days for outcome in outcomes) / 7
    signal_days = sum(outcome.signals * outcome.trial.scored_days for outcome in outcomes)
    result.add("false_alarms_per_signal_day", len(false) / signal_days, "1/(signal day)")
    result.add("false_per_plant_week", len(false) / plant_weeks, "1/(plant week)")
    result.add("found_share", sum(delay is not None for _, delay in faults) / len(faults), "1")
    near = Counter(kind for each in false for kind in each.nearby)
    for kind in DRAWN_KINDS:
        delays = [delay for fault, delay in faults if fault.kind == kind]
        known = [delay for delay in delays if delay is not None]
        result.add(f"{kind}_found", len(known), "faults")
        result.add(f"{kind}_missed", len(delays) - len(known), "faults")
        if known:
            result.add(f"{kind}_delay_s", statistics.median(known), "s")
        result.add(f"{kind}_false_elsewhere", near[kind], "findings")
    result.add("seeds", len({outcome.trial.seed for outcome in outcomes}), "seeds")
    result.add("faults", len(faults), "faults")
    result.add("false_findings", len(false), "findings")
    result.add("scored_rows", sum(outcome.scored_rows for outcome in outcomes), "rows")
    result.notes += _notes(outcomes)


def _notes(outcomes: Sequence[Outcome]) -> Iterable[str]:
    seeds = sorted({outcome.trial.seed for outcome in outcomes})
    first = outcomes[0].trial
    yield (
        f"seeds {seeds[0]} to {seeds[-1]}, {first.training_days} normal days to learn from, {first.scored_days} days "
        f"scored, a row each {first.step_s} s; delay is the median over what was found"
    )
    for plant in PLANTS:
        own = [outcome for outcome in outcomes if outcome.trial.plant == plant]
        delays = [delay for outcome in own for _, delay in outcome.faults]
        weeks = sum(outcome.trial.scored_days for outcome in own) / 7
        false = sum(len(outcome.false) for outcome in own)
        found = sum(delay is not None for delay in delays)
        yield f"{plant}: {found} of {len(delays)} faults found, {false / weeks:.3g} false findings a week"
    codes = Counter(each.code for outcome in outcomes for each in outcome.false)
    yield "false findings by code: " + (", ".join(f"{code} {n}" for code, n in codes.most_common()) or "none")
    yield "*_false_elsewhere: false findings on other assets of a plant while a fault of the kind was on"


def _list(outcomes: Sequence[Outcome]) -> None:
    """Every miss and every false finding, one a line."""
    for outcome in outcomes:
        head = f"{outcome.trial.plant} seed {outcome.trial.seed}"
        for fault, delay in outcome.faults:
            if delay is None:
                hours = (fault.end_ns - fault.start_ns) / 3.6e12
                print(f"missed {head}: {fault.asset} {fault.kind} {fault.signal} {fault.size:g} {hours:.1f} h")
        for each in outcome.false:
            where = f"{each.asset} {each.code} {each.model}"
            print(f"false {head}: {where} day {each.day:.2f} for {each.hours:.2f} h, {each.signals}")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--development", action="store_true", help="the seeds that constants were chosen on")
    parser.add_argument("--seeds", type=int, default=20, help="judged seeds, from 101 (default 20)")
    parser.add_argument("--step-s", type=int, default=STEP_S, help="distance of samples (default 60)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--list", action="store_true", help="print every miss and every false finding")


if __name__ == "__main__":
    sys.exit(frame.run("simulator_faults", measure, description=__doc__ or "", measures=MEASURES, extra=_arguments))
