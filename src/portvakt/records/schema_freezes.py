"""The tables of notices that freeze: a part of `schema`, which is where to begin."""

from sqlalchemy import Column, LargeBinary, Table, Text

from portvakt.records.schema_parts import Instant, metadata, of_account

freeze_links = Table(
    "freeze_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),  # SHA-256; the mail alone has the token
    of_account(index=True),
    Column("change", Text, nullable=False),  # what the notice told of
    Column("change_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("used_at", Instant),
    comment="Links in notices with which a change can be disowned, once",
)

freezes = Table(
    "freezes",
    metadata,
    of_account(primary_key=True),
    Column("change", Text, nullable=False),
    Column("since", Instant, nullable=False),  # when the oldest disowned change was made
    Column("at", Instant, nullable=False),  # when it was said last; proof counts from here on
    comment="Whose ways to sign in stand still, since a change was disowned",
)
