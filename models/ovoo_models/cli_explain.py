"""`ovoo-models explain`: one finding of a history as a sentence and a picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ConfigError

from ovoo_models import artifact
from ovoo_models.cli_history import add_history, read_history
from ovoo_models.monitor import AssetMonitor
from ovoo_models.phrases import render
from ovoo_models.plot import Look, draw
from ovoo_models.replay import Replay, explanation_of, replay

__all__ = ["add"]


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verb `explain`."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "explain", help="one finding of a history: its sentence, and its picture as SVG"
    )
    parser.add_argument("model", type=Path, help="model file")
    parser.add_argument("--asset", default="", help="enterprise/site/area/line/asset (default: that of the file)")
    parser.add_argument("--finding", type=int, default=0, help="which, from 1 in order of time (default: list them)")
    parser.add_argument("--out", type=Path, default=None, help="SVG file to write")
    parser.add_argument("--language", choices=("zh", "en"), default="zh", help="of the words")
    parser.add_argument("--zone", default="UTC", help="time zone of the times, for instance Asia/Shanghai")
    add_history(parser)
    parser.set_defaults(run=_explain)


def _explain(options: argparse.Namespace) -> int:
    zone = _zone(options.zone)
    model_set = artifact.load(options.model)
    run = replay(AssetMonitor(model_set, _asset(options.asset or model_set.asset)), read_history(options))
    if options.finding == 0:
        for number, each in enumerate(run.findings, start=1):
            print(f"{number}\t{each.code}\t{each.severity}\t{render(each, options.language, zone=zone)}")
        return 0
    _show(options, run, zone)
    return 0


def _show(options: argparse.Namespace, run: Replay, zone: ZoneInfo) -> None:
    if not 1 <= options.finding <= len(run.findings):
        raise ConfigError(
            "no such finding", offender="--finding", value=options.finding, remedy=f"there are {len(run.findings)}"
        )
    finding = run.findings[options.finding - 1]
    print(render(finding, options.language, zone=zone))
    if options.out is not None:
        look = Look(options.language, zone=zone)
        options.out.write_text(draw(explanation_of(run, finding), look), encoding="utf-8")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError("no such time zone", offender="--zone", value=name, remedy="Asia/Shanghai") from error


def _asset(text: str) -> AssetAddress:
    """A full address; a path within a site stands at a site without a name."""
    return AssetAddress.parse(text if text.count("/") == 4 else f"enterprise/site/{text}")
