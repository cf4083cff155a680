"""The table of break-glass accounts: a part of `schema`, which is where to begin."""

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from portvakt.records.schema_parts import Instant, metadata, of_account

break_glass = Table(
    "break_glass",
    metadata,
    of_account(primary_key=True),
    Column("added_at", Instant, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("link_hash", LargeBinary),  # SHA-256 of what the newest link holds, until both keys are
    Column("link_ends", Instant),
    Column("tested_at", Instant),
    Column("reminded_at", Instant),
    Index("uq_break_glass_link_hash", "link_hash", unique=True),
    comment="Accounts for the day on which nobody else gets in",
)
