"""Phones with our app, how they are paired, and what they approve."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _authenticators()
    _phones()
    _pairings()
    _approvals()


def _authenticators() -> None:
    op.create_index(
        "uq_authenticators_of_phone",
        "authenticators",
        ["account_id", "type", "detail"],
        unique=True,
        sqlite_where=sa.text("type IN ('totp', 'phone_sign_in') AND detail <> ''"),
        postgresql_where=sa.text("type IN ('totp', 'phone_sign_in') AND detail <> ''"),
    )


def _phones() -> None:
    op.create_table(
        "phones",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("jwk", sa.Text(), nullable=False),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("credential_id", sa.LargeBinary(), nullable=True),
        sa.Column("credential_key", sa.LargeBinary(), nullable=True),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("subscription", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('proving', 'active')", name="ck_phones_state"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_phones_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_phones"),
        comment="Phones with our app",
    )
    op.create_index("ix_phones_account_id", "phones", ["account_id"], unique=False)
    op.create_index(
        "ix_phones_proving",
        "phones",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("state = 'proving'"),
        postgresql_where=sa.text("state = 'proving'"),
    )


def _pairings() -> None:
    op.create_table(
        "pairings",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("old_phone", sa.Text(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("short_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.Column("phone_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_pairings_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_pairings"),
        sa.UniqueConstraint("code_hash", name="uq_pairings_code_hash"),
        comment="Codes that bring a phone to an account",
    )
    op.create_index("ix_pairings_account_id", "pairings", ["account_id"], unique=False)
    op.create_index("ix_pairings_expires_at", "pairings", ["expires_at"], unique=False)
    op.create_index("ix_pairings_phone_id", "pairings", ["phone_id"], unique=False)


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("lock", sa.Boolean(), nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("known_browser", sa.Boolean(), nullable=False),
        sa.Column("shown", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("phone_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'denied', 'wrong_number', 'replaced', 'closed',"
            " 'finished')",
            name="ck_approvals_state",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_approvals_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
        comment="Requests that a phone approves",
    )
    op.create_index(
        "ix_approvals_account_id", "approvals", ["account_id", "expires_at"], unique=False
    )
    op.create_index("ix_approvals_expires_at", "approvals", ["expires_at"], unique=False)
    op.create_index(
        "ix_approvals_flow", "approvals", ["flow", "purpose", "created_at"], unique=False
    )
