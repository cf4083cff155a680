"""What apps hold beside their grants: refresh tokens, consents, and ids that count no more."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column(
        "grants", sa.Column("offline", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("grants", sa.Column("claims", sa.Text(), nullable=True))
    op.create_table(
        "refresh_tokens",
        sa.Column("family_hash", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rotated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.id"], name="fk_refresh_tokens_grant_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("family_hash", name="pk_refresh_tokens"),
        sa.UniqueConstraint("grant_id", name="uq_refresh_tokens_grant_id"),
        comment="With what an app gets new tokens; it lives as long as its grant",
    )
    op.create_table(
        "consents",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_consents_account_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "client_id", name="pk_consents"),
        comment="What people have let an app know that is not the organisation's own",
    )
    op.create_table(
        "seen_ids",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_seen_ids"),
        comment="Ids that count no more: of assertions that were used, of tokens that were revoked",
    )
    op.create_index("ix_seen_ids_expires_at", "seen_ids", ["expires_at"], unique=False)
