"""Hours of machines as sums by regime"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.create_table(
        "hour_sums",
        sa.Column("gateway", sa.String(length=63), nullable=False),
        sa.Column("asset", sa.String(length=400), nullable=False),
        sa.Column("model", sa.String(length=16), nullable=False),
        sa.Column("layout", sa.String(length=80), nullable=False),
        sa.Column("hour_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.Column("received_ns", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("gateway", "asset", "model", "layout", "hour_ns", name=op.f("pk_hour_sums")),
    )
    op.create_index("ix_hour_sums_asset_hour_ns", "hour_sums", ["asset", "hour_ns"], unique=False)
    op.create_index("ix_hour_sums_enterprise_site", "hour_sums", ["enterprise", "site"], unique=False)


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("hour_sums")
