"""`python -m tests.system.chaos run|summary`: rounds of drawn faults against a collector, and the sum of their results.

Exit codes: 0 every round holds; 1 a round does not hold or failed; 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from tests.system.chaos import results
from tests.system.chaos.collector import Collector
from tests.system.chaos.dice import Dice
from tests.system.chaos.round import RoundPlan, run_round

_ROOT = pathlib.Path(__file__).resolve().parents[3]
_RESULTS = _ROOT / "benchmarks" / "results" / "chaos"


def main() -> int:
    """Runs the verb of the command line."""
    signal.signal(signal.SIGTERM, _end)
    options = _parser().parse_args()
    run = cast(Callable[[argparse.Namespace], int], options.run)
    return run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.system.chaos", description="Chaos harness.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    run = verbs.add_parser("run", help="rounds until so many faults were struck; goes on where an earlier run ended")
    run.add_argument("--faults", type=int, default=50, help="of all rounds of this seed together (default 50)")
    run.add_argument("--seed", type=int, default=1, help="default 1")
    run.add_argument("--per-round", type=int, default=50, help="faults in a round (default 50)")
    run.add_argument("--only-round", type=int, help="this round alone, again, without writing a result")
    run.add_argument("--collector", default="tests.system.chaos.ovoo:OvooCollector", help="module:class of the plug-in")
    run.add_argument("--results", type=pathlib.Path, help="file of JSON lines (default: in benchmarks/results/chaos)")
    run.add_argument("--keep", type=pathlib.Path, help="keeps the folders of failed rounds here")
    run.set_defaults(run=_run)
    total = verbs.add_parser("summary", help="adds the committed results up")
    total.add_argument("--folder", type=pathlib.Path, default=_RESULTS, help="of the results")
    total.set_defaults(run=_summary)
    return parser


def _run(options: argparse.Namespace) -> int:
    path = options.results or _RESULTS / f"seed-{options.seed}.jsonl"
    if options.only_round is not None:
        return int(not _round(options, options.only_round, None)["holds"])
    failed = idle = False
    while (left := options.faults - sum(results.done_rounds(path, options.seed).values())) > 0:
        number = max(results.done_rounds(path, options.seed), default=-1) + 1
        line = _round(options, number, min(left, options.per_round))
        results.append(path, line)
        failed = failed or not line["holds"]
        if idle and not line["faults"]:
            return 1  # nothing was struck twice in a row: going on would never end
        idle = not line["faults"]
    return int(failed)


def _round(options: argparse.Namespace, number: int, faults: int | None) -> dict[str, Any]:
    """Runs a round and gives its line."""
    plan = RoundPlan(_seed_of(options.seed, number), faults or options.per_round)
    head = {
        "seed": options.seed,
        "round": number,
        "collector": options.collector.rpartition(":")[2],
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": results.commit_of(_ROOT),
    }
    with tempfile.TemporaryDirectory(prefix="ovoo-chaos-") as name:
        line = head | _attempt(pathlib.Path(name), options.collector, plan)
        print(json.dumps(line, ensure_ascii=False, sort_keys=True), flush=True)
        if not line["holds"] and options.keep:
            shutil.copytree(name, options.keep / f"seed-{options.seed}-round-{number}", dirs_exist_ok=True)
    return line


def _attempt(folder: pathlib.Path, collector: str, plan: RoundPlan) -> dict[str, Any]:
    try:
        result = run_round(folder, _plug_in(collector), plan)
    except Exception as error:  # whatever a part did: it is the round's result
        traceback.print_exc()
        zeros = dict.fromkeys(
            ("faults", "emitted", "stored", "suppressed", "lost_listed", "lost_within", "lost_unlisted"), 0
        )
        failure = f"{type(error).__name__}: {error}"[:2000]
        return {**zeros, "duplicated": 0, "mismatched": 0, "by_kind": {}, "holds": False, "failure": failure}
    for text in result.audit.differences[:40]:
        print(text, file=sys.stderr)
    return result.line()


def _plug_in(name: str) -> Collector:
    module, _, attribute = name.partition(":")
    return cast(Collector, getattr(importlib.import_module(module), attribute)())


def _seed_of(seed: int, number: int) -> int:
    """Rounds of one seed are independent of each other, so that each can be run alone."""
    return Dice(seed * 1_000_003 + number).word()


def _summary(options: argparse.Namespace) -> int:
    print(json.dumps(results.summary(results.read_all(options.folder)), indent=1))
    return 0


def _end(number: int, _frame: object) -> None:
    """A SIGTERM takes everything down that was started."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
