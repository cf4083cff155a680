"""The pool of hardware tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "hardware_tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("manufacturer", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("authenticator_id", sa.Text(), nullable=True),
        sa.Column("imported_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('totp', 'hotp')", name=op.f("ck_hardware_tokens_kind")),
        sa.CheckConstraint("state IN ('ready', 'lost')", name=op.f("ck_hardware_tokens_state")),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_hardware_tokens_account_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["authenticator_id"],
            ["authenticators.id"],
            name=op.f("fk_hardware_tokens_authenticator_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hardware_tokens")),
        comment="The devices that the organisation has bought, in use or spare",
    )
    op.create_index("uq_hardware_tokens_serial", "hardware_tokens", ["serial"], unique=True)
    op.create_index(
        "uq_hardware_tokens_authenticator_id", "hardware_tokens", ["authenticator_id"], unique=True
    )
    op.create_index("ix_hardware_tokens_account_id", "hardware_tokens", ["account_id"])
