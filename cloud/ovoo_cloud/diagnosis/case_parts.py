"""The parts of a case: value objects as the intake fills them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from ovoo_contract.address import AssetAddress

from ovoo_cloud.diagnosis.case_operation import NO_OPERATION, OperationIntake, OutputSignal
from ovoo_cloud.diagnosis.case_plan import Step
from ovoo_cloud.diagnosis.case_secrets import TradeSecrets

if TYPE_CHECKING:
    from ovoo_cloud.diagnosis.case_assessments import Assessment, GradedAnswer

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
    "ProductSignal",
    "Profile",
    "SceneAnswer",
    "Site",
    "Tariff",
]

EvidenceClass = Literal["measured", "declared", "verified"]


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A name in both languages; a name given once serves both."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Who the enterprise is. `staff` counts heads; 0 means not stated."""

    name: Bilingual
    sector: str
    region: Bilingual
    business: Bilingual
    staff: int
    centre: Bilingual
    confidentiality: str


@dataclass(frozen=True, slots=True)
class Site:
    """One site; `grid` picks the time-of-use table."""

    id: str
    name: Bilingual
    grid: str


@dataclass(frozen=True, slots=True)
class ProductSignal:
    """The signal of an asset that shows how much of a product or a carrier ran through, in a unit of its amount."""

    asset: AssetAddress
    signal: OutputSignal


@dataclass(frozen=True, slots=True)
class Product:
    """A product and its output inside the report window; None where not known. `measured` tells it by time."""

    id: str
    name: Bilingual
    unit: str
    output: Decimal | None
    cls: EvidenceClass
    documents: tuple[str, ...]
    measured: ProductSignal | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """A line of the equipment register. `asset` is None for a machine without any connection."""

    id: str
    name: Bilingual
    count: int
    digital: bool | None
    asset: AssetAddress | None
    template: str
    links: tuple[str, ...]
    shiftable: bool
    cls: EvidenceClass
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to one framework item: exactly one of options, ratio and direction is filled."""

    item: str
    options: tuple[str, ...]
    open_options: tuple[str, ...]
    ratio: Decimal | None
    direction: str
    cls: EvidenceClass
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SceneAnswer:
    """The level (0-4) told for one business scene."""

    scene: str
    level: int
    cls: EvidenceClass
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finance:
    """Figures of one year; money in yuan, energy in tce. None where not disclosed."""

    year: str
    revenue_yuan: Decimal | None
    cost_yuan: Decimal | None
    digital_spend_yuan: Decimal | None
    staff: Decimal | None
    energy_tce: Decimal | None
    cls: EvidenceClass
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Carrier:
    """An energy carrier bought or burnt inside the window; `measured` tells it by time, in the unit of the amount."""

    carrier: str
    amount: Decimal | None
    unit: str
    cls: EvidenceClass
    documents: tuple[str, ...]
    measured: ProductSignal | None = None


@dataclass(frozen=True, slots=True)
class NormChoice:
    """Which norm row applies, to which product, with which corrections (name, value, document).

    They combine as the norm's row says; one named `total` stands for all, worked out by the standard.
    """

    norm: str
    product: str
    corrections: tuple[tuple[str, Decimal, str], ...]


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices in yuan/kWh by band, from a document the enterprise gave."""

    document: str
    fictitious: bool
    prices: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class EnergyIntake:
    """What the case says about energy. `complete`: the listed carriers and meters are all there is."""

    meters: tuple[AssetAddress, ...]
    carriers: tuple[Carrier, ...]
    complete: bool
    norm: NormChoice | None
    tariff: Tariff | None
    co2_factor: str


@dataclass(frozen=True, slots=True)
class Case:
    """Everything told about one enterprise for one report; `raw` rebuilds it.

    `trade_secrets` are withheld from the centre's copy of the report.
    `frameworks` are named as `id` or `id@version`; the first one, `framework`, leads. What is told for it stands in
    `answers` and `scenes`, or, where its method has no points, in `graded`; `part_machines` names the machines of its
    parts.
    """

    enterprise: str
    start_ns: int
    end_ns: int
    timezone: str
    framework: str
    required_share: Decimal | None
    profile: Profile
    sites: tuple[Site, ...]
    products: tuple[Product, ...]
    machines: tuple[Machine, ...]
    answers: tuple[Answer, ...]
    scenes: tuple[SceneAnswer, ...]
    finance: tuple[Finance, ...]
    energy: EnergyIntake
    trade_secrets: TradeSecrets
    raw: Mapping[str, Any]
    frameworks: tuple[str, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    operation: OperationIntake = NO_OPERATION
    graded: tuple[GradedAnswer, ...] = ()
    part_machines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plan: tuple[Step, ...] = ()
