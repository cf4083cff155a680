"""Links in notices with which a change is disowned, and whose ways to sign in stand still."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "freeze_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("change_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_freeze_links_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_freeze_links"),
        comment="Links in notices with which a change can be disowned, once",
    )
    op.create_index("ix_freeze_links_account_id", "freeze_links", ["account_id"], unique=False)
    op.create_index("ix_freeze_links_expires_at", "freeze_links", ["expires_at"], unique=False)
    op.create_table(
        "freezes",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_freezes_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_freezes"),
        comment="Whose ways to sign in stand still, since a change was disowned",
    )
