"""Where somebody was, and with what, when an app was opened: refreshing shows none of it."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("grants", sa.Column("circumstances", sa.Text(), nullable=True))
