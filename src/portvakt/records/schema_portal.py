"""The tables of the portal beside apps: a part of `schema`, where to begin."""

from sqlalchemy import Column, LargeBinary, Table, Text

from portvakt.records.schema_parts import Instant, Json, metadata, of_account

links = Table(
    "links",
    metadata,
    Column("id", Text, primary_key=True),
    Column("doc", Json, nullable=False),
    Column("owner", Text, nullable=False),
    comment="Tiles that only lead somewhere",
)

collections = Table(
    "collections",
    metadata,
    Column("id", Text, primary_key=True),
    Column("doc", Json, nullable=False),
    Column("owner", Text, nullable=False),
    comment="Tiles that the administrator shows together",
)

icons = Table(
    "icons",
    metadata,
    Column("mark", Text, primary_key=True),  # of what is in it: the same picture is kept once
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    comment="The pictures on tiles",
)

portal_choices = Table(
    "portal_choices",
    metadata,
    of_account(primary_key=True),
    Column("doc", Json, nullable=False),
    Column("changed_at", Instant, nullable=False),
    comment="How people have arranged their tiles: order, hidden ones, own collections",
)
