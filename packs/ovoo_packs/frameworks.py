"""Assessment frameworks as data: items with points, scenes with levels, and the gate between levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ovoo_contract.errors import PackError

from ovoo_packs.source_ref import SourceRef

__all__ = ["Bracket", "Dimension", "Framework", "Group", "Item", "LevelRule", "Option", "Scene", "SceneLevel"]

ItemKind = Literal["multi", "single", "ratio", "direction"]
EvidenceClass = Literal["auto", "semi", "paper"]


@dataclass(frozen=True, slots=True)
class Option:
    """One answer and its points. `measured_by` names the indicator that can prove it from telemetry, or is empty."""

    id: str
    name_zh: str
    name_en: str
    points: float
    measured_by: str = ""


@dataclass(frozen=True, slots=True)
class Bracket:
    """A ratio in percent up to and including `upto` earns `share` (0 to 1) of the item's points."""

    upto: float
    share: float


@dataclass(frozen=True, slots=True)
class Item:
    """One scored question.

    kind: `multi` adds the chosen options, `single` takes one, `direction` takes one of worse, flat, better, `ratio`
    reads `brackets` with a percentage. `measurable` is how many of its points telemetry can show; `evidence_class`
    is auto (telemetry alone), semi (telemetry and a document) or paper.
    """

    id: str
    name_zh: str
    name_en: str
    points: float
    kind: ItemKind
    options: tuple[Option, ...]
    brackets: tuple[Bracket, ...]
    evidence_class: EvidenceClass
    measurable: float
    indicator: str
    evidence_zh: str
    evidence_en: str
    source: SourceRef

    @property
    def reference_only(self) -> bool:
        """Whether the report marks the item 仅供参考."""
        return self.source.reference_only


@dataclass(frozen=True, slots=True)
class Group:
    """Items that share a weight (percent of the dimension's points)."""

    id: str
    name_zh: str
    name_en: str
    weight: float
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension and its points of the total."""

    id: str
    name_zh: str
    name_en: str
    points: float
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class SceneLevel:
    """What level `level` (1 to 4) of a scene asks for."""

    level: int
    text_zh: str
    text_en: str
    measured_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A business scene; `mandatory` is the ★ of the form."""

    id: str
    part: str
    name_zh: str
    name_en: str
    mandatory: bool
    evidence_class: EvidenceClass
    levels: tuple[SceneLevel, ...]


@dataclass(frozen=True, slots=True)
class LevelRule:
    """A level needs `score` points and `scenes` scenes, `mandatory` of them ★, at `scene_level` or above."""

    level: int
    score: float
    scenes: int
    mandatory: int
    scene_level: int


@dataclass(frozen=True, slots=True)
class Framework:
    """A whole framework; `gate` is ordered from level 1 up and its source is `gate_source`."""

    id: str
    name_zh: str
    name_en: str
    version: str
    sha256: str
    source: SourceRef
    dimensions: tuple[Dimension, ...]
    scenes: tuple[Scene, ...]
    gate: tuple[LevelRule, ...]
    gate_source: SourceRef
    scene_source: SourceRef
    connected_days: int
    connected_share: float
    connected_source: SourceRef

    @property
    def items(self) -> tuple[Item, ...]:
        """All items in form order."""
        return tuple(item for dimension in self.dimensions for group in dimension.groups for item in group.items)

    @property
    def points(self) -> float:
        """The sum of all items' points."""
        return sum(item.points for item in self.items)

    def item(self, item_id: str) -> Item:
        """The item; raises PackError naming the id."""
        for item in self.items:
            if item.id == item_id:
                return item
        known = ", ".join(item.id for item in self.items)
        raise PackError("no such item", offender=self.id, value=item_id, remedy=f"one of {known}")

    def scene(self, scene_id: str) -> Scene:
        """The scene; raises PackError naming the id."""
        for scene in self.scenes:
            if scene.id == scene_id:
                return scene
        known = ", ".join(scene.id for scene in self.scenes)
        raise PackError("no such scene", offender=self.id, value=scene_id, remedy=f"one of {known}")


def framework_from_data(data: Mapping[str, Any], sha256: str) -> Framework:
    """The framework of compiled JSON."""
    connected = data["connected"]
    return Framework(
        id=data["id"],
        name_zh=data["name_zh"],
        name_en=data["name_en"],
        version=data["version"],
        sha256=sha256,
        source=SourceRef.from_data(data["source"]),
        dimensions=tuple(_dimension(each) for each in data["dimensions"]),
        scenes=tuple(_scene(each) for each in data["scenes"]),
        gate=tuple(LevelRule(**each) for each in data["gate"]),
        gate_source=SourceRef.from_data(data["gate_source"]),
        scene_source=SourceRef.from_data(data["scene_source"]),
        connected_days=connected["days"],
        connected_share=connected["share"],
        connected_source=SourceRef.from_data(connected["source"]),
    )


def _dimension(data: Mapping[str, Any]) -> Dimension:
    groups = tuple(
        Group(
            each["id"], each["name_zh"], each["name_en"], each["weight"], tuple(_item(item) for item in each["items"])
        )
        for each in data["groups"]
    )
    return Dimension(data["id"], data["name_zh"], data["name_en"], data["points"], groups)


def _item(data: Mapping[str, Any]) -> Item:
    return Item(
        **{
            **data,
            "options": tuple(Option(**each) for each in data["options"]),
            "brackets": tuple(Bracket(**each) for each in data["brackets"]),
            "source": SourceRef.from_data(data["source"]),
        }
    )


def _scene(data: Mapping[str, Any]) -> Scene:
    levels = tuple(SceneLevel(**{**each, "measured_by": tuple(each["measured_by"])}) for each in data["levels"])
    return Scene(**{**data, "levels": levels})
