"""The evidence of a region: no sample of any plant, but what the issued reports of the installation give."""

from __future__ import annotations

from collections.abc import Callable

from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.region_report.snapshot import RegionInputs

__all__ = ["IssuedReports"]


class IssuedReports(MemorySource):
    """An evidence source that holds no signals; `inputs` reads the reports of a quarter again."""

    def __init__(self, read: Callable[[str, str], RegionInputs]) -> None:
        """`read` gives what a quarter's aggregates are computed from, by the places under a hash."""
        super().__init__((), ())
        self._read = read

    def inputs(self, quarter: str, places_sha256: str = "") -> RegionInputs:
        """What the issued reports give for a quarter, grouped by the places under the hash; empty: by today's."""
        return self._read(quarter, places_sha256)
