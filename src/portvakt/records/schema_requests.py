"""The table of authorization requests that wait for their browser: a part of `schema`."""

from sqlalchemy import Boolean, Column, LargeBinary, Table, Text

from portvakt.records.schema_parts import Instant, metadata

stored_requests = Table(
    "stored_requests",
    metadata,
    Column("hash", LargeBinary, primary_key=True),  # SHA-256 of the handle
    Column("client_id", Text, nullable=False),
    Column("pushed", Boolean, nullable=False),  # by the app itself, and not through a browser
    Column("parameters", Text, nullable=False),  # urlencoded
    Column("browser_hash", LargeBinary),  # of the binding of the browser that goes on with it
    Column("expires_at", Instant, nullable=False, index=True),
    comment="Authorization requests that came before the browser; each is good for one code",
)
