"""The chain that shows whether the audit trail was changed.

What an event tells of a person is parted from what it tells otherwise, so that the one can be
erased and the other still be verified. Events that are here already are parted by the names that
personal fields had until now, and are sealed when the sealer comes to them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

PERSONAL = (
    "authenticator_id",
    "hidden_number",
    "host",
    "label",
    "old",
    "other",
    "session_id",
    "user_agent",
    "voucher",
)
"""Personal fields of events in schema 0004; no other field has any of these names."""


def upgrade() -> None:
    for column in ("personal", "salt", "erased"):
        op.add_column("events", sa.Column(column, sa.Text(), nullable=True))
    op.add_column("events", sa.Column("seq", sa.BigInteger(), nullable=True))
    _part()
    _indexes()
    _batches()
    _removals()


def _part() -> None:
    names = ", ".join(f"'{name}'" for name in PERSONAL)
    if op.get_context().dialect.name == "postgresql":
        # Each row is written twice in its life: vacuum comes before half the table is dead.
        op.execute("ALTER TABLE events SET (autovacuum_vacuum_scale_factor = 0.02)")
        op.execute(
            f"""
            UPDATE events SET
                personal = (SELECT CAST(jsonb_object_agg(key, value) AS TEXT)
                    FROM jsonb_each(CAST(detail AS jsonb)) WHERE key IN ({names})),
                detail = CAST(CAST(detail AS jsonb) - ARRAY[{names}] AS TEXT),
                salt = replace(CAST(gen_random_uuid() AS TEXT), '-', '')
            """  # noqa: S608 - names of ours
        )
    else:
        paths = ", ".join(f"'$.{name}'" for name in PERSONAL)
        op.execute(
            f"""
            UPDATE events SET
                personal = NULLIF((SELECT json_group_object(key, value)
                    FROM json_each(events.detail) WHERE key IN ({names})), '{{}}'),
                detail = json_remove(detail, {paths}),
                salt = lower(hex(randomblob(16)))
            """  # noqa: S608 - names of ours
        )


def _indexes() -> None:
    for name, column, condition in (
        ("ix_events_unsealed", "id", "seq IS NULL"),
        ("uq_events_seq", "seq", "seq IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(
            name,
            "events",
            [column],
            unique=name.startswith("uq"),
            sqlite_where=where,
            postgresql_where=where,
        )


def _batches() -> None:
    op.create_table(
        "audit_batches",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("latest_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("macs", sa.LargeBinary(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_batches"),
        comment="The links of the chain that shows whether events were changed",
    )


def _removals() -> None:
    op.create_table(
        "audit_removals",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_removals"),
        comment="Up to where the trail was removed when it was old enough",
    )
