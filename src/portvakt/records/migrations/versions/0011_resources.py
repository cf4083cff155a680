"""For which services an app asked, when it was let in."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("grants", sa.Column("resources", sa.Text(), nullable=True))
