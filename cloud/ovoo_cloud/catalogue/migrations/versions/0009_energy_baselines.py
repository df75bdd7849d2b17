"""Baselines, savings, non-routine events and intensities"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    _baselines()
    _savings()
    _events()
    op.create_table(
        "energy_intensities",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("results", sa.JSON(), nullable=False),
        sa.Column("computed_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.String(length=63), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_energy_intensities")),
    )
    op.create_index(op.f("ix_energy_intensities_enterprise"), "energy_intensities", ["enterprise"], unique=False)


def downgrade() -> None:
    """Takes it back."""
    for table in ("energy_intensities", "energy_events", "energy_savings", "energy_fits", "energy_baselines"):
        op.drop_table(table)


def _baselines() -> None:
    op.create_table(
        "energy_baselines",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=63), nullable=False),
        sa.Column("asset", sa.String(length=400), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.String(length=63), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_energy_baselines")),
    )
    op.create_index(op.f("ix_energy_baselines_enterprise"), "energy_baselines", ["enterprise"], unique=False)
    op.create_table(
        "energy_fits",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("baseline", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.String(length=63), nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.Column("signed_by", sa.String(length=63), nullable=False),
        sa.Column("signed_ns", sa.BigInteger(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["baseline"], ["energy_baselines.id"], name=op.f("fk_energy_fits_baseline_energy_baselines")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_energy_fits")),
    )
    op.create_index(op.f("ix_energy_fits_baseline"), "energy_fits", ["baseline"], unique=False)


def _savings() -> None:
    op.create_table(
        "energy_savings",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("baseline", sa.String(length=40), nullable=False),
        sa.Column("fit", sa.String(length=40), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("nightly", sa.Boolean(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("course", sa.JSON(), nullable=False),
        sa.Column("adjusted", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=63), nullable=False),
        sa.Column("made_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["baseline"], ["energy_baselines.id"], name=op.f("fk_energy_savings_baseline_energy_baselines")
        ),
        sa.ForeignKeyConstraint(["fit"], ["energy_fits.id"], name=op.f("fk_energy_savings_fit_energy_fits")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_energy_savings")),
    )
    op.create_index(op.f("ix_energy_savings_baseline"), "energy_savings", ["baseline"], unique=False)


def _events() -> None:
    op.create_table(
        "energy_events",
        sa.Column("baseline", sa.String(length=40), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Float(precision=53), nullable=False),
        sa.Column("energy", sa.Float(precision=53), nullable=False),
        sa.Column("statistic", sa.Float(precision=53), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("found_by", sa.String(length=63), nullable=False),
        sa.Column("found_ns", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=63), nullable=False),
        sa.Column("decided_ns", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["baseline"], ["energy_baselines.id"], name=op.f("fk_energy_events_baseline_energy_baselines")
        ),
        sa.PrimaryKeyConstraint("baseline", "id", name=op.f("pk_energy_events")),
    )
