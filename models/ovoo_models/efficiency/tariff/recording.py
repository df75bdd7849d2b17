"""The record of a bill: readings by hash, prices with their documents, lines; the same inputs give the same record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ovoo_packs.tariffs import Tariff

from ovoo_models.efficiency.record import Column, Record, data_hash
from ovoo_models.efficiency.tariff.bill import Invoice
from ovoo_models.efficiency.tariff.intervals import Intervals
from ovoo_models.efficiency.tariff.prices import EnergyCharge

__all__ = ["METHOD", "VERSION", "bill_record"]

METHOD: Final = "tariff/bill"
VERSION: Final = 1


def bill_record(
    bill: Invoice, intervals: Intervals, charges: Sequence[EnergyCharge], tariff: Tariff, meter: str
) -> Record:
    """What the bill was made from, for the readings that reach into its month.

    Args:
        meter: name or address of the meter.
    """
    rows = intervals.between(bill.start_ns, bill.end_ns)
    times = [intervals.start_ns[row] for row in rows]
    values = [intervals.kwh[row] for row in rows]
    good = sum(value == value for value in values)
    prices = {
        f"{charge.name}.{season}.{band}": str(price)
        for charge in charges
        for (season, band), price in sorted(charge.prices.items())
    }
    results = {f"line{number:02d}.{line.name}.{line.band}": str(line.yuan) for number, line in enumerate(bill.lines)}
    return Record(
        METHOD,
        VERSION,
        bill.start_ns,
        bill.end_ns,
        (Column(meter, "kWh", data_hash(times, values), len(values), good),),
        {"timezone": tariff.timezone, "documents": sorted({line.document for line in bill.lines})},
        prices,
        {**results, "total_yuan": str(bill.total_yuan)},
        tariffs={tariff.id: tariff.source.edition},
    )
