"""The workflow of cases: files, steps, parts, documents, reviews, snapshots, editions, report numbers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    _case_files()
    _case_steps()
    _case_parts()
    _case_documents()
    _case_reviews()
    _case_snapshots()
    _case_editions()
    _report_numbers()


def downgrade() -> None:
    """Takes it back."""
    for table in (
        "report_numbers",
        "case_editions",
        "case_snapshots",
        "case_reviews",
        "case_documents",
        "case_parts",
        "case_steps",
        "case_files",
    ):
        op.drop_table(table)


def _case_files() -> None:
    op.create_table(
        "case_files",
        sa.Column("case", sa.String(length=63), nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("sites", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("resume_state", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("grant", sa.String(length=24), nullable=False),
        sa.Column("framework", sa.String(length=63), nullable=False),
        sa.Column("edition", sa.String(length=64), nullable=False),
        sa.Column("snapshot", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=63), nullable=False),
        sa.Column("previous", sa.String(length=63), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_case_files_case_cases")),
        sa.PrimaryKeyConstraint("case", name=op.f("pk_case_files")),
    )
    op.create_index(op.f("ix_case_files_enterprise"), "case_files", ["enterprise"], unique=False)
    op.create_index(op.f("ix_case_files_state"), "case_files", ["state"], unique=False)


def _case_steps() -> None:
    op.create_table(
        "case_steps",
        sa.Column("case", sa.String(length=63), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.String(length=24), nullable=False),
        sa.Column("before", sa.String(length=24), nullable=False),
        sa.Column("after", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=63), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["case_files.case"], name=op.f("fk_case_steps_case_case_files")),
        sa.PrimaryKeyConstraint("case", "seq", name=op.f("pk_case_steps")),
    )


def _case_parts() -> None:
    op.create_table(
        "case_parts",
        sa.Column("case", sa.String(length=63), nullable=False),
        sa.Column("part", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=63), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["case_files.case"], name=op.f("fk_case_parts_case_case_files")),
        sa.PrimaryKeyConstraint("case", "part", "version", name=op.f("pk_case_parts")),
    )


def _case_documents() -> None:
    op.create_table(
        "case_documents",
        sa.Column("case", sa.String(length=63), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("uploaded_by", sa.String(length=63), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["case_files.case"], name=op.f("fk_case_documents_case_case_files")),
        sa.PrimaryKeyConstraint("case", "sha256", name=op.f("pk_case_documents")),
    )


def _case_reviews() -> None:
    op.create_table(
        "case_reviews",
        sa.Column("case", sa.String(length=63), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("snapshot", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("on_site", sa.Boolean(), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=False),
        sa.Column("reviewer", sa.String(length=63), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["case_files.case"], name=op.f("fk_case_reviews_case_case_files")),
        sa.PrimaryKeyConstraint("case", "seq", name=op.f("pk_case_reviews")),
    )


def _case_snapshots() -> None:
    op.create_table(
        "case_snapshots",
        sa.Column("case", sa.String(length=63), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(length=63), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["case_files.case"], name=op.f("fk_case_snapshots_case_case_files")),
        sa.PrimaryKeyConstraint("case", "id", name=op.f("pk_case_snapshots")),
    )


def _case_editions() -> None:
    op.create_table(
        "case_editions",
        sa.Column("case", sa.String(length=63), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("pinned_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["case_files.case"], name=op.f("fk_case_editions_case_case_files")),
        sa.PrimaryKeyConstraint("case", "sha256", name=op.f("pk_case_editions")),
    )


def _report_numbers() -> None:
    op.create_table(
        "report_numbers",
        sa.Column("number", sa.String(length=63), nullable=False),
        sa.Column("case", sa.String(length=63), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("issue_date", sa.String(length=10), nullable=False),
        sa.Column("taken_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_report_numbers")),
    )
    op.create_index(op.f("ix_report_numbers_case"), "report_numbers", ["case"], unique=False)
    op.create_index(op.f("ix_report_numbers_issue_date"), "report_numbers", ["issue_date"], unique=False)
