"""Attempts to reset a password, who stands up for them, and what is remembered afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _accounts()
    op.create_index("ix_flows_account_id", "flows", ["account_id"], unique=False)
    _resets()
    _vouches()
    _past_resets()
    _password_memory()


def _index_where(name: str, table: str, condition: str, *columns: str) -> None:
    where = sa.text(condition)
    op.create_index(
        name, table, list(columns), unique=False, sqlite_where=where, postgresql_where=where
    )


def _accounts() -> None:
    condition = "state = 'active' AND unit <> ''"
    _index_where("ix_accounts_unit", "accounts", condition, "source", "unit", "id")


def _resets() -> None:
    op.create_table(
        "resets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("binding", sa.LargeBinary(), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("claimed", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("slow_since", sa.BigInteger(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("writing_since", sa.BigInteger(), nullable=True),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("last", sa.Text(), nullable=True),
        sa.Column("last_least", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('open', 'writing', 'unknown', 'done')", name="ck_resets_stage"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_resets_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_resets"),
        comment="Attempts to reset a password",
    )
    op.create_index("ix_resets_account_id", "resets", ["account_id"], unique=False)
    op.create_index("ix_resets_expires_at", "resets", ["expires_at"], unique=False)
    _index_where("ix_resets_asked_at", "resets", "asked_at IS NOT NULL", "asked_at")
    unsettled = "stage IN ('writing', 'unknown')"
    _index_where("ix_resets_unsettled", "resets", unsettled, "writing_since")


def _vouches() -> None:
    op.create_table(
        "vouches",
        sa.Column("attempt", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("voucher_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("sort IN ('manager', 'colleague')", name="ck_vouches_sort"),
        sa.ForeignKeyConstraint(
            ["attempt"], ["resets.id"], name="fk_vouches_attempt", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_vouches_account_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["voucher_id"], ["accounts.id"], name="fk_vouches_voucher_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("attempt", "account_id", "voucher_id", name="pk_vouches"),
        comment="Who has stood up for somebody who resets a password",
    )


def _past_resets() -> None:
    op.create_table(
        "past_resets",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_past_resets_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_past_resets"),
        comment="What a new password does not open for a day",
    )
    op.create_index("ix_past_resets_at", "past_resets", ["at"], unique=False)


def _password_memory() -> None:
    op.create_table(
        "password_memory",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name="fk_password_memory_account_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_password_memory"),
        comment="Passwords that somebody has had, where their directory does not remember",
    )
    op.create_index(
        "ix_password_memory_account_id", "password_memory", ["account_id", "set_at"], unique=False
    )
