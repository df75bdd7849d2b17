"""Own kinds of registers, read steps of requests, places that figures were grouped by"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.create_table(
        "register_kinds",
        sa.Column("kind", sa.String(length=63), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("compiled", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.String(length=63), nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "version", name=op.f("pk_register_kinds")),
    )
    op.create_table(
        "match_seen",
        sa.Column("request", sa.String(length=63), nullable=False),
        sa.Column("user", sa.String(length=63), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["match_requests.id"], name=op.f("fk_match_seen_request_match_requests")),
        sa.PrimaryKeyConstraint("request", "user", name=op.f("pk_match_seen")),
    )
    op.create_table(
        "pinned_places",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_pinned_places")),
    )


def downgrade() -> None:
    """Takes it back."""
    for name in ("pinned_places", "match_seen", "register_kinds"):
        op.drop_table(name)
