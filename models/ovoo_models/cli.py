"""`ovoo-models train | score | compare | promote | card`.

Exit codes: 0 done, 1 something is wrong with the input, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ConfigError, OvooError

from ovoo_models import artifact
from ovoo_models.csv_history import read_csv
from ovoo_models.feedback import Adjustments

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors go to stderr without a traceback."""
    options = _parser().parse_args(arguments)
    try:
        result: int = options.run(options)
    except (OvooError, OSError) as error:
        print(f"ovoo-models: {error}", file=sys.stderr)
        return 1
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ovoo-models", description="Train, run and read the models of an asset.")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    train = verbs.add_parser("train", help="fit the models of a template on a history of normal work")
    train.add_argument("--pack", required=True, help="pack, for instance coal_mine")
    train.add_argument("--template", required=True, help="template within the pack, for instance main_fan")
    train.add_argument("--asset", default="", help="address or path the set is for (default: the template's path)")
    train.add_argument("--out", type=Path, required=True, help="model file to write")
    train.add_argument("--start", default=None, help="ISO time; rows before it are not used")
    train.add_argument("--end", default=None, help="ISO time; rows from it on are not used")
    train.add_argument("--by", default="", help="who trains it, for the card")
    train.add_argument("--feedback", type=Path, default=None, help="verdicts of people: confirmed faults are left out")
    _history(train)
    train.set_defaults(run=_train)
    score = verbs.add_parser("score", help="run a model file over a history and print its findings")
    score.add_argument("model", type=Path, help="model file")
    score.add_argument("--asset", required=True, help="enterprise/site/area/line/asset")
    score.add_argument("--language", choices=("zh", "en"), default="zh", help="of the sentences")
    score.add_argument("--json", action="store_true", help="one JSON object a line")
    score.add_argument("--feedback", type=Path, default=None, help="verdicts of people: limits and mutes")
    _history(score)
    score.set_defaults(run=_score)
    compare = verbs.add_parser("compare", help="run a challenger beside a champion over a history and compare")
    compare.add_argument("champion", type=Path, help="model file")
    compare.add_argument("challenger", type=Path, help="model file")
    compare.add_argument("--asset", required=True, help="enterprise/site/area/line/asset")
    _history(compare)
    compare.set_defaults(run=_compare)
    promoted = verbs.add_parser(
        "promote", help="make NAME.challenger.json the model NAME.json; keeps NAME.previous.json"
    )
    promoted.add_argument("model", type=Path, help="model file of the champion")
    promoted.set_defaults(run=_promote)
    card = verbs.add_parser("card", help="print what a model file was made from")
    card.add_argument("model", type=Path, help="model file")
    card.set_defaults(run=_card)
    return parser


def _history(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--csv", type=Path, help="column `time` (ISO 8601 or ns), then one column a signal; empty = bad"
    )
    source.add_argument("--parquet", type=Path, help="the same as Parquet (needs duckdb)")


def _columns(options: argparse.Namespace) -> dict[str, Any]:
    if options.csv:
        return dict(read_csv(options.csv))
    from ovoo_models.train.parquet import read_parquet

    return dict(read_parquet(options.parquet))


def _train(options: argparse.Namespace) -> int:
    from ovoo_packs import load_pack

    from ovoo_models.csv_history import time_of
    from ovoo_models.train import fit

    model_set = fit(
        load_pack(options.pack).template(options.template),
        _columns(options),
        asset=options.asset,
        trained_by=options.by,
        start_ns=time_of(options.start) if options.start else None,
        end_ns=time_of(options.end) if options.end else None,
        adjustments=_feedback(options.feedback),
    )
    artifact.save(options.out, model_set)
    unfitted = [name for name, each in model_set.card["models"].items() if "not_fitted" in each]
    print(f"{options.out}: {len(model_set.bindings) - len(unfitted)} models, {model_set.card['rows']} rows")
    for name in unfitted:
        print(f"  {name}: {model_set.card['models'][name]['not_fitted']}")
    return 0


def _score(options: argparse.Namespace) -> int:
    from ovoo_models.csv_history import batch_of
    from ovoo_models.monitor import AssetMonitor
    from ovoo_models.phrases import render

    said = _feedback(options.feedback) or Adjustments()
    monitor = AssetMonitor(artifact.load(options.model), AssetAddress.parse(options.asset), adjustments=said)
    columns = _columns(options)
    index = {name: place for place, name in enumerate(columns)}
    batch = batch_of(columns)
    if len(batch) == 0:
        raise ConfigError("no rows", offender=str(options.csv or options.parquet), remedy="give a file with rows")
    found = monitor.process(batch, index, len(index)).findings
    found += monitor.flush(max(batch.time_ns) + monitor.period_ns, len(index)).findings
    latest = {finding.id: finding for finding in found}
    for finding in latest.values():
        if options.json:
            print(finding.to_json().decode())
        else:
            print(f"{finding.code}\t{finding.severity}\t{render(finding, options.language)}")
    return 0


def _compare(options: argparse.Namespace) -> int:
    from ovoo_models.csv_history import batch_of
    from ovoo_models.monitor import AssetMonitor
    from ovoo_models.shadow import Shadow

    asset = AssetAddress.parse(options.asset)
    sets = (artifact.load(path) for path in (options.champion, options.challenger))
    shadow = Shadow(*(AssetMonitor(each, asset) for each in sets))
    columns = _columns(options)
    index = {name: place for place, name in enumerate(columns)}
    batch = batch_of(columns)
    shadow.process(batch, index, len(index))
    shadow.flush(max(batch.time_ns, default=0) + shadow.champion.period_ns, len(index))
    print(json.dumps(asdict(shadow.comparison()), sort_keys=True))
    return 0


def _promote(options: argparse.Namespace) -> int:
    from ovoo_models.shadow import promote

    print(f"{options.model}: promoted; the model so far is {promote(options.model)}")
    return 0


def _feedback(path: Path | None) -> Adjustments | None:
    return None if path is None else Adjustments.from_json(path.read_bytes(), str(path))


def _card(options: argparse.Namespace) -> int:
    model_set = artifact.load(options.model)
    card = {"asset": model_set.asset, "period_s": model_set.period_s, "fingerprint": model_set.fingerprint}
    beside = options.model.with_suffix(".feedback.json")
    said = {"feedback_now": Adjustments.from_json(beside.read_bytes(), str(beside)).card()} if beside.exists() else {}
    print(json.dumps({**card, **model_set.card, **said}, ensure_ascii=False, indent=2, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
