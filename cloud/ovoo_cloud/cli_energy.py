"""`ovoo-cloud energy`: a saving's record made again from samples, a machine's baseline fitted again from sums."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import QueryError

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings

if TYPE_CHECKING:
    from ovoo_cloud.energy.sums_refit import SumsRefit

__all__ = ["add_verbs"]


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `energy recompute` and `energy refit`."""
    energy = verbs.add_parser("energy", help="records of proven savings, baselines from sums")
    inner = energy.add_subparsers(dest="energy_verb", required=True, metavar="verb")
    recompute = inner.add_parser(
        "recompute",
        parents=[shared],
        help="make a saving's record again from the store",
        description="Reads the samples of both periods, fits and proves again, and compares every field of the record. "
        "With the embedded store no server may run.",
        epilog="exit codes: 0 equal to the last bit; 1 no such record; 3 something differs (printed); 4 store away",
    )
    recompute.add_argument("record", help="id of the record, rec_...")
    recompute.set_defaults(run=_recompute)
    refit = inner.add_parser(
        "refit",
        parents=[shared],
        help="fit a machine's baseline again from its hours of sums",
        description="Merges the hours that the gateways sent and fits power on the chosen variables, state by state. "
        "No sample is read, so it works after they are gone; nothing is stored.",
        epilog="exit codes: 0 fitted; 1 no such machine, or no hour is held; 2 not a window; 3 no state has a fit",
    )
    refit.add_argument("asset", help="enterprise/site/area/line/asset")
    refit.add_argument("--start", required=True, help="ISO 8601 with zone, a whole hour, included")
    refit.add_argument("--end", required=True, help="ISO 8601 with zone, a whole hour, excluded")
    refit.add_argument("--variables", help="names with commas between them (default: all)")
    refit.set_defaults(run=_refit)


def _recompute(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.energy.baseline_service import recompute

    with build_services(settings) as services:
        found = recompute(services, Scope.system("cli"), parsed.record)
    words = f"{found.record}: equal" if found.equal else "\n".join([f"{found.record}: differs", *found.differences])
    output.show(asdict(found), words)
    return 0 if found.equal else 3


def _refit(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.api.energy_sums import refit_to_data
    from ovoo_cloud.api.times import from_iso
    from ovoo_cloud.energy.sums_refit import refit

    asset = AssetAddress.parse(parsed.asset)
    chosen = parsed.variables.split(",") if parsed.variables else None
    try:
        window = from_iso(parsed.start, "--start"), from_iso(parsed.end, "--end")
        with build_services(settings) as services:
            found = refit(services, Scope.system("cli"), asset.enterprise, asset.site, str(asset), *window, chosen)
    except QueryError as error:
        return output.fail(error, 2)
    output.show(refit_to_data(found), "\n".join(_told(found)))
    return 0 if any(each.fit for each in found.regimes) else 3


def _told(found: SumsRefit) -> Iterator[str]:
    yield f"{found.asset}: {len(found.merged.hours)} hours, {found.rows} minutes, coverage {found.coverage:.1%}"
    for each in found.regimes:
        if each.fit is None:
            yield f"{each.regime}: {each.rows} minutes, no fit: {each.reason}"
            continue
        fit = each.fit
        parts = zip(fit.variables, fit.coefficients, fit.standard_errors, strict=True)
        terms = "".join(f" {'-' if b < 0 else '+'} {abs(b):.6g} (s.e. {error:.2g}) {name}" for name, b, error in parts)
        quality = f"R2 {fit.r2:.4f}, CV(RMSE) {fit.cv_rmse:.2%}"
        yield f"{each.regime}: {each.rows} minutes, {fit.intercept:.6g} kW{terms}; {quality}"
