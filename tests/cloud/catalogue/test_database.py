from __future__ import annotations

import pathlib
import threading

import alembic.command
import alembic.config
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, enterprises, migrations
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.tables import Base
from ovoo_contract.errors import StoreUnavailable

SYSTEM = Scope.system()


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    with database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, "heishan-coal")

    database.migrate()

    with database.read() as session:
        assert [row.id for row in enterprises.enterprises(session, SYSTEM)] == ["heishan-coal"]


def test_a_database_of_the_version_before_gets_the_newest_tables(tmp_path: pathlib.Path) -> None:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(pathlib.Path(migrations.__path__[0])))
    newest = ScriptDirectory.from_config(config).get_revision("head")
    before = Database(f"sqlite:///{tmp_path / 'c.db'}")
    with before.engine.connect() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, str(newest.down_revision))
        connection.commit()

    before.migrate()

    with before.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert context.get_current_revision() == newest.revision
        assert compare_metadata(context, Base.metadata) == []
    before.close()


def test_a_write_that_raises_leaves_nothing(database: Database) -> None:
    def stop() -> None:
        with database.write() as session:
            enterprises.save_enterprise(session, SYSTEM, "heishan-coal")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stop()

    with database.read() as session:
        assert list(enterprises.enterprises(session, SYSTEM)) == []


def test_threads_that_read_and_then_write_do_not_fail_each_other(database: Database) -> None:
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for number in range(10):
                with database.write() as session:
                    audit.append(session, actor=name, action="a", subject=str(number), at_ns=number)
        except BaseException as error:
            failures.append(error)

    with database.write() as session:
        audit.append(session, actor="first", action="a", subject="", at_ns=0)
    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert not failures
    with database.read() as session:
        assert audit.verify_chain(session) == 31


def test_a_database_that_does_not_answer_is_unavailable(free_port: int) -> None:
    database = Database(f"postgresql+psycopg://ovoo:secret@127.0.0.1:{free_port}/none")

    with pytest.raises(StoreUnavailable) as caught, database.read() as session:
        enterprises.enterprises(session, SYSTEM)
    assert "secret" not in str(caught.value)
    database.close()
