"""The tables of reset: a part of `schema`, which is where to begin."""

from sqlalchemy import Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from portvakt.records.schema_parts import (
    Instant,
    Json,
    Number,
    belongs_to,
    index_where,
    metadata,
    of_account,
    one_of,
)

resets = Table(
    "resets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("binding", LargeBinary, nullable=False),  # hash of the browser's binding cookie
    Column("goal", Text, nullable=False),
    of_account(nullable=True, index=True),  # NULL for a name that nobody has
    Column("claimed", Text, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("chosen", Text),
    Column("asked_at", Instant),  # people may vouch from here on, for a while
    Column("slow_since", Instant),
    Column("stage", Text, nullable=False),
    Column("writing_since", Instant),
    Column("refused", Integer, nullable=False),
    Column("last", Text),  # a reason of the directory's, or that it was not reached
    Column("last_least", Integer),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    one_of("stage", "open", "writing", "unknown", "done"),
    index_where("ix_resets_asked_at", "asked_at IS NOT NULL", "asked_at"),
    index_where("ix_resets_unsettled", "stage IN ('writing', 'unknown')", "writing_since"),
    comment="Attempts to reset a password",
)

vouches = Table(
    "vouches",
    metadata,
    belongs_to("resets.id", "attempt"),
    of_account(),  # for whom; an attempt that takes another name leaves them behind
    belongs_to("accounts.id", "voucher_id"),
    Column("session_id", Text, nullable=False),  # the voucher's
    Column("sort", Text, nullable=False),
    Column("given_at", Instant, nullable=False),
    PrimaryKeyConstraint("attempt", "account_id", "voucher_id"),
    one_of("sort", "manager", "colleague"),
    comment="Who has stood up for somebody who resets a password",
)

past_resets = Table(
    "past_resets",
    metadata,
    of_account(primary_key=True),  # the newest of each account
    Column("at", Instant, nullable=False, index=True),
    Column("used", Json, nullable=False),  # ids of the authenticators that it rested on
    comment="What a new password does not open for a day",
)

password_memory = Table(
    "password_memory",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    of_account(),
    Column("verifier", Text, nullable=False),  # a PHC string
    Column("set_at", Instant, nullable=False),
    Index("ix_password_memory_account_id", "account_id", "set_at"),
    comment="Passwords that somebody has had, where their directory does not remember",
)
