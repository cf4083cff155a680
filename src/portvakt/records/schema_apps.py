"""The tables of what apps hold beside their grants: a part of `schema`, where to begin."""

from sqlalchemy import Column, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from portvakt.records.schema_parts import Instant, belongs_to, metadata, of_account

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    # One row for each family: a token is the family's secret and its own, and both are here hashed.
    Column("family_hash", LargeBinary, primary_key=True),
    belongs_to("grants.id", "grant_id", unique=True),
    Column("token_hash", LargeBinary, nullable=False),  # of the one that counts
    Column("generation", Integer, nullable=False),
    Column("rotated_at", Instant, nullable=False),
    comment="With what an app gets new tokens; it lives as long as its grant",
)

consents = Table(
    "consents",
    metadata,
    of_account(),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("given_at", Instant, nullable=False),
    PrimaryKeyConstraint("account_id", "client_id"),
    comment="What people have let an app know that is not the organisation's own",
)

seen_ids = Table(
    "seen_ids",
    metadata,
    Column("hash", LargeBinary, primary_key=True),  # SHA-256 of what it is and whose
    Column("expires_at", Instant, nullable=False, index=True),
    comment="Ids that count no more: of assertions that were used, of tokens that were revoked",
)
