"""The tables of sessions, and of what browsers are known by: a part of `schema`."""

from sqlalchemy import Column, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from portvakt.records.schema_parts import (
    Instant,
    Json,
    belongs_to,
    index_where,
    metadata,
    of_account,
    one_of,
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    of_account(index=True),
    Column("kind", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("browser_hash", LargeBinary),
    Column("evidence", Json, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    Column("seen_at", Instant, nullable=False),
    Column("resume_to", Text),
    Column("address", Text),
    Column("user_agent", Text, nullable=False),
    Column("closed_at", Instant),
    Column("version", Integer, nullable=False),
    # When it was seen to that the apps opened in it hear that it ended; NULL: still to be.
    Column("apps_told_at", Instant),
    # The device of ours that showed itself in it last (`core.our_devices`); NULL for none.
    Column("our_device", Json),
    # In which of `known_browsers` it began, where that counted; NULL: in none.
    Column("known_browser", Text),
    Column("risk", Json),  # what was found amiss when it was opened; NULL for nothing
    one_of("kind", "full", "registration"),
    index_where(
        "ix_sessions_to_tell", "closed_at IS NOT NULL AND apps_told_at IS NULL", "closed_at"
    ),
    comment="Signed-in browsers",
)

browsers = Table(
    "browsers",
    metadata,
    of_account(),
    Column("browser_hash", LargeBinary, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False, index=True),
    PrimaryKeyConstraint("account_id", "browser_hash"),
    comment="Browsers somebody has signed in with: they separate counters and give no right",
)

known_browsers = Table(
    "known_browsers",
    metadata,
    Column("id", Text, primary_key=True),
    of_account(index=True),
    # What the second factor was shown with.
    belongs_to("authenticators.id", "authenticator_id", index=True),
    Column("family_hash", LargeBinary, nullable=False, unique=True),  # the half that stays
    Column("secret_hash", LargeBinary, nullable=False),  # the half that is another after each use
    Column("before_hash", LargeBinary),  # the one before it, until this one has been used
    Column("browser_hash", LargeBinary, nullable=False),  # as in `browsers`
    Column("user_agent", Text, nullable=False),
    Column("address", Text),
    Column("shown_at", Instant, nullable=False),  # when the second factor was shown
    Column("used_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    comment="Browsers in which somebody asked not to be asked for a second factor again",
)
