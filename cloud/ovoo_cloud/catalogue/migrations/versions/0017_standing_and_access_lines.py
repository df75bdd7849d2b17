"""Who speaks for an enterprise, invitations, and access lines that the audit record seals"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies this revision."""
    _people()
    op.create_table(
        "access_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("minute_ns", sa.BigInteger(), nullable=False),
        sa.Column("user", sa.String(length=63), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("operation", sa.String(length=200), nullable=False),
        sa.Column("grant", sa.String(length=24), nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("site", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=True),
        sa.Column("end_ns", sa.BigInteger(), nullable=True),
        sa.Column("reads", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["grant"], ["grants.id"], name=op.f("fk_access_lines_grant_grants")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_lines")),
    )
    op.create_index(op.f("ix_access_lines_sealed"), "access_lines", ["sealed"], unique=False)
    op.create_index(op.f("ix_access_lines_enterprise_minute_ns"), "access_lines", ["enterprise", "minute_ns"])
    op.execute(
        'INSERT INTO access_lines (minute_ns, "user", role, operation, "grant", enterprise, site, subject, reads, '
        "row_count, byte_count) SELECT minute_ns, \"user\", '', route, \"grant\", enterprise, '', '', 1, 0, 0 "
        'FROM grant_uses ORDER BY minute_ns, "user", route, "grant"'
    )
    op.drop_table("grant_uses")
    for column in (
        sa.Column("grant", sa.String(length=400), nullable=False, server_default=""),
        sa.Column("finished", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("sealed", sa.BigInteger(), nullable=True),
    ):
        op.add_column("egress_records", column)
    op.create_index(op.f("ix_egress_records_sealed"), "egress_records", ["sealed"], unique=False)


def _people() -> None:
    op.add_column("users", sa.Column("created_by", sa.String(length=63), nullable=False, server_default=""))
    op.execute(  # an account that a user made, as the audit record tells; the command line is no user
        "UPDATE users SET created_by = COALESCE((SELECT MAX(audit.actor) FROM audit WHERE audit.action = 'user.create' "
        "AND audit.subject = users.name AND audit.actor IN (SELECT others.name FROM users AS others)), '')"
    )
    op.add_column("tokens", sa.Column("personal", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE tokens SET personal = (kind = 'session')")
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("person", sa.String(length=63), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("first_hash", sa.String(length=64), nullable=False),
        sa.Column("first_by", sa.String(length=63), nullable=False),
        sa.Column("second_hash", sa.String(length=64), nullable=False),
        sa.Column("second_by", sa.String(length=63), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.Column("expires_ns", sa.BigInteger(), nullable=False),
        sa.Column("used_ns", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["enterprise"], ["enterprises.id"], name=op.f("fk_invitations_enterprise_enterprises")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
    )
    op.create_index(op.f("ix_invitations_enterprise"), "invitations", ["enterprise"], unique=False)
    op.create_table(
        "standings",
        sa.Column("user", sa.String(length=63), nullable=False),
        sa.Column("enterprise", sa.String(length=63), nullable=False),
        sa.Column("invitation", sa.String(length=16), nullable=False),
        sa.Column("given_ns", sa.BigInteger(), nullable=False),
        sa.Column("ended_ns", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=63), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_standings_user_users")),
        sa.ForeignKeyConstraint(["enterprise"], ["enterprises.id"], name=op.f("fk_standings_enterprise_enterprises")),
        sa.ForeignKeyConstraint(["invitation"], ["invitations.id"], name=op.f("fk_standings_invitation_invitations")),
        sa.PrimaryKeyConstraint("user", "enterprise", name=op.f("pk_standings")),
    )


def downgrade() -> None:
    """Takes it back; what the lines told beyond user, operation, grant and minute is lost."""
    op.drop_index(op.f("ix_egress_records_sealed"), table_name="egress_records")
    for name in ("sealed", "finished", "grant"):
        op.drop_column("egress_records", name)
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
    op.execute(
        'INSERT INTO grant_uses ("grant", minute_ns, "user", route, enterprise) '
        'SELECT DISTINCT "grant", minute_ns, "user", operation, enterprise FROM access_lines'
    )
    op.drop_table("access_lines")
    op.drop_table("standings")
    op.drop_table("invitations")
    op.drop_column("tokens", "personal")
    op.drop_column("users", "created_by")
