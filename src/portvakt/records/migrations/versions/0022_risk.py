"""What risk is found by, and what was found in sign-ins and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_LOOKED_AT = """name IN ('authentication.succeeded', 'authentication.failed',
    'phone.request_denied', 'phone.request_wrong_number')"""


def upgrade() -> None:
    op.create_table(
        "wrong_from",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("place", "subject", name=op.f("pk_wrong_from")),
        comment="For whom a wrong password came last from each place",
    )
    op.create_index(op.f("ix_wrong_from_at"), "wrong_from", ["at"])
    op.add_column("flows", sa.Column("risk", sa.Text(), nullable=True))
    op.add_column("sessions", sa.Column("risk", sa.Text(), nullable=True))
    op.create_index(
        "ix_events_risk",
        "events",
        ["account_id", "at"],
        sqlite_where=sa.text(_LOOKED_AT),
        postgresql_where=sa.text(_LOOKED_AT),
    )
