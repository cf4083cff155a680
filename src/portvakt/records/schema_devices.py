"""The table of lists that say which certificates of devices no longer count: a part of `schema`."""

from sqlalchemy import Boolean, Column, LargeBinary, Table, Text

from portvakt.records.schema_parts import Instant, metadata

revocation_lists = Table(
    "revocation_lists",
    metadata,
    Column("place", Text, primary_key=True),  # a file or an address, as the settings have it
    Column("content", LargeBinary),  # PEM or DER, signed by the authority
    Column("mark", Text, nullable=False),  # SHA-256 of the content in hex; empty for none
    Column("asked_at", Instant, nullable=False),
    Column("read_at", Instant),  # when it was last read at its place, and counted
    Column("trouble", Text, nullable=False),  # why not, the last time; empty for none
    Column("overdue", Boolean, nullable=False),  # whether it was told that it counts no more
    comment="Lists of device certificates that no longer count",
)
