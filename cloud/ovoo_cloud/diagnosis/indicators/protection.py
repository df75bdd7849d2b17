"""Network and data security as far as the platform sees it: encryption, backup with restore test, classes, roles."""

from __future__ import annotations

from typing import Any

from ovoo_cloud.diagnosis.evidence import PlatformFacts
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.observe import Observation

__all__ = ["protection_section"]

_QUERY = "gateways with a certificate of their own"


def protection_section(platform: PlatformFacts, seen: Observation, book: FigureBook) -> dict[str, Any]:
    """Figures `security.*` and what was seen of roles and restore tests; None stands for "not seen"."""
    for cls in ("general", "important", "core"):
        count = sum(1 for scan in seen.scans.values() if scan.entry.data_class == cls)
        book.base(f"security.signals_{cls}", count, unit="count")
    records = [] if platform.gateways is None else [[platform.gateways, platform.gateways_tls]]
    evidence = [seen.book.add_records(records, _QUERY, formulas=["count/1"])] if records else []
    made = {
        name: book.base(f"security.{name}", value, unit="count", evidence=evidence)
        for name, value in (("gateways", platform.gateways), ("gateways_tls", platform.gateways_tls))
    }
    inputs = [made["gateways_tls"], made["gateways"]] if platform.gateways else []
    book.derived("security.tls_percent", "percent/1", inputs, unit="%", digits=1, reason="" if inputs else "not_told")
    return {"roles_enforced": platform.roles_enforced, "backup_restored": platform.backup_restored}
