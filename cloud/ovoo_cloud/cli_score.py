"""`ovoo-cloud score`: run a model over stored samples."""

from __future__ import annotations

import argparse
import pathlib
import secrets
from typing import TYPE_CHECKING, Any

from ovoo_contract.errors import ConfigError

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings

if TYPE_CHECKING:
    from ovoo_cloud.scoring.rescore import Manner

__all__ = ["add_verbs"]

_EPILOG = """exit codes: 0 done (with --compare: all compared scores are equal to 1e-9); 1 refused: no such asset, no
samples, a damaged model, a window above 31 days, nothing to compare, scores of a gateway; 2 the model does not fit the
asset, or wrong use; 3 scores differ from those stored; 4 store or database not available"""


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `score`."""
    score = verbs.add_parser(
        "score",
        parents=[shared],
        help="score an asset from its stored samples",
        description="Runs the models of a file over stored samples by the kernels of the gateway, compares the scores "
        "with those a gateway stored, or stores them where no gateway scores. With the embedded store no server may "
        "run.",
        epilog=_EPILOG,
    )
    score.add_argument("--asset", required=True, help="enterprise/site/area/line/asset")
    score.add_argument("--model", type=pathlib.Path, required=True, help="model file, as the gateway has it")
    score.add_argument("--start", required=True, help="ISO 8601 with zone, included")
    score.add_argument("--end", required=True, help="ISO 8601 with zone, excluded; 31 days at most")
    score.add_argument("--lead-h", type=float, default=24.0, help="hours before the start that warm up (default 24)")
    score.add_argument("--period", type=float, help="frame period in seconds, where the gateway's is not the model's")
    score.add_argument("--feedback", type=pathlib.Path, help="default: MODEL.feedback.json beside the model, if any")
    score.add_argument("--compare", action="store_true", help="compare with the stored scores; exit code 3 if unequal")
    score.add_argument("--store", action="store_true", help="store scores and findings; only where no gateway scores")
    score.add_argument("--language", choices=["zh", "en"], help="default: that of the settings")
    score.set_defaults(run=_score)


def _score(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_models import artifact

    from ovoo_cloud.api.times import from_iso
    from ovoo_cloud.scoring.order import Order, fulfil
    from ovoo_cloud.scoring.phrases import tell

    order = Order(
        parsed.asset,
        artifact.load(parsed.model),
        from_iso(parsed.start, "--start"),
        from_iso(parsed.end, "--end"),
        _manner(parsed),
        parsed.compare,
        parsed.store,
    )
    with build_services(settings) as services:
        answer = fulfil(services, Scope.system("cli"), order, secrets.randbits(63))
    output.show(answer.to_dict(), tell(answer, parsed.language or settings.language, settings.zone))
    if answer.comparison is None:
        return 0
    if answer.comparison.compared == 0:
        return 1
    return 3 if answer.comparison.different else 0


def _manner(parsed: argparse.Namespace) -> Manner:
    from ovoo_models.feedback import Adjustments

    from ovoo_cloud.scoring.rescore import Manner as Chosen

    beside = parsed.feedback or parsed.model.with_suffix(".feedback.json")
    said = Adjustments()
    if parsed.feedback or beside.exists():
        try:
            said = Adjustments.from_json(beside.read_bytes(), str(beside))
        except OSError as error:
            raise ConfigError("cannot be read", offender=str(beside), value=error.strerror) from error
    if not 0 <= parsed.lead_h <= 31 * 24:
        raise ConfigError("0 to 744 hours", offender="--lead-h", value=parsed.lead_h, remedy="leave it out")
    return Chosen(round(parsed.lead_h * 3.6e12), parsed.period, said)
