"""The embedded store's file: one DuckDB database, one schema per enterprise, opened by one process."""

from __future__ import annotations

import pathlib
from typing import Final

import duckdb
from ovoo_contract.errors import StoreError, StoreUnavailable
from ovoo_contract.schema import GATEWAY, database_name

__all__ = ["FILE_NAME", "create_schema", "open_file", "schema_names", "schema_of"]

FILE_NAME: Final = "telemetry.duckdb"
_FORMAT: Final = 1
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS {schema}.series(id UINTEGER NOT NULL, address VARCHAR NOT NULL)",
    # no index: samples arrive nearly in time order, so block ranges prune by themselves, and writing stays fast
    "CREATE TABLE IF NOT EXISTS {schema}.samples"
    "(series UINTEGER NOT NULL, time_ns BIGINT NOT NULL, value DOUBLE, quality UINTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS {schema}.texts"
    "(series UINTEGER NOT NULL, time_ns BIGINT NOT NULL, text VARCHAR NOT NULL)",
    "CREATE TABLE IF NOT EXISTS {schema}.deliveries"
    "(gateway VARCHAR NOT NULL, epoch UBIGINT NOT NULL, first UBIGINT NOT NULL, last UBIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS {schema}.gateway(gateway VARCHAR NOT NULL, time_ns BIGINT NOT NULL, "
    + ", ".join(f"{name} DOUBLE" for name in GATEWAY.fields)
    + ")",
)


def schema_of(enterprise: str) -> str:
    """The quoted schema name of an enterprise."""
    return f'"{database_name(enterprise)}"'


def open_file(folder: pathlib.Path, memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    """Opens or creates the database; StoreUnavailable when another process owns it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_mb}MB",
        "threads": threads,
        "temp_directory": str(folder / "spill"),
        "preserve_insertion_order": True,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        connection = duckdb.connect(str(path), config=config)
    except duckdb.IOException as error:
        if "lock" not in str(error).lower():
            raise StoreUnavailable(
                str(error), offender=str(path), remedy="check the disk and the file's rights"
            ) from error
        raise StoreUnavailable(
            "another process owns this file",
            offender=str(path),
            remedy="ask the running `ovoo-cloud serve` over its API, or stop it first",
        ) from error
    _check_format(connection, path)
    return connection


def _check_format(connection: duckdb.DuckDBPyConnection, path: pathlib.Path) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS main.ovoo_format(version INTEGER NOT NULL)")
    row = connection.execute("SELECT max(version) FROM main.ovoo_format").fetchone()
    version = row[0] if row else None
    if version is None:
        connection.execute("INSERT INTO main.ovoo_format VALUES (?)", [_FORMAT])
    elif version != _FORMAT:
        connection.close()
        raise StoreError("written by another version", offender=str(path), value=version, remedy="upgrade ovoo-cloud")


def schema_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The enterprises that have a schema."""
    prefix = "ovoo_"
    rows = connection.execute(
        "SELECT schema_name FROM information_schema.schemata WHERE catalog_name = current_database()"
    ).fetchall()
    return [name.removeprefix(prefix) for (name,) in rows if name.startswith(prefix)]


def create_schema(connection: duckdb.DuckDBPyConnection, enterprise: str) -> None:
    """Creates the enterprise's schema and tables where they are missing."""
    schema = schema_of(enterprise)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for statement in _TABLES:
        connection.execute(statement.format(schema=schema))
