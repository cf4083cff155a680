"""The tables of what apps hold: a part of `schema`, where to begin."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    false,
)

from portvakt.records.schema_parts import (
    Instant,
    Json,
    belongs_to,
    metadata,
    of_account,
    one_of,
)

grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    of_account(),
    Column("client_id", Text, nullable=False),
    Column("session_id", Text, nullable=False, index=True),
    Column("scope", Text, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("revoked_at", Instant),
    # Each grant begins with one authorization code (RFC 6749 section 4.1), so it is kept here.
    Column("code_hash", LargeBinary, nullable=False, unique=True),
    Column("code_expires_at", Instant, nullable=False),
    Column("code_spent_at", Instant),
    Column("redirect_uri", Text, nullable=False),
    Column("code_challenge", Text),
    Column("nonce", Text),
    # Whether it outlives the session (OpenID Connect Core section 11, `offline_access`).
    Column("offline", Boolean, nullable=False, server_default=false()),
    Column("claims", Text),  # what the app asked for by name (section 5.5)
    Column("resources", Text),  # for which services it asked (RFC 8707), each without a space
    Column("circumstances", Text),  # `core.signals.Circumstances`; null: of before there were any
    Column("dpop_jkt", Text),  # the key without which the code does not count (RFC 9449 section 10)
    Index("ix_grants_account_id", "account_id"),
    comment="What an app was told about a person, and the code that it fetched it with",
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    # One row for each family: a token is the family's secret and its own, and both are here hashed.
    Column("family_hash", LargeBinary, primary_key=True),
    belongs_to("grants.id", "grant_id", unique=True),
    Column("token_hash", LargeBinary, nullable=False),  # of the one that counts
    Column("generation", Integer, nullable=False),
    Column("rotated_at", Instant, nullable=False),
    Column("bound_to", Text),  # the key without which it does not count (RFC 9449 section 5)
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

device_requests = Table(
    "device_requests",
    metadata,
    # What the device shows itself by, and what people type: both as hashes.
    Column("device_hash", LargeBinary, primary_key=True),
    Column("user_hash", LargeBinary, nullable=False, unique=True),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("address", Text),  # from where the device, or its app, has asked
    Column("asked_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("pace", BigInteger, nullable=False),  # milliseconds between two questions
    Column("polled_at", Instant),
    Column("too_soon", Boolean, nullable=False),  # the last question came before its time
    one_of("state", "waiting", "allowed", "denied"),
    comment="Devices that ask to be let in, and what a person has said to it",
)

registration_tokens = Table(
    "registration_tokens",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("note", Text, nullable=False),  # what the operator says it is for
    Column("uses_left", Integer, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    comment="With what apps may register themselves, so many times",
)

registrations = Table(
    "registrations",
    metadata,
    # Not tied to the row of the app, which goes and comes when its owner changes.
    Column("client_id", Text, primary_key=True),
    Column("access_hash", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    comment="Apps that registered themselves, and with what they see to their entry",
)
