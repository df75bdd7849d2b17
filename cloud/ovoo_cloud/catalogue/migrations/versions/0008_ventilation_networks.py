"""Ventilation networks of mines"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.create_table(
        "ventilation_networks",
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("csv", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("document", sa.String(length=400), nullable=False),
        sa.Column("hours_per_year", sa.Float(precision=53), nullable=True),
        sa.Column("made_by", sa.String(length=63), nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("enterprise", "site", "version", name=op.f("pk_ventilation_networks")),
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("ventilation_networks")
