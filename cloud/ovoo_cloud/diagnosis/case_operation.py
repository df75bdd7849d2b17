"""What a case tells about running its machines: planned time, ideal rate, counters of output, work orders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

from ovoo_cloud.diagnosis.instants import read_instant
from ovoo_cloud.diagnosis.intake import IntakeReader

__all__ = [
    "NO_OPERATION",
    "MachineOperation",
    "OperationIntake",
    "OutputSignal",
    "Shutdown",
    "WorkOrders",
    "read_operation",
    "read_signal",
]

OutputKind = Literal["counter", "rate"]
Told = Literal["declared", "verified"]


@dataclass(frozen=True, slots=True)
class OutputSignal:
    """A signal of the machine that tells output: a `counter` that rises by it, or a `rate` per hour."""

    signal: str
    kind: OutputKind


@dataclass(frozen=True, slots=True)
class MachineOperation:
    """What OEE needs beside samples. `planned_h` inside the window; `ideal_per_h` in the unit of the output.

    `good` counts output that passed. None where not told: nothing is invented in its place.
    """

    machine: str
    planned_h: Decimal | None
    ideal_per_h: Decimal | None
    output: OutputSignal | None
    good: OutputSignal | None
    cls: Told
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkOrders:
    """Work orders that warnings triggered inside the window, and how many of them are done."""

    issued: int
    closed: int
    cls: Told
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shutdown:
    """A planned stop [start_ns, end_ns), ns UTC, of the named machines of the register, or of all where none is named.

    The time that a document proves leaves the window; what is only declared widens ranges.
    """

    start_ns: int
    end_ns: int
    machines: tuple[str, ...]
    cls: Told
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OperationIntake:
    """The section `operation` of a case."""

    machines: tuple[MachineOperation, ...] = ()
    work_orders: WorkOrders | None = None
    shutdowns: tuple[Shutdown, ...] = ()

    def of(self, machine: str) -> MachineOperation | None:
        """The entry of a machine of the register."""
        return next((each for each in self.machines if each.machine == machine), None)


NO_OPERATION: Final = OperationIntake()


def read_operation(top: IntakeReader, machines: tuple[str, ...], zone: ZoneInfo) -> OperationIntake:
    """The section, empty where it is absent; mistakes go to the reader's log.

    Args:
        top: the case.
        machines: ids of the register; an entry names one of them.
        zone: of times that name none.
    """
    reader = top.child("operation")
    if reader is None:
        return NO_OPERATION
    found = tuple(_machine(entry, machines) for entry in reader.children("machines"))
    for name in sorted({each.machine for each in found if sum(each.machine == row.machine for row in found) > 1}):
        reader.fail(
            "machines",
            f"machine {name!r} is told twice",
            "write one entry per machine",
            code="intake.machine_twice",
            name=name,
        )
    stops = tuple(_shutdown(entry, machines, zone) for entry in reader.children("shutdowns"))
    intake = OperationIntake(found, _work_orders(reader), stops)
    reader.finish()
    return intake


def _machine(reader: IntakeReader, machines: tuple[str, ...]) -> MachineOperation:
    cls, documents = _told(reader)
    made = MachineOperation(
        machine=reader.text("machine"),
        planned_h=reader.decimal("planned_h"),
        ideal_per_h=reader.decimal("ideal_per_h"),
        output=_signal(reader, "output"),
        good=_signal(reader, "good"),
        cls=cls,
        documents=documents,
    )
    if made.machine and made.machine not in machines:
        reader.fail(
            "machine",
            "no such machine in the register",
            "use an id of the section equipment:",
            code="intake.no_such_machine",
        )
    for name, value in (("planned_h", made.planned_h), ("ideal_per_h", made.ideal_per_h)):
        if value is not None and value == 0:
            reader.fail(
                name,
                "nothing can be divided by it",
                "write a number above 0, or leave it out",
                code="intake.zero_divisor",
            )
    reader.finish()
    return made


def _shutdown(reader: IntakeReader, machines: tuple[str, ...], zone: ZoneInfo) -> Shutdown:
    cls, documents = _told(reader)
    named = reader.names("machines") if reader.has("machines") else ()
    reader.seen.add("machines")
    stop = Shutdown(read_instant(reader, "start", zone), read_instant(reader, "end", zone), named, cls, documents)
    if stop.start_ns >= stop.end_ns:
        reader.fail(
            "end",
            "the shutdown ends before it starts",
            "write end later than start; end is not included",
            code="intake.shutdown_ends_first",
        )
    for name in sorted(set(named) - set(machines)):
        reader.fail(
            "machines",
            f"no such machine in the register: {name!r}",
            "use ids of the section equipment:",
            code="intake.shutdown_of_no_machine",
            name=name,
        )
    reader.finish()
    return stop


def _signal(parent: IntakeReader, key: str) -> OutputSignal | None:
    reader = parent.child(key)
    if reader is None:
        return None
    name, kind = read_signal(reader)
    reader.finish()
    return OutputSignal(name, kind)


def read_signal(reader: IntakeReader) -> tuple[str, OutputKind]:
    """The entries `signal` and `kind`."""
    name, kind = reader.text("signal"), reader.choice("kind", ("counter", "rate"))
    return name, "rate" if kind == "rate" else "counter"


def _work_orders(parent: IntakeReader) -> WorkOrders | None:
    reader = parent.child("work_orders")
    if reader is None:
        return None
    cls, documents = _told(reader)
    orders = WorkOrders(reader.integer("issued"), reader.integer("closed"), cls, documents)
    if orders.closed > orders.issued:
        reader.fail(
            "closed",
            "more are closed than were issued",
            "count the orders of the window once",
            code="intake.more_closed_than_issued",
        )
    reader.finish()
    return orders


def _told(reader: IntakeReader) -> tuple[Told, tuple[str, ...]]:
    cls, documents = reader.choice("class", ("declared", "verified"), "declared"), reader.names("evidence")
    if cls == "verified" and not documents:
        reader.fail(
            "class",
            "verified without a document",
            "list them under evidence:, or write declared",
            code="intake.verified_without_document",
        )
    return ("verified" if cls == "verified" else "declared"), documents
