"""By which sector, size and place enterprises were grouped: kept in the installation, named in reports by a hash.

Sector, size and place change; figures of groups were computed from those of one day. A report carries only the SHA-256
of the list, so that a verification groups as it was grouped then, and nobody can read from a report who was where.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import VerifyError
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.register_kind_tables import PinnedPlaces
from ovoo_cloud.centre.benchmark import Place, Reading

__all__ = ["pin_places", "pinned_places", "places_hash"]


def places_hash(readings: Iterable[Reading], places: Mapping[str, Place]) -> str:
    """The hash of who counts and where: snapshot hash with sector, size, region; no name, no order matters."""
    return _hash(_rows(readings, places))


def pin_places(session: Session, readings: Iterable[Reading], places: Mapping[str, Place], now_ns: int) -> str:
    """Keeps the list; gives its hash. The same list again is kept once."""
    rows = _rows(readings, places)
    name = _hash(rows)
    if session.get(PinnedPlaces, name) is None:
        session.add(PinnedPlaces(sha256=name, content={"rows": rows}, made_ns=now_ns))
        session.flush()
    return name


def pinned_places(session: Session, sha256: str) -> dict[str, Place]:
    """The places under a hash, by enterprise.

    Raises:
        VerifyError: this installation does not hold the list, or it was changed.
    """
    found = session.get(PinnedPlaces, sha256)
    if found is None or _hash(found.content["rows"]) != sha256:
        raise VerifyError(
            "sector, size and place of that day are not held here", offender="places_sha256", value=sha256[:16],
            remedy="verify where it was issued, or restore the database",
        )  # fmt: skip
    return {row["enterprise"]: Place(*row["place"]) for row in found.content["rows"]}


def _rows(readings: Iterable[Reading], places: Mapping[str, Place]) -> list[dict[str, Any]]:
    return [
        {"enterprise": each.enterprise, "report": each.sha256, "place": _parts(places[each.enterprise])}
        for each in sorted(readings, key=lambda each: each.sha256)
        if each.figures is not None
    ]


def _parts(place: Place) -> list[str]:
    return [place.sector, place.size, place.region]


def _hash(rows: Iterable[Mapping[str, Any]]) -> str:
    return sha256_hex(canonical_json(sorted([row["report"], *row["place"]] for row in rows)))
