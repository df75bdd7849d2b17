"""`ovoo-models`: train, run, explain, check and read models.

Exit codes: 0 done, 1 something is wrong with the input, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import OvooError

from ovoo_models import artifact, cli_check, cli_explain, cli_train
from ovoo_models.cards import card_lines
from ovoo_models.cli_history import add_history, read_history

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
    cli_train.add(verbs)
    score = verbs.add_parser("score", help="run a model file over a history and print its findings")
    score.add_argument("model", type=Path, help="model file")
    score.add_argument("--asset", required=True, help="enterprise/site/area/line/asset")
    score.add_argument("--language", choices=("zh", "en"), default="zh", help="of the sentences")
    score.add_argument("--json", action="store_true", help="one JSON object a line")
    add_history(score)
    score.set_defaults(run=_score)
    card = verbs.add_parser("card", help="print what a model file was made from")
    card.add_argument("model", type=Path, help="model file")
    card.add_argument("--language", choices=("zh", "en"), default="zh", help="of the words")
    card.add_argument("--json", action="store_true", help="as one JSON object")
    card.set_defaults(run=_card)
    cli_check.add(verbs)
    cli_explain.add(verbs)
    return parser


def _score(options: argparse.Namespace) -> int:
    from ovoo_models.monitor import AssetMonitor
    from ovoo_models.phrases import render
    from ovoo_models.replay import replay

    monitor = AssetMonitor(artifact.load(options.model), AssetAddress.parse(options.asset))
    run = replay(monitor, read_history(options))
    for finding in run.findings:
        if options.json:
            print(finding.to_json().decode())
        else:
            print(f"{finding.code}\t{finding.severity}\t{render(finding, options.language)}")
    return 0


def _card(options: argparse.Namespace) -> int:
    model_set = artifact.load(options.model)
    if not options.json:
        print("\n".join(card_lines(model_set, options.language)))
        return 0
    card = {"asset": model_set.asset, "period_s": model_set.period_s, "fingerprint": model_set.fingerprint}
    print(json.dumps({**card, **model_set.card}, ensure_ascii=False, indent=2, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
