"""What a site pays by, market prices, bills and carbon figures"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.create_table(
        "energy_contracts",
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("updated_by", sa.String(length=63), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise", "site", name=op.f("pk_energy_contracts")),
    )
    op.create_table(
        "market_prices",
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step_ns", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.String(length=400), nullable=False),
        sa.Column("may_be_negative", sa.Boolean(), nullable=False),
        sa.Column("prices", sa.JSON(), nullable=False),
        sa.Column("updated_by", sa.String(length=63), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise", "site", "name", "start_ns", name=op.f("pk_market_prices")),
    )
    op.create_table(
        "energy_statements",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("period", sa.String(length=63), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("record_id", sa.String(length=24), nullable=False),
        sa.Column("follows", sa.String(length=24), nullable=False),
        sa.Column("created_by", sa.String(length=63), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_energy_statements")),
    )
    op.create_index(op.f("ix_energy_statements_enterprise"), "energy_statements", ["enterprise"], unique=False)


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("energy_statements")
    op.drop_table("market_prices")
    op.drop_table("energy_contracts")
