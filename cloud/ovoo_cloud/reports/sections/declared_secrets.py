"""What the enterprise declared secret one by one, and why: a restricted annex, in its own copy only."""

from __future__ import annotations

from ovoo_cloud.diagnosis.case_secrets import Ticked
from ovoo_cloud.diagnosis.secrecy import secrets_of_case
from ovoo_cloud.reports.nodes import Block, Column, Facts, Inline, both, heading, key, name, notice, plain, table
from ovoo_cloud.reports.sections.figure_names import figure_name

__all__ = ["declared_secrets"]

_RESTRICTED = "restricted"


def declared_secrets(facts: Facts) -> list[Block]:
    """A line for every ticked secret; no annex where nothing was ticked."""
    ticked = secrets_of_case(facts.data["case"]).ticked
    if not ticked:
        return []
    columns: list[Column] = [
        ("table.number", "left", 0.3),
        ("annex.secrets.col.kind", "left", 1),
        ("annex.secrets.col.what", "left", 2.4),
        ("annex.secrets.col.reason", "left", 3),
    ]
    rows: list[list[Inline]] = [
        [plain(str(number)), key(f"annex.secrets.{each.kind}"), _what(facts, each), plain(each.reason)]
        for number, each in enumerate(ticked, start=1)
    ]
    listed = {**table("annex.secrets.caption", columns, rows), "secret": _RESTRICTED}
    return [heading(1, "annex.secrets.title"), notice(key("annex.secrets.lead"), "warn"), listed]


def _what(facts: Facts, secret: Ticked) -> Inline:
    if secret.kind == "products":
        products = {row["id"]: row.get("name", row["id"]) for row in facts.data["case"].get("products") or ()}
        return name(both(products.get(secret.name, secret.name)), secret.name)
    return figure_name(facts, secret.name) if secret.kind == "figures" else plain(secret.name)
