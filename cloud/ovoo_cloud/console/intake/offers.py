"""What the fields of a form offer to choose from: rows of the packs, and what the case and its site have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovoo_contract.errors import AccessError
from ovoo_packs import load_factors, load_norms, load_pack, load_tariffs, pack_names
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission, Purpose
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import documents, freezing, parts
from ovoo_cloud.catalogue import enterprises, signals
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.console.intake.fields import Choice
from ovoo_cloud.diagnosis.case_plan import PLANNED
from ovoo_cloud.diagnosis.case_secrets import FIGURE_HEADS
from ovoo_cloud.reports.nodes import Facts
from ovoo_cloud.reports.resolve import Locale
from ovoo_cloud.reports.sections.figure_names import figure_name

__all__ = ["Offers", "offers"]

Offers = Mapping[str, tuple[Choice, ...]]
_NAMED = {
    "sectors": ("coal_mine", "coal_chemical", "dairy", "steel", "other"),
    "confidentiality": ("public", "internal", "restricted"),
    "classes": ("declared", "verified"),
    "links": ("production", "quality", "equipment", "safety", "energy", "storage"),
    "output_kinds": ("counter", "rate"),
    "actions": PLANNED,
}
"""Lists whose names stand in the console's texts, as `intake.offer.<list>.<value>`."""
_ZH, _EN = Locale("zh"), Locale("en")
_PLAIN = {
    "units": ("t", "kg", "m3", "kWh", "MWh", "GJ", "L"),
    "timezones": ("Asia/Shanghai", "Asia/Urumqi"),
}


def offers(session: Session, scope: Scope, row: CaseFile) -> Offers:
    """Every list by its name; a list that the reader may not see is empty."""
    return {
        **{name: tuple(Choice(each, "", "") for each in values) for name, values in _NAMED.items()},
        **{name: tuple(Choice(each, each, each) for each in values) for name, values in _PLAIN.items()},
        **_of_packs(),
        "sites": _sites(session, scope, row),
        "assets": _assets(session, scope, row),
        "products": _listed(session, row, "profile", "products"),
        "machines": _listed(session, row, "equipment", "equipment"),
        "years": _years(session, row),
        "figures": _figures(session, row),
        "documents": _documents(session, scope, row),
    }


def _of_packs() -> dict[str, tuple[Choice, ...]]:
    factors = load_factors().rows.values()
    templates = {each.id: each for name in pack_names() for each in load_pack(name).templates.values()}
    return {
        "grids": tuple(_named(each) for each in load_tariffs().rows.values()),
        "norms": tuple(_named(each) for each in load_norms().rows.values()),
        "templates": tuple(_named(each) for _, each in sorted(templates.items())),
        "co2_factors": tuple(_named(each) for each in factors if each.kind == "co2_grid"),
        "carriers": tuple(
            Choice(each.id.removeprefix("coal_"), each.name_zh, each.name_en)
            for each in factors
            if each.kind == "standard_coal"
        ),
    }


def _named(row: Any) -> Choice:
    return Choice(row.id, row.name_zh, row.name_en)


def _sites(session: Session, scope: Scope, row: CaseFile) -> tuple[Choice, ...]:
    known = {each.id: each for each in enterprises.sites(session, scope, row.enterprise)}
    found = [(name, known.get(name)) for name in row.sites]
    return tuple(Choice(n, s.name_zh if s else n, (s.name_en if s else "") or n) for n, s in found)


def _assets(session: Session, scope: Scope, row: CaseFile) -> tuple[Choice, ...]:
    """The machines that the gateways of the case's sites name, without the enterprise."""
    try:
        listed = [each for site in row.sites for each in signals.assets(session, scope, row.enterprise, site)]
    except AccessError:
        return ()
    return tuple(Choice(each.path.partition("/")[2], each.name_zh, each.name_en) for each in listed)


def _listed(session: Session, row: CaseFile, part: str, section: str) -> tuple[Choice, ...]:
    """The entries of a section of the case by id and name."""
    kept = parts.newest(session, row, part)
    listed = [] if kept is None else kept.content.get(section) or []
    found = []
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, Mapping) and each.get("id"):
            name = each.get("name") or each["id"]
            zh, en = (name.get(side, "") if isinstance(name, Mapping) else str(name) for side in ("zh", "en"))
            found.append(Choice(str(each["id"]), zh, en))
    return tuple(found)


def _years(session: Session, row: CaseFile) -> tuple[Choice, ...]:
    kept = parts.newest(session, row, "finance")
    told = {} if kept is None else kept.content.get("finance") or {}
    return tuple(Choice(each, each, each) for each in sorted(told)) if isinstance(told, Mapping) else ()


def _figures(session: Session, row: CaseFile) -> tuple[Choice, ...]:
    """How figures begin, then those that were measured last, by their names."""
    heads = tuple(Choice(each, "", "") for each in FIGURE_HEADS)
    measured = freezing.measured_id(session, row)
    if not measured:
        return heads
    facts = Facts(freezing.read(session, row, measured))
    named = ((name, figure_name(facts, name)) for name in facts.figures)
    return (*heads, *(Choice(name, _ZH.inline(words), _EN.inline(words)) for name, words in named))


def _documents(session: Session, scope: Scope, row: CaseFile) -> tuple[Choice, ...]:
    if not scope.under(Permission.READ_REPORT, Purpose.DOCUMENTS).sees(row.enterprise):
        return ()
    return tuple(Choice(each.name, each.name, each.name) for each in documents.documents(session, row))
