"""Alembic's entry: migrations run on the connection that Database.migrate hands over."""

from __future__ import annotations

from alembic import context
from ovoo_cloud.catalogue import (  # noqa: F401  # their tables belong to the metadata
    access_tables,
    baseline_tables,
    bill_tables,
    case_tables,
    centre_tables,
    clock_tables,
    energy_tables,
    framework_tables,
    grant_tables,
    region_tables,
    register_kind_tables,
    standing_tables,
    sums_tables,
)
from ovoo_cloud.catalogue.tables import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
