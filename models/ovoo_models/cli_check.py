"""`ovoo-models check`: the promises of an estimator, one line each."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ovoo_contract.errors import ConfigError

from ovoo_models.checks import report
from ovoo_models.estimator import Estimator, Factory

__all__ = ["add"]


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verb `check`."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "check", help="run the contract suite on a detector, yours or ours; exit code 1 where a promise is broken"
    )
    parser.add_argument(
        "target",
        help="a model name, or package.module:name of a detector class or of a function without arguments that "
        "makes an Estimator",
    )
    parser.add_argument("--columns", default="x0", help="names of the columns of a row, with commas (default: x0)")
    parser.add_argument("--inputs", default="", help="columns that the detector reads (default: all but the gate)")
    parser.add_argument("--params", default="{}", help="parameters as a JSON object")
    parser.add_argument("--period", type=float, default=5.0, help="frame period in seconds (default: 5)")
    parser.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    make, factory = _maker(options)
    outcomes = report(make, factory=factory)
    for each in outcomes:
        print(f"{'broken' if each.failure else 'kept  '}  {each.promise}{': ' if each.failure else ''}{each.failure}")
    broken = sum(1 for each in outcomes if each.failure)
    print(f"{make().model}: {len(outcomes) - broken} of {len(outcomes)} promises kept")
    return 1 if broken else 0


def _maker(options: argparse.Namespace) -> tuple[Callable[[], Estimator], Factory | None]:
    target = _import(options.target) if ":" in options.target else options.target
    if not isinstance(target, str | type):
        return target, getattr(target, "factory", None)
    params = _params(options.params)
    columns = tuple(options.columns.split(","))
    inputs = tuple(options.inputs.split(",")) if options.inputs else None

    def make() -> Estimator:
        return Estimator(target, params, columns=columns, inputs=inputs, period_s=options.period)

    return make, target if isinstance(target, type) else None


def _params(text: str) -> dict[str, Any]:
    try:
        params = json.loads(text)
    except ValueError as error:
        raise ConfigError("not JSON", offender="--params", value=text, remedy="'{\"lambda\": 0.05}'") from error
    if not isinstance(params, dict):
        raise ConfigError("a JSON object is needed", offender="--params", value=text, remedy="'{\"lambda\": 0.05}'")
    return params


def _import(target: str) -> Any:  # whatever the module holds
    name, _, attribute = target.partition(":")
    # as with `python -m`: a plug-in under development lies where one works
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(name), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            "cannot be imported", offender="check", value=target, remedy=f"package.module:name; {error}"
        ) from error
    if not callable(found):
        raise ConfigError("not callable", offender="check", value=target, remedy="a class or a function")
    return found
