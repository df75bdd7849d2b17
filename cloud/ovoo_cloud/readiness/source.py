"""The part of an enterprise's evidence that readiness of one site looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ovoo_contract.address import Address
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.evidence import SampleColumns
from ovoo_contract.findings import Finding

from ovoo_cloud.diagnosis.evidence import EvidenceSource, PlatformFacts
from ovoo_cloud.diagnosis.usage import Usage

__all__ = ["SiteTelemetry"]


class SiteTelemetry:
    """An `EvidenceSource` of the telemetry of one site; no findings, of the usage only the links."""

    def __init__(self, source: EvidenceSource, site: str) -> None:
        self._source = source
        self._site = site

    def signals(self) -> Sequence[SignalEntry]:
        """Telemetry of the site, and the one-minute means that stand for signals sent as minute figures."""
        return [each for each in self._source.signals() if each.address.site == self._site and _wanted(each)]

    def catalogue_ids(self) -> Sequence[str]:
        """The catalogues of the enterprise."""
        return self._source.catalogue_ids()

    def samples(self, address: Address, start_ns: int, end_ns: int) -> SampleColumns:
        """All samples of one signal in the window."""
        return self._source.samples(address, start_ns, end_ns)

    def findings(self, start_ns: int, end_ns: int) -> Sequence[Finding]:
        """None: readiness judges data, not machines."""
        return ()

    def platform(self) -> PlatformFacts:
        """Facts of the platform."""
        return self._source.platform()

    def usage(self, start_ns: int, end_ns: int) -> Usage:
        """The links of the gateways that serve the site."""
        usage = self._source.usage(start_ns, end_ns)
        links = tuple(link for link in usage.links if self._site in link.sites)
        return replace(usage, alarms=(), links=links, simulations=None, forecasts=None)


def _wanted(entry: SignalEntry) -> bool:
    return entry.measurement == "telemetry" or (entry.measurement == "telemetry_1m" and entry.field == "mean")
