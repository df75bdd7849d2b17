"""Further frameworks of a case beside the leading one, and reviews of their items"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    op.add_column("case_files", sa.Column("further", sa.JSON(), nullable=True))
    _subject_length(80, 140)  # a framework's id stands before the item's


def downgrade() -> None:
    """Takes it back."""
    _subject_length(140, 80)
    op.drop_column("case_files", "further")


def _subject_length(before: int, after: int) -> None:
    with op.batch_alter_table("case_reviews") as table:
        lengths = {"existing_type": sa.String(length=before), "type_": sa.String(length=after)}
        table.alter_column("subject", existing_nullable=False, **lengths)
