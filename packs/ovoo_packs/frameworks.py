"""Assessment frameworks as data: what is asked, how it is scored (the `method`), and where each rule comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ovoo_contract.errors import PackError

from ovoo_packs.source_ref import SourceRef

__all__ = [
    "METHODS",
    "Bracket",
    "Dimension",
    "Framework",
    "Group",
    "Item",
    "Level",
    "LevelRule",
    "Method",
    "Option",
    "Reviewer",
    "Scene",
    "SceneLevel",
    "Variant",
]

Method = Literal["points_gate", "maturity", "acceptance", "norm_table", "bands"]
METHODS: Final[tuple[Method, ...]] = ("points_gate", "maturity", "acceptance", "norm_table", "bands")
ItemKind = Literal["multi", "single", "ratio", "direction", "grades", "yes_no", "at_least", "norm", "total"]
EvidenceClass = Literal["auto", "semi", "paper"]


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person who compared the rule with the official text; `date` is an ISO date."""

    name: str
    office: str
    date: str


def _signed(reviewers: Sequence[Reviewer]) -> bool:
    """Whether two different persons stand for a rule."""
    return len({each.name for each in reviewers}) >= 2


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
    reads `brackets` with a percentage. `grades` (maturity), `yes_no` and `at_least` (acceptance), `norm` (norm_table)
    and `total` (bands) keep what is their own in `rule`. `measurable` is how many of its points telemetry can show;
    `evidence_class` is auto (telemetry alone), semi (telemetry and a document) or paper. `clause` is where the
    official text says it, empty while nobody has looked.
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
    clause: str = ""
    reviewers: tuple[Reviewer, ...] = ()
    rule: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reference_only(self) -> bool:
        """Whether the report marks it 仅供参考: a caveat at its source, no clause, or fewer than two reviewers."""
        return self.source.reference_only or not self.clause or not _signed(self.reviewers)


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
    """A part of the framework: a dimension with its points, an element with its weight (percent, None where the
    official one is not known), or a subsystem; `whole` marks what does not belong to a single subsystem."""

    id: str
    name_zh: str
    name_en: str
    points: float
    groups: tuple[Group, ...]
    weight: float | None = None
    whole: bool = False


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
class Level:
    """A level with its name; `start` is the least total that belongs to it, None where the method knows no bound."""

    level: int
    name_zh: str
    name_en: str
    start: float | None


@dataclass(frozen=True, slots=True)
class Variant:
    """A kind of enterprise that the framework treats in its own way."""

    id: str
    name_zh: str
    name_en: str


_NOT_OF_THIS_METHOD: Final = SourceRef("", "", None, None, "I")


@dataclass(frozen=True, slots=True)
class Framework:
    """A whole framework. `gate` (ordered from level 1 up), `scenes` and `connected_*` belong to `points_gate`;
    `levels` and `level_source` to the other methods. `grades` are those of `maturity`, and `full` the most points of
    `bands`, which may be read beside the total of `compares_with`."""

    id: str
    name_zh: str
    name_en: str
    version: str
    sha256: str
    source: SourceRef
    dimensions: tuple[Dimension, ...]
    method: Method = "points_gate"
    reviewers: tuple[Reviewer, ...] = ()
    scenes: tuple[Scene, ...] = ()
    gate: tuple[LevelRule, ...] = ()
    gate_source: SourceRef = _NOT_OF_THIS_METHOD
    scene_source: SourceRef = _NOT_OF_THIS_METHOD
    connected_days: int = 30
    connected_share: float = 1.0
    connected_source: SourceRef = _NOT_OF_THIS_METHOD
    levels: tuple[Level, ...] = ()
    level_source: SourceRef = _NOT_OF_THIS_METHOD
    variants: tuple[Variant, ...] = ()
    grades: tuple[float, ...] = ()
    full: float = 0.0
    compares_with: str = ""

    @property
    def reference_only(self) -> bool:
        """Whether the whole framework is 仅供参考: a caveat at its source, or fewer than two reviewers."""
        return self.source.reference_only or not _signed(self.reviewers)

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
