"""Business links whose data come by themselves, and the framework options that the platform can decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ovoo_packs import MethodTable

from ovoo_cloud.diagnosis.evidence import PlatformFacts
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.indicators.delivery import DELIVERY, Delivery
from ovoo_cloud.diagnosis.observe import Observation

__all__ = ["Verdicts", "collection_links", "link_figures", "measured_options"]

Verdicts = Mapping[str, tuple[str, tuple[str, ...]]]
"""Name -> (yes, no or unknown, evidence ids)."""


def collection_links(found: Sequence[Delivery]) -> Verdicts:
    """Business links with automatic collection.

    A link is collected automatically when at least one machine that serves it delivers.
    """
    links: dict[str, tuple[str, tuple[str, ...]]] = {}
    for link in sorted({name for each in found for name in each.machine.links}):
        serving = [each for each in found if link in each.machine.links]
        verdicts = {each.verdict for each in serving}
        verdict = "yes" if "yes" in verdicts else ("unknown" if "unknown" in verdicts else "no")
        links[link] = (verdict, tuple(each.evidence for each in serving if each.evidence))
    return links


def link_figures(links: Verdicts, book: FigureBook, formula: str = DELIVERY) -> None:
    """Figure `links.collected`: how many links are collected automatically, a range while some are open."""
    sure = sum(1 for verdict, _ in links.values() if verdict == "yes")
    unsure = sum(1 for verdict, _ in links.values() if verdict == "unknown")
    book.base(
        "links.collected",
        None if unsure else sure,
        bounds=(Decimal(sure), Decimal(sure + unsure)),
        unit="count",
        formula=formula,
        evidence=sorted({each for _, ids in links.values() for each in ids}),
        reason="gap" if unsure else "",
    )


def measured_options(
    found: Sequence[Delivery], links: Verdicts, platform: PlatformFacts, seen: Observation, methods: MethodTable
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Indicator name -> (yes, no or unknown, evidence ids) for framework options that the platform can decide.

    What it can only prove, but not deny (a network or a backup beside it), is left to the documents unless it is seen.
    """
    options = {f"link_{link}": verdict for link, verdict in links.items()}
    tls = bool(platform.gateways) and platform.gateways_tls == platform.gateways
    classified = any(scan.entry.data_class != "general" for scan in seen.scans.values())
    if platform.gateways and platform.gateways_tls is not None:
        options["transport_encrypted"] = ("yes" if tls else "no", ())
    if classified:
        options["data_classified"] = ("yes", ())
    if tls and classified and platform.backup_restored:
        options["data_protected"] = ("yes", ())
    delivering = [each for each in found if each.verdict == "yes"]
    if len(delivering) >= methods.get("network_reach_machines").value:
        options["control_network_reach"] = ("yes", tuple(each.evidence for each in delivering))
    return options
