"""Issued reports of a region"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.create_table(
        "region_reports",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("number", sa.String(length=63), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("quarter", sa.String(length=7), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("folder", sa.String(length=400), nullable=False),
        sa.Column("snapshot_sha256", sa.String(length=64), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=63), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region_reports")),
        sa.UniqueConstraint("number", "revision", name=op.f("uq_region_reports_number_revision")),
    )
    op.create_index(op.f("ix_region_reports_quarter"), "region_reports", ["quarter"], unique=False)


def downgrade() -> None:
    """Takes it back."""
    op.drop_index(op.f("ix_region_reports_quarter"), table_name="region_reports")
    op.drop_table("region_reports")
