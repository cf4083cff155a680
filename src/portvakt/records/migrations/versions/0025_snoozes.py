"""Who said «not now» to registering something, and until when that holds."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "snoozes",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_snoozes_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_snoozes"),
        comment="Until when people are not asked again to register something",
    )
    op.create_index("ix_snoozes_ends_at", "snoozes", ["ends_at"], unique=False)
