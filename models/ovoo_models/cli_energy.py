"""`ovoo-models energy`: from a meter's export to load shape, bill, baseline and proven saving, offline."""

from __future__ import annotations

from typing import Any

from ovoo_models import (
    cli_energy_balance,
    cli_energy_check,
    cli_energy_measures,
    cli_energy_norm,
    cli_energy_profile,
    cli_energy_record,
    cli_energy_report,
    cli_energy_saving,
    cli_energy_tariff,
    cli_energy_ventilation,
)

__all__ = ["add"]


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verb `energy` with its verbs."""
    parser = verbs.add_parser("energy", help="a meter's export: what is wrong, load shape, bill, baseline, saving")
    inner = parser.add_subparsers(required=True, metavar="COMMAND")
    cli_energy_check.add(inner)
    cli_energy_tariff.add(inner)
    cli_energy_saving.add(inner)
    cli_energy_record.add(inner)
    cli_energy_profile.add(inner)
    cli_energy_norm.add(inner)
    cli_energy_measures.add(inner)
    cli_energy_balance.add(inner)
    cli_energy_report.add(inner)
    cli_energy_ventilation.add(inner)
