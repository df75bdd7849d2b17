"""What gateways account for, hour by hour"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.create_table(
        "hour_reports",
        sa.Column("gateway", sa.String(length=63), nullable=False),
        sa.Column("hour_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("catalogue_id", sa.String(length=16), nullable=False),
        sa.Column("first_signal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.Column("received_ns", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("gateway", "hour_ns", "catalogue_id", "first_signal", name=op.f("pk_hour_reports")),
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("hour_reports")
