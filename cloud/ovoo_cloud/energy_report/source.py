"""The part of an enterprise's evidence that belongs to one site's energy."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ovoo_contract.address import Address
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.evidence import SampleColumns
from ovoo_contract.findings import Finding

from ovoo_cloud.diagnosis.evidence import EvidenceSource, PlatformFacts
from ovoo_cloud.diagnosis.usage import Usage

__all__ = ["SiteSource"]

_ENERGY_UNITS = frozenset({"kWh", "MWh", "W", "kW", "MW"})


class SiteSource:
    """An `EvidenceSource` of some signals of another one."""

    def __init__(self, source: EvidenceSource, entries: Sequence[SignalEntry]) -> None:
        self._source = source
        self._entries = tuple(entries)

    @classmethod
    def of_site(cls, source: EvidenceSource, site: str, also: Collection[Address] = ()) -> SiteSource:
        """The telemetry of a site's machines that have an energy or power signal, and the signals of `also`."""
        own = [each for each in source.signals() if each.address.site == site and each.measurement == "telemetry"]
        assets = {each.address.asset_address for each in own if each.unit in _ENERGY_UNITS}
        return cls(source, [each for each in own if each.address.asset_address in assets or each.address in also])

    def narrow(self, wanted: Collection[Address]) -> SiteSource:
        """Only the named signals: a year is not read for what nobody needs."""
        return SiteSource(self._source, [each for each in self._entries if each.address in wanted])

    def signals(self) -> Sequence[SignalEntry]:
        """The signals chosen."""
        return self._entries

    def catalogue_ids(self) -> Sequence[str]:
        """The catalogues of the enterprise."""
        return self._source.catalogue_ids()

    def samples(self, address: Address, start_ns: int, end_ns: int) -> SampleColumns:
        """All samples of one signal in the window."""
        return self._source.samples(address, start_ns, end_ns)

    def findings(self, start_ns: int, end_ns: int) -> Sequence[Finding]:
        """Findings at the machines of the signals."""
        assets = {each.address.asset_address for each in self._entries}
        return [each for each in self._source.findings(start_ns, end_ns) if each.asset in assets]

    def platform(self) -> PlatformFacts:
        """Facts of the platform."""
        return self._source.platform()

    def usage(self, start_ns: int, end_ns: int) -> Usage:
        """None: no figure of the month rests on it."""
        return Usage()
