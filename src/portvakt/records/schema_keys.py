"""The tables of passkeys and security keys: a part of `schema`, which is where to begin."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table, Text

from portvakt.records.schema_parts import Instant, Json, belongs_to, metadata, of_account

passkeys = Table(
    "passkeys",
    metadata,
    belongs_to("authenticators.id", "id", primary_key=True),
    of_account(index=True),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),  # COSE (RFC 9052)
    Column("algorithm", Integer, nullable=False),
    Column("sign_count", BigInteger, nullable=False),  # only ever rises, or stays nought
    Column("aaguid", Text, nullable=False),  # what kind of thing it says it is
    Column("transports", Json, nullable=False),
    Column("copied", Boolean, nullable=False),  # may be copied to other things of its owner (BE)
    Column("backed_up", Boolean, nullable=False),  # a copy exists now (BS)
    Column("verifies", Boolean, nullable=False),  # verified who held it when it was registered
    Column("attestation", Text, nullable=False),
    Column("handle", LargeBinary, nullable=False),  # what its owner is called in keys: random
    comment="Passkeys and security keys, one for each authenticator of that type",
)

key_challenges = Table(
    "key_challenges",
    metadata,
    Column("challenge", LargeBinary, primary_key=True),
    Column("browser", LargeBinary, nullable=False),  # hash of the browser's binding cookie
    Column("flow", Text, nullable=False),  # empty before a sign-in has begun
    Column("purpose", Text, nullable=False),
    Column("must_verify", Boolean, nullable=False),  # read by the version before
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("spent_at", Instant),
    comment="What keys are asked to sign, once each",
)
