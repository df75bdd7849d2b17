"""One look at every signal of a site, machine by machine: only numbers stay, never the samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.evidence import figure as decimal_text
from ovoo_contract.units import unit
from ovoo_packs import AssetTemplate, SignalTemplate, load_pack

from ovoo_cloud.catalogue.templates import Recognised, recognise
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.observe import EvidenceBook, Flags, SignalScan, Window
from ovoo_cloud.readiness.limits import Limits
from ovoo_cloud.readiness.proposals import Proposal, proposals
from ovoo_cloud.readiness.score import LinkState, Parts, machine_parts, score_parts
from ovoo_cloud.readiness.signal_facts import SignalFacts, facts_of

__all__ = ["QUERY", "MachineSurvey", "SignalSurvey", "survey"]

QUERY = "all samples of the machine's signals: coverage, gaps, clock flags, movement, range, quality codes"
_DAY_MINUTES = 1440
_AGREEING = 0.75
"""Share of shared signals whose units must be of the template's kind."""


@dataclass(frozen=True, slots=True)
class SignalSurvey:
    """One signal: what was seen, and its points."""

    facts: SignalFacts
    parts: Parts


@dataclass(frozen=True, slots=True)
class MachineSurvey:
    """One machine: its template where one is recognised, its signals by address, its points, its evidence."""

    asset: AssetAddress
    known: Recognised
    signals: tuple[SignalSurvey, ...]
    parts: Parts
    evidence: str
    days: tuple[str, ...]
    """Whole percent of good signal-minutes per 24 hours from the start of the window."""
    alive: Flags
    """Minutes in which any signal of the machine has good data."""
    proposed: tuple[Proposal, ...] = ()
    """Templates that may fit where none is recognised."""


def survey(
    source: EvidenceSource, window: Window, limits: Limits, state: LinkState, book: EvidenceBook
) -> Iterator[MachineSurvey]:
    """The machines of the source by address; the samples of one signal at a time are in memory."""
    entries = sorted(source.signals(), key=lambda entry: str(entry.address))
    assets = sorted({entry.address.asset_address for entry in entries if entry.measurement == "telemetry"})
    for asset in assets:
        own = [entry for entry in entries if entry.address.asset_address == asset]
        yield _machine(asset, own, source, window, limits, state, book)


def _machine(
    asset: AssetAddress,
    entries: Sequence[SignalEntry],
    source: EvidenceSource,
    window: Window,
    limits: Limits,
    state: LinkState,
    book: EvidenceBook,
) -> MachineSurvey:
    means = {entry.model: entry for entry in entries if entry.measurement == "telemetry_1m"}
    telemetry = [entry for entry in entries if entry.measurement == "telemetry"]
    known = recognise(asset.asset, frozenset(entry.address.signal for entry in telemetry))
    template = _agreeing(_template(known.pack, known.template), telemetry)
    known = known if template is not None else Recognised("", "", asset.asset, asset.asset)
    found, scans = [], []
    for entry in telemetry:
        read = _read_as(entry, means.get(entry.address.signal))
        columns = source.samples(read.address, window.start_ns, window.end_ns)
        signal = _signal(template, entry.address.signal)
        facts, scan = facts_of(columns, read, window, limits, signal, matched=template is not None)
        facts = replace(facts, entry=entry)
        found.append(SignalSurvey(facts, score_parts(facts, state, limits)))
        scans.append(scan)
    evidence = book.add(scans, QUERY, formulas=[state.formula])
    parts = machine_parts([each.parts for each in found])
    alive = np.logical_or.reduce([scan.good for scan in scans])
    proposed = () if template is not None else proposals(telemetry)
    return MachineSurvey(asset, known, tuple(found), parts, evidence, _days(scans), alive, proposed)


def _days(scans: Sequence[SignalScan]) -> tuple[str, ...]:
    flags = np.vstack([scan.good for scan in scans])
    parts = (flags[:, start : start + _DAY_MINUTES] for start in range(0, flags.shape[1], _DAY_MINUTES))
    return tuple(decimal_text(100 * int(np.count_nonzero(part)) / part.size, 0) for part in parts)


def _read_as(entry: SignalEntry, mean: SignalEntry | None) -> SignalEntry:
    """A signal sent as minute figures is judged by its means: one a minute."""
    if entry.uplink != "aggregate_1m" or mean is None:
        return entry
    return replace(entry, address=mean.address, uplink="raw", period_s=60.0)


def _agreeing(template: AssetTemplate | None, entries: Sequence[SignalEntry]) -> AssetTemplate | None:
    """The template, unless so many of its units are of another kind that the machine must be another one."""
    pairs = [(entry, signal) for entry in entries if (signal := _signal(template, entry.address.signal)) is not None]
    agreeing = sum(1 for entry, signal in pairs if unit(entry.unit).dimension == unit(signal.unit).dimension)
    return template if pairs and agreeing >= _AGREEING * len(pairs) else None


@cache
def _template(pack: str, template: str) -> AssetTemplate | None:
    return load_pack(pack).template(template) if template else None


def _signal(template: AssetTemplate | None, name: str) -> SignalTemplate | None:
    if template is None:
        return None
    return next((each for each in template.signals if each.name == name), None)
