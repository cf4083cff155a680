"""Devices that ask to be let in."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "device_requests",
        sa.Column("device_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("pace", sa.BigInteger(), nullable=False),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("too_soon", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'allowed', 'denied')", name="ck_device_requests_state"
        ),
        sa.PrimaryKeyConstraint("device_hash", name="pk_device_requests"),
        sa.UniqueConstraint("user_hash", name="uq_device_requests_user_hash"),
        comment="Devices that ask to be let in, and what a person has said to it",
    )
    op.create_index(
        "ix_device_requests_expires_at", "device_requests", ["expires_at"], unique=False
    )
