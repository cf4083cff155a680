"""The pool of hardware tokens: a part of `schema`, where to begin."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from portvakt.records.schema_parts import Instant, metadata, one_of

hardware_tokens = Table(
    "hardware_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("serial", Text, nullable=False),
    Column("manufacturer", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("digits", Integer, nullable=False),
    Column("period", Integer, nullable=False),  # seconds; 0 for one with a button
    Column("sealed", LargeBinary, nullable=False),  # associated data: table, column, id
    Column("last_step", BigInteger),  # the step or counter last spent, by whoever had it
    Column("state", Text, nullable=False),
    # For whom it is kept, who alone may take it into use; nobody: it is spare. Both columns are
    # emptied when what they name goes, and the device is still there.
    Column("account_id", Text, ForeignKey("accounts.id", ondelete="SET NULL")),
    Column("authenticator_id", Text, ForeignKey("authenticators.id", ondelete="SET NULL")),
    Column("imported_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    one_of("state", "ready", "lost"),
    one_of("kind", "totp", "hotp"),
    Index("uq_hardware_tokens_serial", "serial", unique=True),
    Index("uq_hardware_tokens_authenticator_id", "authenticator_id", unique=True),
    Index("ix_hardware_tokens_account_id", "account_id"),
    comment="The devices that the organisation has bought, in use or spare",
)
