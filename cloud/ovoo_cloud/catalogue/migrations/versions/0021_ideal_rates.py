"""Ideal rates of assets"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.add_column("assets", sa.Column("ideal_rate_per_hour", sa.String(length=32), nullable=True))
    op.add_column("assets", sa.Column("product_unit", sa.String(length=32), nullable=True))


def downgrade() -> None:
    """Takes it back."""
    op.drop_column("assets", "product_unit")
    op.drop_column("assets", "ideal_rate_per_hour")
