"""The energy of a case as its intake tells it: meters, carriers, the norm that applies, the tariff."""

from __future__ import annotations

from decimal import Decimal

from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import AddressError

from ovoo_cloud.diagnosis.case_answers import told
from ovoo_cloud.diagnosis.case_operation import OutputSignal, read_signal
from ovoo_cloud.diagnosis.case_parts import Carrier, EnergyIntake, NormChoice, ProductSignal, Tariff
from ovoo_cloud.diagnosis.intake import IntakeReader

__all__ = ["read_asset", "read_energy", "read_measured"]


def read_asset(reader: IntakeReader, key: str, text: str, enterprise: str) -> AssetAddress | None:
    """The asset of a path site/area/line/asset; None, with the mistake noted, where it is none."""
    parts = text.split("/")
    if len(parts) == 4:
        try:
            return AssetAddress(enterprise, *parts)
        except AddressError as error:
            remedy = "write site/area/line/asset in small letters"
            reader.fail(key, f"not an asset path: {error}", remedy, code="intake.not_asset_path")
            return None
    reader.fail(
        key,
        "not an asset path",
        "write site/area/line/asset, for example heishan/ventilation/main/fan1",
        code="intake.not_asset_path",
    )
    return None


def read_measured(parent: IntakeReader, enterprise: str) -> ProductSignal | None:
    """Where the platform sees an amount run, of a product or a carrier: asset, signal and kind."""
    reader = parent.child("measured")
    if reader is None:
        return None
    asset = read_asset(reader, "asset", reader.text("asset"), enterprise)
    name, kind = read_signal(reader)
    reader.finish()
    return None if asset is None else ProductSignal(asset, OutputSignal(name, kind))


def read_energy(top: IntakeReader, enterprise: str) -> EnergyIntake:
    """What the case says about energy; nothing of it where it says nothing."""
    reader = top.child("energy")
    if reader is None:
        return EnergyIntake((), (), False, None, None, "")
    meters = tuple(read_asset(reader, "meters", text, enterprise) for text in reader.names("meters"))
    energy = EnergyIntake(
        meters=tuple(meter for meter in meters if meter is not None),
        carriers=tuple(_carrier(entry, enterprise) for entry in reader.children("carriers")),
        complete=bool(reader.boolean("complete", False)),
        norm=_norm(reader),
        tariff=_tariff(reader),
        co2_factor=reader.text("co2_factor", ""),
    )
    reader.finish()
    return energy


def _carrier(reader: IntakeReader, enterprise: str) -> Carrier:
    cls, documents = told(reader)
    measured = read_measured(reader, enterprise)
    carrier = Carrier(reader.text("carrier"), reader.decimal("amount"), reader.text("unit"), cls, documents, measured)
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
