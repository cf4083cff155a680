"""The tables of the audit trail: a part of `schema`, which is where to begin."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from portvakt.records.schema_parts import (
    Instant,
    Json,
    Number,
    index_where,
    metadata,
    unique_where,
)

events = Table(
    "events",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("account_id", Text),  # no foreign key: what happened stays true
    Column("actor", Text, nullable=False),
    Column("request_id", Text),
    Column("address", Text),
    Column("detail", Json, nullable=False),  # the fixed part of what the kind tells
    Column("trace", Json),
    Column("personal", Json),  # what the kind tells of a person; NULL where that is nothing
    Column("salt", Text),  # of the digest of the personal part; goes with it
    Column("seq", BigInteger),  # place in the chain, 1, 2, 3 …; NULL until it is sealed
    Column("erased", Text),  # what stands in the personal part's place (`core.audit_chain`)
    Index("ix_events_account_id", "account_id", "id"),
    index_where(
        "ix_events_risk",
        "name IN ('authentication.succeeded', 'authentication.failed', 'phone.request_denied', "
        "'phone.request_wrong_number')",
        "account_id",
        "at",
    ),
    index_where("ix_events_unsealed", "seq IS NULL", "id"),
    unique_where("uq_events_seq", "seq IS NOT NULL", "seq"),
    comment="What happened; rows are added and never changed",
)

audit_batches = Table(
    "audit_batches",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),  # the first event's `seq`
    Column("count", Integer, nullable=False),
    Column("latest_at", Instant, nullable=False),  # of its events
    Column("sealed_at", Instant, nullable=False),
    Column("key_id", Text, nullable=False),  # which line of the master key file
    Column("previous", LargeBinary, nullable=False),  # the link of the batch before
    Column("macs", LargeBinary, nullable=False),  # 32 bytes of each event, in order
    Column("link", LargeBinary, nullable=False),
    comment="The links of the chain that shows whether events were changed",
)

audit_removals = Table(
    "audit_removals",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # the last batch gone
    Column("last", BigInteger, nullable=False),  # its last event's `seq`
    Column("link", LargeBinary, nullable=False),
    Column("removed_at", Instant, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    comment="Up to where the trail was removed when it was old enough",
)
