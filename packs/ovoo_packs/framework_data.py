"""A framework out of its compiled JSON: shipped with the packs, or a centre's own row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovoo_packs.frameworks import (
    Bracket,
    Dimension,
    Framework,
    Group,
    Item,
    Level,
    LevelRule,
    Option,
    Reviewer,
    Scene,
    SceneLevel,
    Variant,
)
from ovoo_packs.source_ref import SourceRef

__all__ = ["framework_from_data"]


def framework_from_data(data: Mapping[str, Any], sha256: str) -> Framework:
    """The framework of compiled JSON; `sha256` is that of the JSON's canonical bytes."""
    return Framework(
        id=data["id"],
        name_zh=data["name_zh"],
        name_en=data["name_en"],
        version=data["version"],
        sha256=sha256,
        source=SourceRef.from_data(data["source"]),
        dimensions=tuple(_dimension(each) for each in data["dimensions"]),
        method=data["method"],
        reviewers=tuple(Reviewer(**each) for each in data["reviewers"]),
        **(_gated(data) if data["method"] == "points_gate" else _levelled(data)),
    )


def _gated(data: Mapping[str, Any]) -> dict[str, Any]:
    connected = data["connected"]
    return {
        "scenes": tuple(_scene(each) for each in data["scenes"]),
        "gate": tuple(LevelRule(**each) for each in data["gate"]),
        "gate_source": SourceRef.from_data(data["gate_source"]),
        "scene_source": SourceRef.from_data(data["scene_source"]),
        "connected_days": connected["days"],
        "connected_share": connected["share"],
        "connected_source": SourceRef.from_data(connected["source"]),
    }


def _levelled(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "levels": tuple(Level(**each) for each in data["levels"]),
        "level_source": SourceRef.from_data(data["level_source"]),
        "variants": tuple(Variant(**each) for each in data["variants"]),
        "grades": tuple(data["grades"]),
        "full": data["full"],
        "compares_with": data["compares_with"],
    }


def _dimension(data: Mapping[str, Any]) -> Dimension:
    groups = tuple(
        Group(
            each["id"], each["name_zh"], each["name_en"], each["weight"], tuple(_item(item) for item in each["items"])
        )
        for each in data["groups"]
    )
    return Dimension(**{**data, "groups": groups})


def _item(data: Mapping[str, Any]) -> Item:
    return Item(
        **{
            **data,
            "options": tuple(Option(**each) for each in data["options"]),
            "brackets": tuple(Bracket(**each) for each in data["brackets"]),
            "source": SourceRef.from_data(data["source"]),
            "reviewers": tuple(Reviewer(**each) for each in data["reviewers"]),
        }
    )


def _scene(data: Mapping[str, Any]) -> Scene:
    levels = tuple(SceneLevel(**{**each, "measured_by": tuple(each["measured_by"])}) for each in data["levels"])
    return Scene(**{**data, "levels": levels})
