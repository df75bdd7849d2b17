"""Bills entered as the input of a baseline"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.create_table(
        "entered_bills",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("kwh", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("amounts", sa.JSON(), nullable=False),
        sa.Column("entered_by", sa.String(length=63), nullable=False),
        sa.Column("entered_ns", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=63), nullable=False),
        sa.Column("withdrawn_ns", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entered_bills")),
    )
    op.create_index(op.f("ix_entered_bills_enterprise"), "entered_bills", ["enterprise"], unique=False)


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("entered_bills")
