"""Lines of access and egress enter the hash chain, and nothing that was sealed can be changed unseen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ovoo_cloud.access.grants import Terms, give
from ovoo_cloud.access.roles import Purpose, Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import access_lines, audit, enterprises, seals
from ovoo_cloud.catalogue.access_lines import Read
from ovoo_cloud.catalogue.access_tables import AccessLine
from ovoo_cloud.catalogue.centre_tables import EgressRecord
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.centre import egress
from ovoo_contract.errors import VerifyError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

T0 = 1_780_000_000_000_000_000 // seals.MINUTE_NS * seals.MINUTE_NS
MINUTE, DAY = seals.MINUTE_NS, 86_400_000_000_000
OWN = frozenset({"plant"})
ENGINEER = Scope("li", Role.ENTERPRISE_ENGINEER, OWN)
EXPERT = Scope("expert", Role.CENTRE_EXPERT, None)
TAKEN = egress.Taken("plant", "site", "/api/v1/x", "s/a/l/m/power", "important")


@pytest.fixture
def grant(database: Database) -> str:
    with database.write() as session:
        system = Scope.system()
        enterprises.save_enterprise(session, system, "plant", name_zh="厂", name_en="Plant", sector="coal_mine")
        return give(session, ENGINEER, "plant", Terms([Purpose.REPORT], [], T0, T0 + 30 * DAY, "test"), T0).id


def read(database: Database, grant: str, now_ns: int, operation: str = "latest", **rest: object) -> None:
    with database.write() as session:
        access_lines.note(session, EXPERT, {grant}, Read(operation, **rest), now_ns)  # type: ignore[arg-type]


def lines(database: Database) -> list[AccessLine]:
    with database.read() as session:
        return list(session.scalars(select(AccessLine).order_by(AccessLine.id)))


def test_a_minutes_reads_are_one_line_that_says_what_when_and_how_much(database: Database, grant: str) -> None:
    read(database, grant, T0, site="north", subject="pump", start_ns=5, end_ns=9, rows=3, size=100)
    read(database, grant, T0 + 59 * 10**9, site="south north", subject="fan", start_ns=2, end_ns=7, size=11)

    (row,) = lines(database)
    assert (row.reads, row.row_count, row.byte_count, row.site, row.subject) == (2, 3, 111, "north south", "pump fan")
    assert (row.start_ns, row.end_ns, row.sealed, row.role) == (2, 9, None, "centre_expert")


def test_the_next_minute_seals_the_lines_before_in_one_line_of_audit(database: Database, grant: str) -> None:
    for name in ("latest", "history", "alarms"):
        read(database, grant, T0, name)
    read(database, grant, T0 + MINUTE)

    with database.read() as session:
        sealing = [line for line in audit.listing(session, Scope.system()) if line.action == "access.seal"]
        assert audit.verify_chain(session) == 6  # the grant, four lines begun, one seal
    assert [line.detail["count"] for line in sealing] == [3]
    assert [row.sealed for row in lines(database)] == [sealing[0].seq] * 3 + [None]


def test_a_list_too_long_for_a_line_says_that_there_is_more(database: Database, grant: str) -> None:
    for number in range(100):
        read(database, grant, T0, subject=f"signal-{number:04d}")

    (row,) = lines(database)
    assert row.reads == 100
    assert len(row.subject) <= 400
    assert row.subject.endswith("…")


def test_a_clock_set_back_opens_a_new_line_and_changes_no_sealed_one(database: Database, grant: str) -> None:
    read(database, grant, T0, size=1)
    read(database, grant, T0 + MINUTE, size=2)
    read(database, grant, T0, size=4)

    assert [(row.minute_ns, row.byte_count, row.sealed is None) for row in lines(database)] == [
        (T0, 1, False),
        (T0 + MINUTE, 2, False),
        (T0, 4, True),
    ]
    with database.read() as session:
        assert audit.verify_chain(session) > 0


def test_a_stream_that_outlasts_its_minute_counts_in_the_minute_it_ends_in(database: Database, grant: str) -> None:
    read(database, grant, T0, "export")
    read(database, grant, T0 + 2 * MINUTE, "latest")  # seals the first line
    with database.write() as session:
        access_lines.count_on(session, EXPERT, {grant}, Read("export", size=900), T0 + 2 * MINUTE)

    assert [(row.operation, row.reads, row.byte_count) for row in lines(database)] == [
        ("export", 1, 0),
        ("latest", 1, 0),
        ("export", 0, 900),
    ]
    with database.read() as session:
        assert audit.verify_chain(session) > 0


def changed(session: Session) -> None:
    session.execute(update(AccessLine).where(AccessLine.id == 1).values(byte_count=0))


def renamed(session: Session) -> None:
    session.execute(update(AccessLine).where(AccessLine.id == 2).values(user="nobody"))


def gone(session: Session) -> None:
    session.execute(delete(AccessLine).where(AccessLine.id == 1))


def unsealed(session: Session) -> None:
    session.execute(update(AccessLine).where(AccessLine.id == 1).values(sealed=None))


def moved(session: Session) -> None:
    session.execute(update(AccessLine).where(AccessLine.id == 1).values(sealed=1))


def taken_over(session: Session) -> None:
    session.execute(update(EgressRecord).values(actor="nobody"))


def shrunk(session: Session) -> None:
    session.execute(update(EgressRecord).values(byte_count=1))


@pytest.mark.parametrize("tamper", [changed, renamed, gone, unsealed, moved, taken_over, shrunk])
def test_whatever_is_changed_of_a_sealed_line_is_found(
    database: Database, grant: str, tamper: Callable[[Session], None]
) -> None:
    read(database, grant, T0, "latest", size=7)
    read(database, grant, T0, "alarms")
    with database.write() as session:
        number = egress.begin(session, EXPERT, TAKEN, T0)
        egress.finish(session, number, rows=5, size=500, complete=True, now_ns=T0)
        assert seals.seal(session, T0 + MINUTE) == 3
        assert audit.verify_chain(session) > 0

    with database.write() as session:
        tamper(session)

    with database.read() as session, pytest.raises(VerifyError, match="seal"):
        audit.verify_chain(session)


def test_a_download_is_sealed_when_it_ended_or_after_a_day_and_a_late_end_is_a_line_of_its_own(
    database: Database,
) -> None:
    with database.write() as session:
        number = egress.begin(session, EXPERT, TAKEN, T0)
        early = seals.seal(session, T0 + DAY)
        late = seals.seal(session, T0 + DAY + 1)
        egress.finish(session, number, rows=5, size=500, complete=True, now_ns=T0 + 2 * DAY)
        newest = audit.newest(session)
        row = session.get(EgressRecord, number)

        assert (early, late) == (0, 1)
        assert newest is not None
        assert (newest.action, newest.detail) == ("egress.late_end", {"bytes": "500", "complete": True, "rows": "5"})
        assert row is not None
        assert row.byte_count == 0
        assert audit.verify_chain(session) == 2
