"""Grants of enterprises, and each read under them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.create_table(
        "grants",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("case", sa.String(length=63), nullable=False),
        sa.Column("purposes", sa.JSON(), nullable=False),
        sa.Column("sites", sa.JSON(), nullable=False),
        sa.Column("from_ns", sa.BigInteger(), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_by", sa.String(length=63), nullable=False),
        sa.Column("given_ns", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=63), nullable=False),
        sa.Column("withdrawn_ns", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["enterprise"], ["enterprises.id"], name=op.f("fk_grants_enterprise_enterprises")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_enterprise"), "grants", ["enterprise"], unique=False)
    op.create_index(op.f("ix_grants_case"), "grants", ["case"], unique=False)
    op.create_table(
        "grant_uses",
        sa.Column("grant", sa.String(length=24), nullable=False),
        sa.Column("minute_ns", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user", sa.String(length=63), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.ForeignKeyConstraint(["grant"], ["grants.id"], name=op.f("fk_grant_uses_grant_grants")),
        sa.PrimaryKeyConstraint("grant", "minute_ns", "user", "route", name=op.f("pk_grant_uses")),
    )
    op.create_index(op.f("ix_grant_uses_enterprise_minute_ns"), "grant_uses", ["enterprise", "minute_ns"], unique=False)


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("grant_uses")
    op.drop_table("grants")
