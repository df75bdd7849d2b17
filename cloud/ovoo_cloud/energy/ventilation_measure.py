"""The best move of a site's ventilation network as a measure, with the band that its survey's errors leave."""

from __future__ import annotations

import math
from decimal import Decimal

from ovoo_contract.address import Address
from ovoo_contract.evidence import Evidence, EvidenceDescriptor
from ovoo_models.efficiency.measures import Chosen

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.energy.measure_lines import Detail, Draft, Refused
from ovoo_cloud.energy.ventilation import SiteVentilation, site_ventilation
from ovoo_cloud.services import Services

__all__ = ["ventilation_draft"]


def ventilation_draft(services: Services, scope: Scope, enterprise: str, site: str) -> Draft | None:
    """The move that saves most; None where the site has no network. Savings of moves do not add up, so one is a line.

    The evidence is the survey: its hash stands in the query, so another table is other evidence.
    """
    found = site_ventilation(services, scope, enterprise, site)
    if found is None:
        return None
    draft = Draft("ventilation")
    samples = _survey(found)
    draft.samples.append(samples)
    if not found.found.moves:
        draft.refused.append(Refused("saved_power", f"vent_{found.found.silence or 'nothing_to_move'}"))
        return draft
    move = found.found.moves[0]
    draft.details.append(Detail("moves", float(len(found.found.moves)), ""))
    if not found.found.drawn:
        draft.refused.append(Refused("saved_power", "vent_no_efficiency", move.saved_fan_kw, "kW"))
        return draft
    saved = found.found.saving(move)
    if not math.isfinite(saved.sigma):
        draft.refused.append(Refused("saved_power", "vent_no_error", saved.value, "kW"))
        return draft
    draft.show("saved_power", saved, samples)
    if found.row.hours_per_year is not None:
        draft.chosen["fan_hours"] = Chosen(found.row.hours_per_year, "h", found.row.document)
    draft.per_year = 1.0
    if found.price is not None:
        draft.price, draft.price_source = Decimal(repr(found.price.yuan_per_kwh)), found.price.document
    return draft


def _survey(found: SiteVentilation) -> Evidence:
    row = found.row
    addresses = tuple(Address.parse(each.address) for each in found.measured.values())
    descriptor = EvidenceDescriptor(
        addresses, row.made_ns, row.made_ns, f"network version {row.version} sha256 {row.sha256}",
        formula_ids=("ventilation.advice/1", "ventilation.band/1"),
    )  # fmt: skip
    return Evidence(descriptor, 0, None, row.sha256)
