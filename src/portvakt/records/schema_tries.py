"""Counts of tries, and whose they were: a part of `schema`, which is where to begin."""

from sqlalchemy import Boolean, Column, Index, Integer, PrimaryKeyConstraint, Table, Text

from portvakt.records.schema_parts import Instant, metadata

attempts = Table(
    "attempts",
    metadata,
    Column("subject", Text, nullable=False),  # an account, or an address
    Column("kind", Text, nullable=False),
    Column("familiarity", Text, nullable=False),
    Column("run", Integer, nullable=False),
    Column("run_started", Instant, nullable=False),
    Column("day", Integer, nullable=False),
    Column("day_started", Instant, nullable=False),
    Column("total", Integer, nullable=False),
    Column("stopped_until", Instant),
    Column("refused", Boolean, nullable=False),  # the last try met a stop and was not counted
    PrimaryKeyConstraint("subject", "kind", "familiarity"),
    Index("ix_attempts_day_started", "day_started"),
    comment="How often somebody tried, counted before each try is checked",
)

wrong_from = Table(
    "wrong_from",
    metadata,
    Column("place", Text, nullable=False),  # as tries are counted: an address, or a /64
    Column("subject", Text, nullable=False),  # an account, or the digest of a name nobody has
    Column("address", Text, nullable=False),
    Column("at", Instant, nullable=False, index=True),
    PrimaryKeyConstraint("place", "subject"),
    comment="For whom a wrong password came last from each place",
)
