"""Whether the apps that were opened in a session have heard that it ended."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

TO_TELL = sa.text("closed_at IS NOT NULL AND apps_told_at IS NULL")


def upgrade() -> None:
    op.add_column("sessions", sa.Column("apps_told_at", sa.BigInteger(), nullable=True))
    # What ended before is long gone from the apps, too.
    op.execute("UPDATE sessions SET apps_told_at = closed_at WHERE closed_at IS NOT NULL")
    op.create_index(
        "ix_sessions_to_tell",
        "sessions",
        ["closed_at"],
        unique=False,
        sqlite_where=TO_TELL,
        postgresql_where=TO_TELL,
    )
