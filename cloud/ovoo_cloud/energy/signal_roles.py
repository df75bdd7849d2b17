"""The signal of a machine that has a role, by its template, else by its name."""

from __future__ import annotations

from collections.abc import Sequence

from ovoo_contract.errors import PackError, UnitError
from ovoo_contract.units import conversion
from ovoo_packs import load_pack

from ovoo_cloud.catalogue.tables import AssetRecord, SignalRecord

__all__ = ["factor_to", "role_signal"]


def role_signal(row: AssetRecord, rows: Sequence[SignalRecord], role: str, *names: str) -> SignalRecord | None:
    """The first of the template's signals with the role that the machine has; `names` count where no template tells."""
    by_name = {each.name: each for each in rows}
    wanted: tuple[str, ...] = (role, *names)
    if row.pack and row.template:
        try:
            template = load_pack(row.pack).template(row.template)
            wanted = tuple(each.name for each in template.by_role(role)) or wanted
        except PackError:
            pass
    return next((by_name[name] for name in wanted if name in by_name), None)


def factor_to(row: SignalRecord, unit: str) -> float | None:
    """What makes `unit` of the signal's own; None where it measures something else."""
    try:
        return conversion(row.unit, unit)[0]
    except UnitError:
        return None
