"""The card of a model file for a reader: what it watches, from what it was made, and how well it fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ovoo_models.artifact import ModelSet
from ovoo_models.phrases import card_text, number_text, signal_name, unit_sign

__all__ = ["card_lines"]

_HEAD = ("trained_by", "template", "rows", "window", "data_sha256", "source_sha256")


def card_lines(model_set: ModelSet, language: str) -> Iterator[str]:
    """The lines of the card in a language; a file without a card gives what the file itself tells."""
    card = model_set.card
    yield from _fact("asset", model_set.asset, language)
    yield from _fact("fingerprint", model_set.fingerprint, language)
    yield from _fact("period_s", f"{model_set.period_s:g}", language)
    for name in _HEAD:
        yield from _fact(name, _plain(card.get(name)), language)
    versions = card.get("versions")
    if isinstance(versions, Mapping):
        yield from _fact("versions", ", ".join(f"{name} {text}" for name, text in sorted(versions.items())), language)
    yield from _signals(card.get("signals"), language)
    yield f"{card_text('models', language)}"
    for binding in model_set.bindings:
        yield from _model(binding.id, binding.model, _of(card.get("models"), binding.id), language)


def _fact(name: str, value: str, language: str) -> Iterator[str]:
    if value:
        yield f"{card_text(name, language)}: {value}"


def _plain(value: Any) -> str:  # a card is JSON
    if isinstance(value, list):
        return " – ".join(str(each) for each in value)
    return "" if value is None else str(value)


def _of(found: Any, name: str) -> Mapping[str, Any]:  # a card is JSON
    each = found.get(name) if isinstance(found, Mapping) else None
    return each if isinstance(each, Mapping) else {}


def _signals(found: Any, language: str) -> Iterator[str]:  # a card is JSON
    if not isinstance(found, Mapping):
        return
    yield card_text("signals", language)
    for name, each in found.items():
        unit = unit_sign(str(each.get("unit", "1")))
        low, high = number_text(each.get("low")), number_text(each.get("high"))
        usual = f"{low} … {high} {unit}".strip() if low and high else card_text("no_range", language)
        yield f"  {signal_name(str(name), language)} ({name}): {usual}"


def _model(name: str, model: str, facts: Mapping[str, Any], language: str) -> Iterator[str]:
    reason = facts.get("not_fitted")
    if reason:
        yield f"  {name} ({model}): {card_text('not_fitted', language)}, {reason}"
        return
    shown = [
        f"{card_text(key, language)} {number_text(value) if isinstance(value, int | float) else value}"
        for key, value in facts.items()
        if key not in ("model", "not_fitted") and value is not None
    ]
    yield f"  {name} ({model}): {', '.join(shown)}" if shown else f"  {name} ({model})"
