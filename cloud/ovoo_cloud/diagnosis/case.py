"""The case of one enterprise: what was told, with its class and its documents (the other half is measured)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ovoo_contract.errors import ConfigError, ConfigErrors

from ovoo_cloud.diagnosis.case_answers import read_scene, told
from ovoo_cloud.diagnosis.case_assessments import read_answers, read_assessments, read_frameworks, read_machines
from ovoo_cloud.diagnosis.case_energy import read_asset, read_energy, read_measured
from ovoo_cloud.diagnosis.case_operation import read_operation
from ovoo_cloud.diagnosis.case_parts import (
    Answer,
    Bilingual,
    Carrier,
    Case,
    EnergyIntake,
    EvidenceClass,
    Finance,
    Machine,
    NormChoice,
    Product,
    Profile,
    SceneAnswer,
    Site,
    Tariff,
)
from ovoo_cloud.diagnosis.case_plan import read_plan
from ovoo_cloud.diagnosis.case_secrets import read_secrets, unknown_secrets
from ovoo_cloud.diagnosis.case_window import read_window
from ovoo_cloud.diagnosis.intake import IntakeReader, read_mapping, read_yaml

__all__ = [
    "Answer",
    "Bilingual",
    "Carrier",
    "Case",
    "EnergyIntake",
    "EvidenceClass",
    "Finance",
    "Machine",
    "NormChoice",
    "Product",
    "Profile",
    "SceneAnswer",
    "Site",
    "Tariff",
    "load_case",
    "parse_case",
]


def load_case(path: Path) -> Case:
    """The case of a YAML intake file.

    Raises:
        ConfigErrors: all mistakes of the file together, each with line, key path and remedy.
    """
    case = _build(read_yaml(path))
    known = unknown_secrets(case.trade_secrets, (p.id for p in case.products), (y.year for y in case.finance))
    errors = [_unknown(f"{path.name} {each.place}", each.name, ", ".join(listed)) for each, listed in known]
    if errors:
        raise ConfigErrors(errors)
    return case


def _unknown(place: str, name: str, known: str) -> ConfigError:
    """A secret that the file does not have; a case in parts is told of it by its contradictions."""
    slots = {"name": name, "known": known or "—"}
    return ConfigError(
        "nothing of this name to keep secret",
        offender=place,
        value=name,
        remedy=f"one of: {known}" if known else "take the row away, or enter what it names",
        code="contradiction.secret_unknown",
        slots=slots,
    )


def parse_case(data: Mapping[str, Any], name: str = "case") -> Case:
    """The case of a plain mapping whose scalars are texts, as `Case.raw` holds it."""
    return _build(read_mapping(data, name))


def _build(top: IntakeReader) -> Case:
    enterprise = top.text("enterprise")
    start_ns, end_ns, zone = read_window(top)
    frameworks = read_frameworks(top)
    answers, graded = read_answers(top)
    sites = tuple(_site(entry) for entry in top.children("sites"))
    machines = tuple(_machine(entry, enterprise) for entry in top.children("equipment"))
    case = Case(
        enterprise=enterprise,
        start_ns=start_ns,
        end_ns=end_ns,
        timezone=zone,
        framework=frameworks[0],
        required_share=top.decimal("required_share"),
        profile=_profile(top),
        sites=sites,
        products=tuple(_product(entry, enterprise) for entry in top.children("products")),
        machines=machines,
        answers=answers,
        scenes=tuple(read_scene(name, entry) for name, entry in top.keyed("scenes")),
        finance=tuple(sorted((_finance(n, e) for n, e in top.keyed("finance")), key=lambda year: year.year)),
        energy=read_energy(top, enterprise),
        trade_secrets=read_secrets(top),
        raw=dict(top.data),
        frameworks=frameworks,
        assessments=read_assessments(top, frameworks),
        operation=read_operation(top, tuple(machine.id for machine in machines), ZoneInfo(zone)),
        graded=graded,
        part_machines=read_machines(top),
        plan=read_plan(top),
    )
    _unique(top, "equipment", [machine.id for machine in case.machines])
    _unique(top, "products", [product.id for product in case.products])
    if case.required_share is not None and not 0 < case.required_share <= 1:
        top.fail(
            "required_share",
            "share above 1",
            "write a share between 0 and 1, for example 0.90",
            code="intake.share_above_one",
        )
    top.finish()
    top.raise_errors()
    return case


def _unique(top: IntakeReader, key: str, names: list[str]) -> None:
    for name in sorted({name for name in names if names.count(name) > 1}):
        top.fail(key, f"id {name!r} is used twice", "give every entry its own id", code="intake.id_twice", name=name)


def _bilingual(reader: IntakeReader, key: str, default: str | None = None) -> Bilingual:
    if isinstance(reader.data.get(key), dict):
        inner = reader.child(key)
        if inner is not None:
            both = Bilingual(inner.text("zh"), inner.text("en"))
            inner.finish()
            return both
    text = reader.text(key, default)
    return Bilingual(text, text)


def _profile(top: IntakeReader) -> Profile:
    reader = top.child("profile", required=True)
    if reader is None:
        empty = Bilingual("", "")
        return Profile(empty, "", empty, empty, 0, empty, "internal")
    profile = Profile(
        name=_bilingual(reader, "name"),
        sector=reader.choice("sector", ("coal_mine", "coal_chemical", "dairy", "steel", "other")),
        region=_bilingual(reader, "region", ""),
        business=_bilingual(reader, "business", ""),
        staff=reader.integer("staff", 0),
        centre=_bilingual(reader, "centre", ""),
        confidentiality=reader.choice("confidentiality", ("public", "internal", "restricted"), "internal"),
    )
    reader.finish()
    return profile


def _site(reader: IntakeReader) -> Site:
    site = Site(reader.text("id"), _bilingual(reader, "name"), reader.text("grid", ""))
    reader.finish()
    return site


def _product(reader: IntakeReader, enterprise: str) -> Product:
    cls, documents = told(reader)
    measured = read_measured(reader, enterprise)
    product = Product(
        id=reader.text("id"),
        name=_bilingual(reader, "name"),
        unit=reader.text("unit", "t"),
        output=reader.decimal("output"),
        cls=cls,
        documents=documents,
        measured=measured,
    )
    reader.finish()
    return product


def _machine(reader: IntakeReader, enterprise: str) -> Machine:
    cls, documents = told(reader)
    text = reader.text("asset", "")
    machine = Machine(
        id=reader.text("id"),
        name=_bilingual(reader, "name"),
        count=reader.integer("count", 1),
        digital=reader.boolean("digital"),
        asset=read_asset(reader, "asset", text, enterprise) if text else None,
        template=reader.text("template", ""),
        links=reader.names("links"),
        shiftable=bool(reader.boolean("shiftable", False)),
        cls=cls,
        documents=documents,
    )
    if machine.asset is not None and machine.count != 1:
        reader.fail(
            "count",
            "a connected machine stands for itself",
            "write one entry per connected machine",
            code="intake.connected_machine_counts_one",
        )
    reader.finish()
    return machine


def _finance(year: str, reader: IntakeReader) -> Finance:
    cls, documents = told(reader)
    entry = Finance(
        year=year,
        revenue_yuan=reader.decimal("revenue_yuan"),
        cost_yuan=reader.decimal("cost_yuan"),
        digital_spend_yuan=reader.decimal("digital_spend_yuan"),
        staff=reader.decimal("staff"),
        energy_tce=reader.decimal("energy_tce"),
        cls=cls,
        documents=documents,
    )
    reader.finish()
    return entry
