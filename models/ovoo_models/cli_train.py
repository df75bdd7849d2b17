"""`ovoo-models train` and `train-fleet`: histories of normal work to model files."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovoo_models import artifact
from ovoo_models.cli_history import add_history, read_feedback, read_history

if TYPE_CHECKING:
    from ovoo_models.artifact import ModelSet
    from ovoo_models.train.cluster import Cluster

__all__ = ["add"]


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verbs `train` and `train-fleet`."""
    train: argparse.ArgumentParser = verbs.add_parser(
        "train", help="fit the models of a template on a history of normal work"
    )
    train.add_argument("--pack", required=True, help="pack, for instance coal_mine")
    train.add_argument("--template", required=True, help="template within the pack, for instance main_fan")
    train.add_argument("--asset", default="", help="address or path the set is for (default: the template's path)")
    train.add_argument("--out", type=Path, required=True, help="model file to write")
    train.add_argument("--start", default=None, help="ISO time; rows before it are not used")
    train.add_argument("--end", default=None, help="ISO time; rows from it on are not used")
    train.add_argument("--feedback", type=Path, default=None, help="verdicts of people: confirmed faults are left out")
    _common(train)
    add_history(train)
    train.set_defaults(run=_train)
    fleet: argparse.ArgumentParser = verbs.add_parser(
        "train-fleet", help="fit many assets: a folder with fleet.csv (asset, pack, template, file) and their histories"
    )
    fleet.add_argument("folder", type=Path, help="folder with fleet.csv")
    fleet.add_argument("--out", type=Path, required=True, help="folder for the model files")
    _common(fleet)
    fleet.set_defaults(run=_train_fleet)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", default="", help="who trains it, for the card")
    parser.add_argument(
        "--dask", default="", metavar="ADDRESS", help="spread over dask workers: tcp://host:8786, or local"
    )


def _train(options: argparse.Namespace) -> int:
    from ovoo_packs import load_pack

    from ovoo_models.csv_history import time_of
    from ovoo_models.train import Checkpoint, Progress, fit
    from ovoo_models.train.fleet import file_hash

    checkpoint = Checkpoint(options.out.with_name(f".{options.out.name}.parts"))
    with Progress() as progress, _cluster(options.dask) as cluster:
        progress.say("reading the history")
        model_set = fit(
            load_pack(options.pack).template(options.template),
            read_history(options),
            asset=options.asset,
            trained_by=options.by,
            start_ns=time_of(options.start) if options.start else None,
            end_ns=time_of(options.end) if options.end else None,
            run=cluster,
            checkpoint=checkpoint,
            progress=progress,
            source_sha256=file_hash(options.csv or options.parquet),
            adjustments=read_feedback(options.feedback),
        )
    artifact.save(options.out, model_set)
    checkpoint.clear()
    _tell(options.out, model_set)
    return 0


def _tell(path: Path, model_set: ModelSet) -> None:
    unfitted = [name for name, each in model_set.card["models"].items() if "not_fitted" in each]
    print(f"{path}: {len(model_set.bindings) - len(unfitted)} models, {model_set.card['rows']} rows")
    for name in unfitted:
        print(f"  {name}: {model_set.card['models'][name]['not_fitted']}")


def _train_fleet(options: argparse.Namespace) -> int:
    from ovoo_models.train import Progress
    from ovoo_models.train.fleet import in_turn, out_name, read_fleet, train_fleet

    rows = read_fleet(options.folder, options.by)
    failed = 0
    with Progress() as progress, _cluster(options.dask) as cluster:
        progress.say("training", 0, len(rows))
        spread = cluster.map if cluster else in_turn
        for done, (row, trained) in enumerate(train_fleet(rows, options.out, spread), start=1):
            progress.say("training", done, len(rows))
            if trained is None:
                print(f"{row.asset}: done before, {options.out / out_name(row)}")
            elif trained.error:
                failed += 1
                print(f"{row.asset}: failed, {trained.error}")
            else:
                print(f"{row.asset}: {trained.models} models, {options.out / out_name(row)}")
    print(f"{len(rows) - failed} of {len(rows)} assets have their models")
    return 1 if failed else 0


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Cluster | None]:
    if not address:
        yield None
        return
    from ovoo_models.train.cluster import connect

    with connect(address) as cluster:
        yield cluster
