"""Everything that is stored about one person: read whole, or erased (GDPR articles 15 and 17).

What is a secret, or what one is compared with, tells nobody anything and is left out. A test keeps
the columns here equal to those of the tables.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from portvakt.core.ids import AccountId
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant

TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "accounts": (
        "id",
        "source",
        "external_id",
        "user_name",
        "email",
        "given_name",
        "family_name",
        "state",
        "title",
        "unit",
        "manager",
        "work_phone",
        "protected",
        "language",
        "created_at",
        "start_date",
        "invited_at",
        "welcome_used_at",
        "last_sign_in_at",
        "disabled_at",
    ),
    "identifiers": ("value",),
    "memberships": ("group_id", "source"),
    "account_roles": ("role", "granted_at", "granted_by"),
    "authenticators": (
        "id",
        "type",
        "state",
        "label",
        "source",
        "detail",
        "preferred",
        "created_at",
        "changed_at",
        "last_used_at",
        "expires_at",
    ),
    "passkeys": (
        "id",
        "algorithm",
        "aaguid",
        "transports",
        "copied",
        "backed_up",
        "verifies",
        "attestation",
    ),
    "break_glass": ("added_at", "added_by", "link_ends", "tested_at", "reminded_at"),
    "phones": ("id", "state", "name", "created_at", "seen_at"),
    "hardware_tokens": (
        "id",
        "serial",
        "manufacturer",
        "model",
        "kind",
        "algorithm",
        "digits",
        "period",
        "state",
        "authenticator_id",
        "imported_at",
        "changed_at",
    ),
    "sessions": (
        "id",
        "kind",
        "evidence",
        "created_at",
        "seen_at",
        "resume_to",
        "address",
        "user_agent",
        "closed_at",
        "apps_told_at",
        "our_device",
        "risk",
        "known_browser",
    ),
    "browsers": ("first_seen_at", "last_seen_at"),
    "known_browsers": (
        "id",
        "authenticator_id",
        "user_agent",
        "address",
        "shown_at",
        "used_at",
        "expires_at",
    ),
    "grants": (
        "id",
        "client_id",
        "session_id",
        "scope",
        "evidence",
        "created_at",
        "expires_at",
        "revoked_at",
        "redirect_uri",
        "offline",
        "claims",
        "resources",
        "circumstances",
    ),
    "consents": ("client_id", "scope", "given_at"),
    "portal_choices": ("doc", "changed_at"),
    "outbox": (
        "id",
        "channel",
        "recipient",
        "purpose",
        "address",
        "created_at",
        "state",
        "done_at",
        "why",
        "gateway",
        "receipt_state",
        "receipt_at",
    ),
    "past_resets": ("at", "used"),
    "password_memory": ("set_at",),
    "freezes": ("change", "since", "at"),
    "snoozes": ("ends_at",),
    "attempts": (
        "kind",
        "familiarity",
        "run",
        "run_started",
        "day",
        "day_started",
        "total",
        "stopped_until",
        "refused",
    ),
    "wrong_from": ("place", "address", "at"),
    "events": (
        "id",
        "at",
        "name",
        "actor",
        "request_id",
        "address",
        "detail",
        "personal",
        "trace",
    ),
}
"""What is told of each table."""
KEYS: Final[Mapping[str, str]] = {"accounts": "id", "attempts": "subject", "wrong_from": "subject"}
"""Which column names the person; in all other tables it is `account_id`."""
_ORDERED: Final[Mapping[str, str]] = {"events": " ORDER BY id"}
_EVERYTHING: Final[Mapping[str, Statement]] = {
    table: Statement(
        "SELECT {columns} FROM {table} WHERE {key} = :account_id{order}",
        columns=", ".join(columns),
        table=table,
        key=KEYS.get(table, "account_id"),
        order=_ORDERED.get(table, ""),
    )
    for table, columns in TOLD.items()
}
_FORGET: Final = tuple(
    Statement("DELETE FROM {table} WHERE {key} = :account_id", table=table, key=key)
    for table, key in (
        ("outbox", "account_id"),
        ("attempts", "subject"),
        ("wrong_from", "subject"),
        ("accounts", "id"),
    )
)
"""The rest goes with the account that it belongs to."""


INSTANTS: Final = frozenset(
    {"at", "since", "run_started", "day_started", "stopped_until", "link_ends"}
)
"""Columns that hold instants, besides those whose names end in `_at`."""
TRUTHS: Final = frozenset(
    {"protected", "preferred", "refused", "offline", "copied", "backed_up", "verifies"}
)
JSON: Final = frozenset(
    {
        ("passkeys", "transports"),
        ("sessions", "evidence"),
        ("sessions", "our_device"),
        ("sessions", "risk"),
        ("grants", "evidence"),
        ("grants", "claims"),
        ("grants", "circumstances"),
        ("portal_choices", "doc"),
        ("past_resets", "used"),
        ("events", "detail"),
        ("events", "personal"),
        ("events", "trace"),
    }
)


class PersonalData:
    """`unit.personal_data`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def everything(self, account_id: AccountId) -> dict[str, list[dict[str, Any]]]:
        """Read every row about a person, by table."""
        return {
            table: [
                {name: _value(table, name, value) for name, value in zip(columns, row, strict=True)}
                for row in await self._run.rows(_EVERYTHING[table], account_id=account_id)
            ]
            for table, columns in TOLD.items()
        }

    async def forget(self, account_id: AccountId) -> None:
        """Remove the account and all that belongs to it, but for the audit trail."""
        for statement in _FORGET:
            await self._run.changed(statement, account_id=account_id)


def _value(table: str, column: str, stored: Any) -> Any:
    """Read what is stored in a column: instants, truths, documents, and whatever it is."""
    if stored is None:
        return None
    if column.endswith("_at") or column in INSTANTS:
        return instant(stored)
    if column in TRUTHS:
        return bool(stored)
    return msgspec.json.decode(stored) if (table, column) in JSON else stored
