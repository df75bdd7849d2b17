"""What gateways told of clocks, hour by hour"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.create_table(
        "clock_hours",
        sa.Column("gateway", sa.String(length=63), nullable=False),
        sa.Column("source", sa.String(length=63), nullable=False),
        sa.Column("hour_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("heard", sa.Integer(), nullable=False),
        sa.Column("lowest_us", sa.BigInteger(), nullable=False),
        sa.Column("highest_us", sa.BigInteger(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.Column("doubt_us", sa.BigInteger(), nullable=True),
        sa.Column("steps_back", sa.Integer(), nullable=False),
        sa.Column("synced", sa.Integer(), nullable=False),
        sa.Column("error_us", sa.BigInteger(), nullable=True),
        sa.Column("round_trip_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("gateway", "source", "hour_ns", name=op.f("pk_clock_hours")),
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("clock_hours")
