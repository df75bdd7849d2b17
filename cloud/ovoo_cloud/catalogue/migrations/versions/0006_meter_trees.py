"""Meter trees of sites, and decisions and prices of their energy cases"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.create_table(
        "meter_trees",
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=400), nullable=False),
        sa.Column("given_by", sa.String(length=63), nullable=False),
        sa.Column("given_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise", "site", "version", name=op.f("pk_meter_trees")),
    )
    op.create_table(
        "energy_inputs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("asset", sa.String(length=400), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=400), nullable=False),
        sa.Column("given_by", sa.String(length=63), nullable=False),
        sa.Column("given_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_energy_inputs")),
    )
    op.create_index(op.f("ix_energy_inputs_enterprise_site"), "energy_inputs", ["enterprise", "site"], unique=False)


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("energy_inputs")
    op.drop_table("meter_trees")
