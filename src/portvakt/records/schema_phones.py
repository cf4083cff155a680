"""The tables of the authenticator app: a part of `schema`, which is where to begin."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from portvakt.records.schema_parts import Instant, Json, index_where, metadata, of_account, one_of

phones = Table(
    "phones",
    metadata,
    # Also the id of its authenticator of type push, which is there once it is bound.
    Column("id", Text, primary_key=True),
    of_account(index=True),
    Column("state", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("jwk", Json, nullable=False),  # its public key (RFC 7517)
    Column("totp", LargeBinary),  # the secret of its codes, sealed; NULL once they are bound
    Column("credential_id", LargeBinary),  # the screen lock's credential
    Column("credential_key", LargeBinary),
    Column("sign_count", BigInteger, nullable=False),
    Column("subscription", LargeBinary),  # where it is woken, sealed
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant),
    one_of("state", "proving", "active"),
    index_where("ix_phones_proving", "state = 'proving'", "created_at"),
    comment="Phones with our app",
)

pairings = Table(
    "pairings",
    metadata,
    Column("id", Text, primary_key=True),
    of_account(index=True),
    Column("session_id", Text),  # whose page shows it; NULL where a phone hands over
    Column("old_phone", Text),
    Column("code_hash", LargeBinary, nullable=False, unique=True),
    Column("short_hash", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("spent_at", Instant),
    Column("phone_id", Text, index=True),  # the phone that came with it
    comment="Codes that bring a phone to an account",
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", Text, primary_key=True),
    of_account(nullable=True),  # NULL for a name that nobody has
    Column("flow", Text, nullable=False),
    Column("browser", LargeBinary, nullable=False),  # hash of the browser's binding cookie
    Column("purpose", Text, nullable=False),
    Column("app", Text, nullable=False),
    Column("number", Text, nullable=False),  # what stands on the screen, for a minute and a half
    Column("digits", Integer, nullable=False),
    Column("lock", Boolean, nullable=False),
    Column("quiet", Boolean, nullable=False),
    Column("known_browser", Boolean, nullable=False),
    Column("shown", LargeBinary, nullable=False),  # these very bytes are signed
    Column("state", Text, nullable=False),
    Column("phone_id", Text),  # the only one that it is for, then the one that answered
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("sent_at", Instant),
    Column("delivered_at", Instant),
    Column("opened_at", Instant),
    Column("answered_at", Instant),
    one_of(
        "state",
        "waiting",
        "approved",
        "denied",
        "wrong_number",
        "replaced",
        "closed",
        "finished",
    ),
    Index("ix_approvals_account_id", "account_id", "expires_at"),
    Index("ix_approvals_flow", "flow", "purpose", "created_at"),
    comment="Requests that a phone approves",
)
