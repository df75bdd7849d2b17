"""What gateways are to run"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.create_table(
        "desired_configs",
        sa.Column("gateway", sa.String(length=63), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=16), nullable=False),
        sa.Column("feedback", sa.JSON(), nullable=False),
        sa.Column("promote", sa.JSON(), nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["gateway"], ["gateways.id"], name=op.f("fk_desired_configs_gateway_gateways")),
        sa.PrimaryKeyConstraint("gateway", name=op.f("pk_desired_configs")),
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("desired_configs")
