"""What became of a text: which gateway took it, and what its operator's receipt says.

`maybe_sent` counts the tries that a gateway may have taken. Where it is NULL, in rows that were
here before, every try is taken for one of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("maybe_sent", sa.Integer(), nullable=True))
    op.add_column("outbox", sa.Column("gateway", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("receipt_state", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("receipt_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_outbox_receipt", "outbox", ["gateway", "receipt"], unique=False)
