"""The section `energy` of a case: meters, carriers, norm with corrections, prices; and how an asset is named."""

from __future__ import annotations

from decimal import Decimal

from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import AddressError

from ovoo_cloud.diagnosis.case_answers import told
from ovoo_cloud.diagnosis.case_parts import Carrier, EnergyIntake, NormChoice, Tariff
from ovoo_cloud.diagnosis.intake import IntakeReader

__all__ = ["read_asset", "read_energy"]


def read_asset(reader: IntakeReader, key: str, text: str, enterprise: str) -> AssetAddress | None:
    """The asset that an entry names by site/area/line/asset; a mistake goes to the log under `key`."""
    parts = text.split("/")
    if len(parts) == 4:
        try:
            return AssetAddress(enterprise, *parts)
        except AddressError as error:
            reader.fail(key, f"not an asset path: {error}", "write site/area/line/asset in small letters")
            return None
    reader.fail(key, "not an asset path", "write site/area/line/asset, for example heishan/ventilation/main/fan1")
    return None


def read_energy(top: IntakeReader, enterprise: str) -> EnergyIntake:
    """The section; empty and not complete where the case has none."""
    reader = top.child("energy")
    if reader is None:
        return EnergyIntake((), (), False, None, None, "")
    meters = tuple(read_asset(reader, "meters", text, enterprise) for text in reader.names("meters"))
    energy = EnergyIntake(
        meters=tuple(meter for meter in meters if meter is not None),
        carriers=tuple(_carrier(entry) for entry in reader.children("carriers")),
        complete=bool(reader.boolean("complete", False)),
        norm=_norm(reader),
        tariff=_tariff(reader),
        co2_factor=reader.text("co2_factor", ""),
    )
    reader.finish()
    return energy


def _carrier(reader: IntakeReader) -> Carrier:
    cls, documents = told(reader)
    carrier = Carrier(reader.text("carrier"), reader.decimal("amount"), reader.text("unit"), cls, documents)
    reader.finish()
    return carrier


def _norm(parent: IntakeReader) -> NormChoice | None:
    reader = parent.child("norm")
    if reader is None:
        return None
    corrections = []
    for entry in reader.children("corrections"):
        factor = entry.decimal("factor", required=True)
        corrections.append((entry.text("name"), Decimal(1) if factor is None else factor, entry.text("document")))
        entry.finish()
    choice = NormChoice(reader.text("id"), reader.text("product"), tuple(corrections))
    reader.finish()
    return choice


def _tariff(parent: IntakeReader) -> Tariff | None:
    reader = parent.child("tariff")
    if reader is None:
        return None
    document = reader.text("document")
    prices = reader.child("prices", required=True)
    rows: list[tuple[str, Decimal]] = []
    if prices is not None:
        for band in prices.data:
            price = prices.decimal(band, required=True)
            rows.append((band, price if price is not None else Decimal(0)))
    fictitious = bool(reader.boolean("fictitious", False))
    reader.finish()
    return Tariff(document, fictitious, tuple(sorted(rows)))
