"""What a template asks to be watched: its model bindings, its alarm limits, and the signals they read."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any, Final

from ovoo_packs.templates import AlarmLimit, AssetTemplate, ModelBinding

from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.gate import GATE_PARAMS

__all__ = ["DEFAULT_PERIOD_S", "template_bindings", "template_signals", "untrained"]

DEFAULT_PERIOD_S: Final = 5.0
_HELD_RAW_S: Final = 180.0
_HELD_ON_CHANGE_S: Final = 90_000.0
"""A signal sent on change may stand for a day; a lost source says so by a bad sample, which ends the hold."""

_SETTLE_S: Final = 600.0
"""Instruments are judged once a machine that has just started has settled."""
_UNIT_KINDS: Final = {
    "degC": "temperature", "K": "temperature", "Pa": "pressure", "kPa": "pressure", "MPa": "pressure",
    "bar": "pressure", "m3/s": "flow", "m3/min": "flow", "m3/h": "flow",
}  # fmt: skip


def template_bindings(template: AssetTemplate) -> tuple[ModelBinding, ...]:
    """The template's models, the checks of its instruments, then one range check for each alarm limit
    (`limit-<signal>-<kind>[-n]`)."""
    limits: list[ModelBinding] = []
    taken: set[str] = set()
    for alarm in template.alarms:
        base = f"limit-{alarm.signal}-{alarm.kind}"
        name = next(n for n in (base, *(f"{base}-{k}" for k in range(2, 99))) if n not in taken)
        taken.add(name)
        limits.append(_limit(alarm, name, _gate(alarm, template)))
    doubled = {(each.inputs[0], each.params.get("high"), each.params.get("low")) for each in limits}
    models = [_guarded(each, template) for each in template.models if not _is_doubled(each, doubled)]
    return (*models, *_instrument_checks(template), *limits)


def _instrument_checks(template: AssetTemplate) -> list[ModelBinding]:
    """Spike, noise and unit checks of every signal that the template watches for standing still; drift of those that
    the first multivariate model compares with each other, and a watch whether they still look like its training."""
    found: list[ModelBinding] = []
    for flat in (each for each in template.models if each.model == "flatline"):
        gate = {name: value for name, value in flat.params.items() if name in GATE_PARAMS}
        settle = {**gate, "settle_s": _SETTLE_S} if gate else gate
        signal = template.signal(flat.inputs[0])
        found.append(_check("spike", f"spike-{signal.name}", flat.inputs, {**settle, "severity": "info"}))
        found.append(_check("noise", f"noise-{signal.name}", flat.inputs, settle))
        kind = {"kind": _UNIT_KINDS.get(signal.unit, "decade")}
        found.append(_check("unit_slip", f"unit-{signal.name}", flat.inputs, {**settle, **kind}))
    whole = next((each for each in template.models if each.model == "mewma" and len(each.inputs) >= 3), None)
    if whole is not None:
        gate = {name: value for name, value in whole.params.items() if name in GATE_PARAMS}
        found.append(_guarded(_check("sensor_drift", "drift", whole.inputs, gate), template))
        found.append(_check("drift_watch", "watch", whole.inputs, {**gate, "severity": "info"}))
    return found


def _check(model: str, name: str, inputs: tuple[str, ...], params: dict[str, Any]) -> ModelBinding:
    return ModelBinding(model, name, inputs, MappingProxyType(params))


def _guarded(binding: ModelBinding, template: AssetTemplate) -> ModelBinding:
    """Weather and other drivers from outside are no faults: beyond what was learned the rows are not scored."""
    drivers = [k for k, name in enumerate(binding.inputs) if template.signal(name).role == "driver"]
    if (
        binding.model not in ("mewma", "sensor_drift", "energy_baseline", "energy_drift")
        or not drivers
        or len(binding.inputs) == len(drivers)
        or "guard" in binding.params
    ):
        return binding
    params = MappingProxyType({**binding.params, "guard": drivers})
    return ModelBinding(binding.model, binding.id, binding.inputs, params)


def _gate(alarm: AlarmLimit, template: AssetTemplate) -> dict[str, Any]:
    """The gate of the template's multivariate model, for limits that mean nothing while the asset stands still."""
    watched = [each for each in template.models if each.model == "mewma" and each.params.get("gate")]
    if not watched:
        return {}
    idle_means_nothing = alarm.kind == "low" or template.signal(alarm.signal).type == "bool"
    if not idle_means_nothing and alarm.signal not in watched[0].inputs:
        return {}
    gate = {name: watched[0].params[name] for name in GATE_PARAMS if name in watched[0].params and name != "settle_s"}
    return {**gate, "settle_s": 600.0} if idle_means_nothing else gate


def _limit(alarm: AlarmLimit, name: str, gate: dict[str, Any]) -> ModelBinding:
    params = {
        **gate,
        alarm.kind: alarm.limit,
        "kind": "limit",
        "hysteresis": alarm.hysteresis,
        "delay_s": alarm.delay_s,
        "severity": alarm.severity,
        "advice": alarm.advice,
    }
    return ModelBinding("range", name, (alarm.signal,), MappingProxyType(params))


def _is_doubled(binding: ModelBinding, limits: set[tuple[str, float | None, float | None]]) -> bool:
    """Whether a range binding repeats an alarm limit; one fault is to give one finding."""
    key = (binding.inputs[0], binding.params.get("high"), binding.params.get("low"))
    return binding.model == "range" and key in limits


def template_signals(template: AssetTemplate, bindings: Iterable[ModelBinding]) -> tuple[SignalUse, ...]:
    """The signals that the bindings read, in template order."""
    read: set[str] = set()
    for binding in bindings:
        read.update(binding.inputs)
        read.update(binding.params[name] for name in ("gate", "load") if binding.params.get(name))
    return tuple(
        SignalUse(
            signal.name,
            signal.unit,
            _HELD_ON_CHANGE_S if signal.uplink == "on_change" else max(_HELD_RAW_S, 3 * signal.period_s),
            signal.data_class,
        )
        for signal in template.signals
        if signal.name in read
    )


def untrained(template: AssetTemplate, asset: str, period_s: float = DEFAULT_PERIOD_S) -> ModelSet:
    """A set without anything learned: limits and flat lines work at once, the others wait for training."""
    bindings = template_bindings(template)
    return ModelSet(asset, period_s, template_signals(template, bindings), bindings)
