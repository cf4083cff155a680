"""What lets apps register themselves, and which did."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "registration_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_registration_tokens"),
        comment="With what apps may register themselves, so many times",
    )
    op.create_index(
        "ix_registration_tokens_expires_at", "registration_tokens", ["expires_at"], unique=False
    )
    op.create_table(
        "registrations",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("access_hash", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_registrations"),
        comment="Apps that registered themselves, and with what they see to their entry",
    )
