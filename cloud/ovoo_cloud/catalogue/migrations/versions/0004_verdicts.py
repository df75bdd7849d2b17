"""What people say of findings"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("finding", sa.String(length=64), nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("asset", sa.String(length=400), nullable=False),
        sa.Column("code", sa.String(length=63), nullable=False),
        sa.Column("model", sa.String(length=63), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("opinion", sa.String(length=16), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("given_by", sa.String(length=63), nullable=False),
        sa.Column("given_ns", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=63), nullable=False),
        sa.Column("withdrawn_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["finding"], ["findings.id"], name=op.f("fk_verdicts_finding_findings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
    )
    op.create_index(op.f("ix_verdicts_finding"), "verdicts", ["finding"], unique=False)
    op.create_index(op.f("ix_verdicts_asset"), "verdicts", ["asset"], unique=False)


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("verdicts")
