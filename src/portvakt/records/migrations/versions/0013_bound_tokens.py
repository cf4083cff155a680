"""The keys without which codes and refresh tokens do not count."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("grants", sa.Column("dpop_jkt", sa.Text(), nullable=True))
    op.add_column("refresh_tokens", sa.Column("bound_to", sa.Text(), nullable=True))
