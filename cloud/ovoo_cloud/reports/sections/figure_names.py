"""What a figure is called: its id told in words, with the names that the snapshot has for its machine, item or site."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ovoo_cloud.reports.nodes import Facts, Inline, key, name, plain

__all__ = ["figure_name"]

_BARE: Final = frozenset(
    {
        "cost.mean_price", "cost.shift_price", "cost.total", "data.good_percent", "data.good_samples", "data.samples",
        "data.signals", "energy.band_total", "energy.daily_first", "energy.daily_second",
        "energy.electricity_kgce_calorific", "energy.electricity_kgce_equivalent", "energy.final",
        "energy.kgce_calorific", "energy.kgce_equivalent", "energy.kgco2", "energy.kwh", "energy.tce_calorific",
        "energy.tce_equivalent", "energy.tco2", "energy.trend_percent", "equipment.digital",
        "equipment.digitised_percent", "equipment.networked", "equipment.networked_percent", "equipment.total",
        "findings.closed", "findings.critical", "findings.info", "findings.total", "findings.warning",
        "links.collected", "load.base", "load.factor_percent", "load.mean", "load.peak", "network.deliveries",
        "network.expected", "network.late", "network.late_percent", "network.lost", "network.lost_percent",
        "network.reach_percent", "norm.gap1", "norm.gap1_percent", "norm.gap2", "norm.gap2_percent", "norm.gap3",
        "norm.gap3_percent", "norm.intensity", "norm.level1", "norm.level2", "norm.level3", "product.output",
        "saving.percent", "saving.today", "saving.total", "score.gap", "score.total", "security.gateways",
        "security.gateways_tls", "security.signals_core", "security.signals_general", "security.signals_important",
        "security.tls_percent", "window.days",
    }
)  # fmt: skip
_ACTION: Final = frozenset({"kwh", "tce", "tco2", "window_kwh"})
_COST: Final = frozenset({"budget", "payback", "saved"})
_NETWORK: Final = frozenset(
    {
        "delay_ms", "deliveries", "expected", "late", "late_percent", "latency_ms", "lost", "lost_percent",
        "offset_ms", "skew_ms", "steps_back",
    }
)  # fmt: skip
_CLOCK: Final = frozenset({"doubt_ms", "drift_ms", "median_ms", "worst_ms"})
_COURSE: Final = frozenset({"electricity", "energy", "kwh", "output"})
_FUEL: Final = frozenset({"", "energy", "heat", "kgce"})
_OEE: Final = frozenset(
    {
        "availability", "days", "good", "good_h", "ideal_output", "ideal_per_h", "loss_availability_h",
        "loss_performance_h", "loss_quality_h", "net_h", "output", "percent", "performance", "planned_h", "quality",
        "running_h",
    }
)  # fmt: skip
_READY: Final = frozenset(
    {"catalogue", "clock", "continuity", "coverage", "movement", "order", "plausibility", "quality", "score"}
)
_HANDLING: Final = frozenset(
    {
        "acknowledged_median", "acknowledged_p90", "closed", "closed_percent", "raised", "returned_median",
        "returned_p90", "unread",
    }
)  # fmt: skip
_SAFETY: Final = frozenset({"covered_percent", "gaps", "highest", "limits", "sensor"})
_RUNNING: Final = frozenset({"days", "hours", "longest"})
_FACTS: Final = frozenset(
    {
        "energy_drivers_collected", "energy_models_in_service", "forecasts_scored", "link_energy", "link_equipment",
        "link_production", "link_quality", "link_safety", "link_storage", "models_in_service", "oee_computed",
        "quality_models_in_service", "simulations_run", "warnings_closed", "warnings_issued",
        "work_orders_triggered",
    }
)  # fmt: skip
_BANDS: Final = frozenset({"super_peak", "peak", "flat", "valley", "deep_valley"})
_CLASSES: Final = frozenset({"declared", "insufficient", "measured", "verified"})
_OF_ITEM: Final = frozenset({"consumption", "excess", "item", "value"})


def figure_name(facts: Facts, figure: str) -> Inline:
    """The name of a figure in either language; one that no rule names is shown by its id."""
    if figure in _BARE:
        return key(f"named.{figure}")
    head, _, rest = figure.partition(".")
    made = _RULES[head](facts, rest) if head in _RULES else None
    return plain(figure) if made is None else made


_Rule = Callable[[Facts, str], "Inline | None"]


def _machine(facts: Facts, machine: str) -> Inline:
    return name(facts.machine_names().get(machine), machine)


def _score(facts: Facts, rest: str) -> Inline | None:
    kind, _, which = rest.partition(".")
    rules = facts.data["framework"]
    if kind in _OF_ITEM:
        return key(f"named.score.{kind}", item=name(facts.item_names().get(which), which))
    if kind == "limit":
        level, _, item = which.partition(".")
        return key("named.score.limit", level=plain(level), item=name(facts.item_names().get(item), item))
    if kind == "dimension":
        found = next((each["name"] for each in rules["dimensions"] if each["id"] == which), None)
        return key("named.score.dimension", dimension=name(found, which))
    return key("named.score.class", cls=key(f"class.{which}")) if which in _CLASSES else None


def _assessment(facts: Facts, rest: str) -> Inline | None:
    """Total, parts and items of a further framework, called with its name."""
    framework, _, which = rest.partition(".")
    kind, _, part = which.partition(".")
    rules = next(
        (each["rules"] for each in facts.data.get("assessments", ()) if each["rules"]["id"] == framework), None
    )
    if rules is None:
        return None
    if kind == "total":
        return key("named.assessment.total", framework=name(rules["name"]))
    if kind == "item":
        return key("named.score.item", item=name(facts.further_names().get(f"{framework}/{part}"), part))
    found = next((each["name"] for each in rules["dimensions"] if each["id"] == part), None)
    slots = {"framework": name(rules["name"]), "dimension": name(found, part)}
    return key("named.assessment.dimension", **slots) if kind == "dimension" else None


def _of_machine(what: frozenset[str], stem: str) -> _Rule:
    def rule(facts: Facts, rest: str) -> Inline | None:
        machine, _, part = rest.rpartition(".")
        return key(f"named.{stem}.{part}", machine=_machine(facts, machine)) if part in what else None

    return rule


def _of_place(what: frozenset[str], stem: str) -> _Rule:
    """Figures of a site, a signal or a group that the snapshot knows by its id."""

    def rule(_facts: Facts, rest: str) -> Inline | None:
        place, _, part = rest.rpartition(".")
        return key(f"named.{stem}.{part}", place=plain(place)) if part in what else None

    return rule


def _action(_facts: Facts, rest: str) -> Inline | None:
    kind, _, part = rest.partition(".")
    return key(f"named.action.{part}", action=key(f"action.{kind}.title")) if part in _ACTION else None


def _scene(facts: Facts, rest: str) -> Inline | None:
    scene, _, fact = rest.partition(".")
    if fact not in _FACTS:
        return None
    return key("named.scene", scene=name(facts.item_names().get(scene), scene), fact=key(f"fact.{fact}"))


def _energy(facts: Facts, rest: str) -> Inline | None:
    kind, _, which = rest.partition(".")
    if kind == "meter":
        return key("named.energy.meter", meter=plain(which))
    if kind == "band":
        band, _, part = which.partition(".")
        return (
            key(f"named.energy.band{'.percent' if part else ''}", band=key(f"band.{band}")) if band in _BANDS else None
        )
    number, _, part = which.partition(".")
    if kind == "carrier":
        return key(f"named.energy.carrier{'.kgce' if part else ''}", carrier=_carrier(facts, number))
    if kind in ("final", "heat", "mix") and number.isdigit():  # electricity is the first, then the carriers
        carrier = _carrier(facts, str(int(number) - 1)) if int(number) else key("named.energy.electricity")
        return key(f"named.energy.{kind}_of", carrier=carrier)
    return None


def _carrier(facts: Facts, number: str) -> Inline:
    listed = facts.data["energy"].get("carriers", ())
    known = next((each for each in listed if each["amount"] == f"energy.carrier.{number}"), None)
    return name(None if known is None else known["name"], number)


def _cost(_facts: Facts, rest: str) -> Inline | None:
    if rest in _BANDS:
        return key("named.cost.band", band=key(f"band.{rest}"))
    head, _, which = rest.partition(".")
    kind, _, part = which.partition(".")
    if head != "action" or part not in _COST:
        return None
    return key(f"named.cost.{part}", action=key(f"action.{kind}.title"))


def _saving(_facts: Facts, rest: str) -> Inline | None:
    head, _, kind = rest.partition(".")
    return key("named.saving.after", action=key(f"action.{kind}.title")) if head == "after" and kind else None


def _network(_facts: Facts, rest: str) -> Inline | None:
    """A gateway's link, and the clocks of the sources behind it."""
    where, _, part = rest.rpartition(".")
    gateway, clock, source = where.partition(".clock.")
    if clock:
        slots = {"place": plain(gateway), "source": plain(source)}
        return key(f"named.network.clock.{part}", **slots) if part in _CLOCK else None
    return key(f"named.network.of.{part}", place=plain(where)) if where and part in _NETWORK else None


def _norm(facts: Facts, rest: str) -> Inline | None:
    """A point in the course of the consumption, called by the day on which it begins."""
    head, _, which = rest.partition(".")
    number, _, part = which.partition(".")
    kind, _, carrier = part.partition(".")
    place, _, of = carrier.partition(".")
    if head != "course" or (of not in _FUEL if kind == "carrier" else part not in _COURSE | {""}):
        return None
    rows = ((facts.data["energy"].get("norm") or {}).get("course") or {}).get("rows", ())
    start = next((each["start"] for each in rows if each["figure"] == f"norm.course.{number}"), number)
    if kind == "carrier":
        listed = dict(enumerate(facts.data["energy"]["carriers"]))
        row = listed.get(int(place)) if place.isdecimal() else None
        called = plain(place) if row is None else name(row["name"])
        return key(f"named.norm.course.carrier{f'.{of}' if of else ''}", carrier=called, start=plain(start))
    return key(f"named.norm.course{f'.{part}' if part else ''}", start=plain(start))


def _model_days(facts: Facts, rest: str) -> Inline | None:
    rows = facts.data["equipment"].get("models", ())
    row = next((each for each in rows if each["figure"] == f"model_days.{rest}"), None)
    if row is None:
        return None
    machines = {each["asset"]: each["machine"] for each in facts.data["network"]}
    machine = machines.get(row["asset"])
    place = plain(row["asset"]) if machine is None else _machine(facts, machine)
    called: Inline = {"t": "maybe", "key": f"model.{row['model']}", "text": row["model"]}
    return key("named.model_days", machine=place, model=called)


def _per_output(facts: Facts, rest: str) -> Inline | None:
    """`machine.<id>`, `product.<id>` and the outputs that they are divided by."""
    kind, _, which = rest.partition(".")
    if kind == "machine":
        return key("named.per_output.machine", machine=_machine(facts, which))
    product, _, part = which.partition(".")
    listed: Mapping[str, Any] = {str(each["id"]): each for each in facts.data["case"].get("products") or []}
    if kind != "product" or part not in ("", "output"):
        return None
    told = listed.get(product, {}).get("name", product)
    pair = told if isinstance(told, Mapping) else {"zh": str(told), "en": str(told)}
    return key(f"named.per_output{'.output' if part else ''}", product=name(pair, product))


_RULES: Final[Mapping[str, _Rule]] = {
    "score": _score,
    "assessment": _assessment,
    "machine": _of_machine(frozenset({"delivery_percent"}), "machine"),
    "consumer": _of_machine(frozenset({"kwh", "percent"}), "consumer"),
    "running": _of_machine(_RUNNING, "running"),
    "oee": _of_machine(_OEE, "oee"),
    "model_days": _model_days,
    "network": _network,
    "norm": _norm,
    "cost": _cost,
    "saving": _saving,
    "readiness": _of_place(_READY, "readiness"),
    "handling": _of_place(_HANDLING, "handling"),
    "safety": _of_place(_SAFETY, "safety"),
    "action": _action,
    "scene": _scene,
    "energy": _energy,
    "per_output": _per_output,
}
