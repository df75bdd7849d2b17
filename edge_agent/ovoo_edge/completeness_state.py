"""What the reporter must not forget: since when signals are known, gaps of the sources, hours already reported."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ovoo_contract.canonical import canonical_json

from ovoo_edge.completeness import KnownGap, cause_code
from ovoo_edge.sources.base import SourceHealth
from ovoo_edge.spool_rows import HOUR_NS

__all__ = ["KNOWN_POSITION", "STATE_POSITION", "ReporterState"]

STATE_POSITION = "#completeness"
KNOWN_POSITION = "#known"
"""Names under which the spool keeps it; no source can be called that."""
STOPPED = "gateway_stopped"
_MOST_GAPS = 1000


@dataclass(slots=True)
class ReporterState:
    """Durable with the rows it speaks of.

    Attributes:
        alive_ns: when the gateway last worked, UTC; 0 = never before.
        known: address -> since when the gateway knows it, UTC.
        gaps: by (source, start, cause) -> end, UTC.
        reported: hour -> (mark of its counts, when it was reported).
    """

    alive_ns: int = 0
    known: dict[str, int] = field(default_factory=dict)
    gaps: dict[tuple[str, int, str], int] = field(default_factory=dict)
    reported: dict[int, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, state: bytes, known: bytes) -> ReporterState:
        """Reads `pack` and `pack_known`; what cannot be read starts anew, and the hours are reported again."""
        try:
            fields: dict[str, Any] = json.loads(zlib.decompress(state)) if state else {}
            names: dict[str, int] = json.loads(zlib.decompress(known)) if known else {}
            return cls(
                int(fields.get("alive_ns", 0)),
                {str(address): int(since) for address, since in names.items()},
                {(source, int(start), cause): int(end) for source, start, cause, end in fields.get("gaps", [])},
                {int(hour): (str(mark), int(at)) for hour, mark, at in fields.get("reported", [])},
            )
        except (zlib.error, ValueError, TypeError, AttributeError):
            return cls()

    def pack(self) -> bytes:
        """Everything but the known signals."""
        gaps = [[source, str(start), cause, str(end)] for (source, start, cause), end in sorted(self.gaps.items())]
        reported = [[hour, mark, str(at)] for hour, (mark, at) in sorted(self.reported.items())]
        return zlib.compress(canonical_json({"alive_ns": str(self.alive_ns), "gaps": gaps, "reported": reported}))

    def pack_known(self) -> bytes:
        """The known signals."""
        return zlib.compress(canonical_json({address: str(since) for address, since in self.known.items()}))

    def start(self, addresses: Iterable[str], now_ns: int) -> None:
        """The gateway starts: new signals are known from now on, and the time since it last worked is a gap."""
        for address in addresses:
            self.known.setdefault(address, now_ns)
        if 0 < self.alive_ns < now_ns:
            self.gaps["", self.alive_ns, STOPPED] = now_ns
        self.alive_ns = now_ns

    def follow(self, sources: Sequence[SourceHealth], now_ns: int, keep_from_ns: int) -> None:
        """Takes over what the sources know of gaps now, and forgets what ended before `keep_from_ns`."""
        self.alive_ns = max(self.alive_ns, now_ns)
        for source in sources:
            for gap in source.gaps:
                if gap.start_ns < gap.end_ns:
                    key = (source.name, gap.start_ns, cause_code(gap.cause))
                    self.gaps[key] = max(gap.end_ns, self.gaps.get(key, 0))
        kept = [(key, end) for key, end in sorted(self.gaps.items(), key=lambda item: item[0][1]) if end > keep_from_ns]
        self.gaps = dict(kept[-_MOST_GAPS:])
        self.reported = {hour: done for hour, done in self.reported.items() if (hour + 1) * HOUR_NS > keep_from_ns}

    def known_gaps(self) -> list[KnownGap]:
        """The sources' own gaps first: they know more of the cause than a gateway that was not running."""
        found = [KnownGap(source, start, end, cause) for (source, start, cause), end in self.gaps.items()]
        return sorted(found, key=lambda gap: (gap.cause == STOPPED, gap.start_ns, gap.source))

    def mark(self, hour: int, counts: str) -> str:
        """What changes with the counts of an hour or with the gaps in it."""
        inside = [
            f"{start}-{end}"
            for (_, start, _), end in sorted(self.gaps.items())
            if start < (hour + 1) * HOUR_NS and end > hour * HOUR_NS
        ]
        return f"{counts}/{zlib.crc32(' '.join(inside).encode()):08x}" if inside else counts
