"""The mine as a site whose readiness is asked, and signals with planted faults."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ovoo_cloud.diagnosis.case_parts import Bilingual
from ovoo_cloud.diagnosis.evidence import MemorySource, PlatformFacts
from ovoo_cloud.diagnosis.snapshot import Issue
from ovoo_cloud.diagnosis.usage import LinkFacts, Usage
from ovoo_cloud.readiness.plan import ReadinessPlan, parse_plan, plan_raw
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.samples import SampleBatch

from tests.cloud.diagnosis import mine

ENTERPRISE, SITE, GATEWAY = "heishan-coal", "heishan", "heishan-gw1"
ISSUE = Issue("R-1", "2026-06-08", 1, "test")
MINUTE = 60_000_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = mine.case().start_ns
ASSET = AssetAddress(ENTERPRISE, SITE, "hall", "line1", "press1")
LINK = LinkFacts(GATEWAY, (SITE,), certificate=True, stored=1000, duplicates=0, shifted=0, offset_ms=20)


@dataclass(frozen=True, slots=True)
class Made:
    """One signal with its samples: (time in ns from the start, value, quality)."""

    entry: SignalEntry
    rows: Sequence[tuple[int, float, int]]


def plan(days: int = 35, site: str = SITE) -> ReadinessPlan:
    """The window of the sample case, or its first days."""
    company, place = Bilingual("黑山煤业", "Heishan Coal"), Bilingual("黑山矿", "Heishan mine")
    raw = plan_raw(ENTERPRISE, site, START, START + days * DAY, "Asia/Shanghai", company, place)
    return parse_plan(raw)


def mine_source(shuffle: int | None = None, cuts: Sequence[mine.Cut] = ()) -> MemorySource:
    """The mine with one gateway that tells its clock."""
    case = mine.case()
    return mine.source(case, cuts, shuffle=shuffle, usage=Usage(links=(LINK,)))


def entry(signal: str, unit: str, **rest: Any) -> SignalEntry:
    """A signal of the press, complete in the catalogue unless told otherwise."""
    told = {"period_s": 60.0, "low": 0.0, "high": 100.0, "name_zh": "信号", "name_en": "Signal", **rest}
    return SignalEntry(ASSET.signal(signal), unit, **told)


def every_minute(
    days: float, value: Callable[[int], float], quality: Callable[[int], int] = lambda _: 0
) -> list[tuple[int, float, int]]:
    """One sample at every minute from the start."""
    return [(n * MINUTE, value(n), quality(n)) for n in range(round(days * 1440))]


def wave(minute: int) -> float:
    """A lively value between 40 and 60."""
    return 40.0 + minute * 37 % 20


def source_of(*made: Made, links: Sequence[LinkFacts] = (LINK,)) -> MemorySource:
    """A site of these signals."""
    parts = []
    for index, each in enumerate(made):
        rows = len(each.rows)
        parts.append(
            SampleBatch(
                array("I", [index] * rows),
                array("q", [START + at for at, _, _ in each.rows]),
                array("d", [value for _, value, _ in each.rows]),
                array("I", [quality for _, _, quality in each.rows]),
            )
        )
    entries = [each.entry for each in made]
    return MemorySource(
        entries,
        parts,
        catalogue_ids=[Catalogue(entries).id],
        platform=PlatformFacts(gateways=1),
        usage=Usage(links=tuple(links)),
    )
