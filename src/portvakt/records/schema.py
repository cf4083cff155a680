"""Every table. Migrations are generated from this file and then read by a human.

The rest is next door in `schema_…`, by what it is about.
Instants are BIGINT milliseconds since 1970 (UTC), dates ISO text, JSON documents TEXT. Rows that
configuration files or a directory own carry `owner` or `source`, and only their owner changes them.
Secrets are here as hashes (what we compare) or sealed (what we must read again), never as they are.

Imported by migrations and tests alone: SQLAlchemy costs half a second, and nothing that serves a
request or runs a command waits for it.
"""

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
    UniqueConstraint,
)

from portvakt.records.schema_apps import (
    consents,
    device_requests,
    grants,
    refresh_tokens,
    registration_tokens,
    registrations,
    seen_ids,
)
from portvakt.records.schema_audit import audit_batches, audit_removals, events
from portvakt.records.schema_break_glass import break_glass
from portvakt.records.schema_devices import revocation_lists
from portvakt.records.schema_freezes import freeze_links, freezes
from portvakt.records.schema_keys import key_challenges, passkeys
from portvakt.records.schema_parts import (
    Instant,
    Json,
    belongs_to,
    index_where,
    metadata,
    of_account,
    one_of,
    unique_where,
)
from portvakt.records.schema_phones import approvals, pairings, phones
from portvakt.records.schema_portal import collections, icons, links, portal_choices
from portvakt.records.schema_requests import stored_requests
from portvakt.records.schema_resets import password_memory, past_resets, resets, vouches
from portvakt.records.schema_rules import method_entries, rule_versions, rules, snoozes
from portvakt.records.schema_sessions import browsers, known_browsers, sessions
from portvakt.records.schema_tokens import hardware_tokens
from portvakt.records.schema_tries import attempts, wrong_from

__all__ = [
    "approvals",
    "attempts",
    "audit_batches",
    "audit_removals",
    "break_glass",
    "browsers",
    "collections",
    "consents",
    "device_requests",
    "events",
    "freeze_links",
    "freezes",
    "grants",
    "hardware_tokens",
    "icons",
    "key_challenges",
    "known_browsers",
    "links",
    "metadata",
    "method_entries",
    "pairings",
    "passkeys",
    "password_memory",
    "past_resets",
    "phones",
    "portal_choices",
    "refresh_tokens",
    "registration_tokens",
    "registrations",
    "resets",
    "revocation_lists",
    "rule_versions",
    "rules",
    "seen_ids",
    "sessions",
    "snoozes",
    "stored_requests",
    "vouches",
    "wrong_from",
]

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),  # who owns the fields: hr, apply
    Column("external_id", Text, nullable=False),  # with `source`: who this is for ever
    Column("user_name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("family_name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("manager", Text),  # an external_id of the same source
    Column("work_phone", Text, nullable=False),  # as `source` has it, E.164; empty for none
    Column("protected", Boolean, nullable=False),  # absent from lists, export, logs and notices
    Column("language", Text),
    Column("created_at", Instant, nullable=False),
    Column("start_date", Text),
    Column("invited_at", Instant),
    Column("welcome_used_at", Instant),
    Column("last_sign_in_at", Instant),
    Column("disabled_at", Instant),
    UniqueConstraint("source", "external_id"),
    one_of("state", "active", "disabled"),
    Index("ix_accounts_name", "family_name", "given_name", "id"),
    index_where("ix_accounts_unit", "state = 'active' AND unit <> ''", "source", "unit", "id"),
    comment="What we keep about one person (NIST: subscriber account)",
)

identifiers = Table(
    "identifiers",
    metadata,
    # As `canonical_identifier` makes it. Two people may have the same one; then it finds nobody.
    Column("value", Text, nullable=False),
    of_account(index=True),
    PrimaryKeyConstraint("value", "account_id"),
    comment="What a person may type to say who they are",
)

groups = Table(
    "groups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    comment="Groups of people, for rules and apps",
)

memberships = Table(
    "memberships",
    metadata,
    of_account(),
    belongs_to("groups.id", "group_id"),
    Column("source", Text, nullable=False),  # each source takes away only what it gave
    PrimaryKeyConstraint("account_id", "group_id", "source"),
    Index("ix_memberships_group_id", "group_id"),
    comment="Who is in which group, and who says so",
)

account_roles = Table(
    "account_roles",
    metadata,
    of_account(),
    Column("role", Text, nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("granted_by", Text, nullable=False),
    PrimaryKeyConstraint("account_id", "role"),
    comment="What somebody may do to others",
)

authenticators = Table(
    "authenticators",
    metadata,
    Column("id", Text, primary_key=True),
    of_account(index=True),
    Column("type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("source", Text, nullable=False),  # who bound it: self, hr, apply, support
    # The number of an sms_code in E.164; the phone that a totp or phone_sign_in lives in; make and
    # serial number of a hardware_token.
    Column("detail", Text, nullable=False),
    Column("preferred", Boolean, nullable=False),
    Column("verifier", Text),  # a PHC string
    Column("sealed", LargeBinary),  # associated data: table, column, id
    Column("last_step", BigInteger),  # the step, counter or use last spent; only ever rises
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("expires_at", Instant),
    one_of("state", "active", "suspended", "disabled"),
    unique_where("uq_authenticators_password", "type = 'password'", "account_id"),
    unique_where("uq_authenticators_start_code", "type = 'start_code'", "account_id"),
    unique_where("uq_authenticators_number", "type = 'sms_code'", "account_id", "detail"),
    unique_where(
        "uq_authenticators_of_phone",
        "type IN ('totp', 'phone_sign_in') AND detail <> ''",
        "account_id",
        "type",
        "detail",
    ),
    comment="What is bound to an account and can show who somebody is",
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("id", Text, primary_key=True),
    belongs_to("authenticators.id", "authenticator_id"),
    Column("position", Integer, nullable=False),
    Column("hint", Text, nullable=False),  # the first characters, so that one hash is tried
    Column("hash", Text, nullable=False),
    Column("used_at", Instant),
    UniqueConstraint("authenticator_id", "position"),
    comment="The codes of one printed card",
)

flows = Table(
    "flows",
    metadata,
    Column("id", Text, primary_key=True),
    Column("binding", LargeBinary, nullable=False),  # hash of the browser's binding cookie
    Column("purpose", Text, nullable=False),
    Column("leads_to", Text, nullable=False),
    Column("app", Text),
    of_account(nullable=True, index=True),
    Column("claimed", Text, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("chosen", Text),
    Column("session_id", Text),
    Column("guarded", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("risk", Json),  # what was found amiss (`core.risk`); NULL until somebody has looked
    comment="Sign-ins under way",
)

codes = Table(
    "codes",
    metadata,
    Column("flow", Text, nullable=False),  # the flow or draft that asked
    Column("purpose", Text, nullable=False),
    Column("id", Text, nullable=False),
    of_account(nullable=True),
    Column("authenticator_id", Text),
    Column("mac", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("spent_at", Instant),
    PrimaryKeyConstraint("flow", "purpose"),  # a newer code takes the older one's place
    comment="One-time codes that were sent and wait for an answer",
)

drafts = Table(
    "drafts",
    metadata,
    Column("id", Text, primary_key=True),
    of_account(index=True),
    Column("session_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("detail", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    comment="Authenticators being set up and not yet proved",
)

networks = Table(
    "networks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("addresses", Json, nullable=False),
    Column("owner", Text, nullable=False),
    comment="Named networks",
)

apps = Table(
    "apps",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("doc", Json, nullable=False),  # field names of RFC 7591
    Column("owner", Text, nullable=False),
    comment="Relying parties",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("body", LargeBinary),  # sealed; erased at hand-over, the row stays to be counted
    Column("purpose", Text, nullable=False),
    Column("account_id", Text),
    Column("address", Text),  # the client that asked for it
    Column("created_at", Instant, nullable=False),
    Column("not_after", Instant, nullable=False),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", Instant),  # when it is next to be tried, or its claim ends; NULL when done
    Column("receipt", Text),
    Column("why", Text),
    Column("done_at", Instant),
    Column("maybe_sent", Integer),  # tries that a gateway may have taken; NULL: all of them
    Column("gateway", Text),  # which one took it, or is asked now
    Column("receipt_state", Text),  # "delivered" or "failed", once the operator has said so
    Column("receipt_at", Instant),
    one_of("state", "waiting", "handed_over", "dropped"),
    Index("ix_outbox_due_at", "due_at"),
    Index("ix_outbox_recipient", "recipient", "created_at"),
    Index("ix_outbox_account_id", "account_id", "created_at"),
    Index("ix_outbox_address", "address", "created_at"),
    Index("ix_outbox_created_at", "created_at"),
    Index("ix_outbox_receipt", "gateway", "receipt"),
    comment="Messages to send after the commit, and a trace of those sent",
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("alg", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # a private JWK
    Column("state", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    one_of("state", "next", "current", "retired"),
    unique_where("uq_signing_keys_current", "state = 'current'", "alg"),
    comment="Keys that sign what apps are told",
)

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="Facts about this installation: a demo mark, the issuer",
)
