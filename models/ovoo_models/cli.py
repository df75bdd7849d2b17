"""`ovoo-models`: train, run, explain, compare, promote, check and read models.

Exit codes: 0 done, 1 something is wrong with the input, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import OvooError

from ovoo_models import artifact, cli_check, cli_energy, cli_explain, cli_train
from ovoo_models.cards import card_lines
from ovoo_models.cli_history import add_history, read_feedback, read_history
from ovoo_models.feedback import Adjustments
from ovoo_models.reasons import error_lines

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; errors go to stderr without a traceback."""
    options = _parser().parse_args(arguments)
    try:
        result: int = options.run(options)
    except (OvooError, OSError) as error:
        if isinstance(error, OvooError) and getattr(options, "language", "en") == "zh":
            for line in error_lines(error, "zh"):
                print(f"ovoo-models: {line}", file=sys.stderr)
        print(f"ovoo-models: {error}", file=sys.stderr)
        return 1
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ovoo-models", description="Train, run and read the models of an asset.")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    cli_train.add(verbs)
    score = verbs.add_parser("score", help="run a model file over a history and print its findings")
    score.add_argument("model", type=Path, help="model file")
    score.add_argument("--asset", required=True, help="enterprise/site/area/line/asset")
    score.add_argument("--language", choices=("zh", "en"), default="zh", help="of the sentences")
    score.add_argument("--json", action="store_true", help="one JSON object a line")
    score.add_argument("--feedback", type=Path, default=None, help="verdicts of people: limits and mutes")
    add_history(score)
    score.set_defaults(run=_score)
    compare = verbs.add_parser("compare", help="run a challenger beside a champion over a history and compare")
    compare.add_argument("champion", type=Path, help="model file")
    compare.add_argument("challenger", type=Path, help="model file")
    compare.add_argument("--asset", required=True, help="enterprise/site/area/line/asset")
    add_history(compare)
    compare.set_defaults(run=_compare)
    promoted = verbs.add_parser(
        "promote", help="make NAME.challenger.json the model NAME.json; keeps NAME.previous.json"
    )
    promoted.add_argument("model", type=Path, help="model file of the champion")
    promoted.set_defaults(run=_promote)
    card = verbs.add_parser("card", help="print what a model file was made from")
    card.add_argument("model", type=Path, help="model file")
    card.add_argument("--language", choices=("zh", "en"), default="zh", help="of the words")
    card.add_argument("--json", action="store_true", help="as one JSON object")
    card.set_defaults(run=_card)
    cli_check.add(verbs)
    cli_explain.add(verbs)
    cli_energy.add(verbs)
    return parser


def _score(options: argparse.Namespace) -> int:
    from ovoo_models.monitor import AssetMonitor
    from ovoo_models.phrases import render
    from ovoo_models.replay import replay

    said = read_feedback(options.feedback) or Adjustments()
    monitor = AssetMonitor(artifact.load(options.model), AssetAddress.parse(options.asset), adjustments=said)
    run = replay(monitor, read_history(options))
    for finding in run.findings:
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
    columns = read_history(options)
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


def _card(options: argparse.Namespace) -> int:
    model_set = artifact.load(options.model)
    if not options.json:
        print("\n".join(card_lines(model_set, options.language)))
        return 0
    card = {"asset": model_set.asset, "period_s": model_set.period_s, "fingerprint": model_set.fingerprint}
    beside = options.model.with_suffix(".feedback.json")
    said = {"feedback_now": Adjustments.from_json(beside.read_bytes(), str(beside)).card()} if beside.exists() else {}
    print(json.dumps({**card, **model_set.card, **said}, ensure_ascii=False, indent=2, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
