"""Removing what nobody can use any more.

Every statement that reads already passes over what has expired; this keeps the tables small. Each
table gives up a bounded number of rows at a time, so that a long backlog holds nobody up.
"""

from datetime import datetime, timedelta
from typing import Final

from portvakt.records.driver import Run
from portvakt.records.sign_outs import TO_TELL
from portvakt.records.statements import Statement
from portvakt.records.values import ms

MOST: Final = 500
"""Rows of one table in one sweep."""

_EXPIRED: Final = """
    DELETE FROM {table} WHERE {old} AND {key} IN (
        SELECT {key} FROM {table} WHERE {old} LIMIT :most)
"""
_DAY: Final = timedelta(days=1)


def _sweep(table: str, old: str, key: str = "id") -> Statement:
    return Statement(_EXPIRED, table=table, key=key, old=old, to_tell=TO_TELL)


_SWEEPS: Final = (
    (_sweep("flows", "expires_at < :before"), timedelta()),
    # Kept for an hour: a late answer is told that it is late, and not that it is wrong.
    (_sweep("codes", "expires_at < :before", "flow"), timedelta(hours=1)),
    # Kept for an hour, as codes are.
    (_sweep("key_challenges", "expires_at < :before", "challenge"), timedelta(hours=1)),
    (_sweep("drafts", "expires_at < :before"), timedelta()),
    # Kept for an hour, too: a page says how it ended, and a phone that its code is too old.
    (_sweep("approvals", "expires_at < :before"), timedelta(hours=1)),
    (_sweep("pairings", "expires_at < :before"), timedelta(hours=1)),
    # Older than any code that could have brought it (`core.push_approval.PAIRING_LIVES`).
    (_sweep("phones", "state = 'proving' AND created_at < :before"), timedelta(hours=1)),
    (_sweep("resets", "stage = 'open' AND expires_at < :before"), timedelta()),
    # Kept for a day: what was finished is told as that, and not begun anew.
    (_sweep("resets", "stage = 'done' AND expires_at < :before"), _DAY),
    # What nobody could settle in all this time is in the audit trail.
    (_sweep("resets", "stage IN ('writing', 'unknown') AND expires_at < :before"), 30 * _DAY),
    # Longer than anything is frozen by one (`core.after_reset.FROZEN`).
    (_sweep("past_resets", "at < :before", "account_id"), 2 * _DAY),
    (_sweep("known_browsers", "expires_at < :before"), timedelta()),
    (_sweep("snoozes", "ends_at < :before", "account_id"), timedelta()),
    (_sweep("freeze_links", "expires_at < :before", "token_hash"), timedelta()),
    # No session lives longer than a day (`core.sessions`).
    (_sweep("sessions", "created_at < :before AND NOT ({to_tell})"), 2 * _DAY),
    # Whose apps nobody has told in all this time: no background work was done.
    (_sweep("sessions", "created_at < :before"), 30 * _DAY),
    # Kept for a day: a code that comes twice is still told from one that never was.
    (_sweep("grants", "expires_at < :before"), _DAY),
    # Kept for an hour: a device that asks late is told that it is late.
    (_sweep("device_requests", "expires_at < :before", "device_hash"), timedelta(hours=1)),
    (_sweep("registration_tokens", "expires_at < :before", "token_hash"), timedelta()),
    (_sweep("seen_ids", "expires_at < :before", "hash"), timedelta()),
    (_sweep("stored_requests", "expires_at < :before", "hash"), timedelta()),
    # As long as events are kept where nobody says otherwise, and however old the last fifty.
    (
        _sweep(
            "rule_versions",
            "made_at < :before AND number <= (SELECT MAX(number) - 50 FROM rule_versions)",
            "number",
        ),
        730 * _DAY,
    ),
    # Longer than anybody looks back at a place (`[risk] spray_within`, an hour).
    (_sweep("wrong_from", "at < :before", "place"), _DAY),
    # The limits on texts look a day back.
    (_sweep("outbox", "created_at < :before AND state <> 'waiting'"), 30 * _DAY),
)
# Wrong answers in a row count towards switching a method off, however long they take; only a right
# answer, or an address that nobody is behind any more, makes a count go.
_ATTEMPTS: Final = Statement(
    """
    DELETE FROM attempts WHERE (subject, kind, familiarity) IN (
        SELECT subject, kind, familiarity FROM attempts
        WHERE day_started < :before AND (stopped_until IS NULL OR stopped_until < :before)
            AND (total = 0 OR kind IN ('address', 'address_inside', 'device_code', 'device_place',
                'device_asked', 'key_asked', 'key_asked_inside'))
        LIMIT :most)
    """
)
_BROWSERS: Final = Statement(
    """
    DELETE FROM browsers WHERE (account_id, browser_hash) IN (
        SELECT account_id, browser_hash FROM browsers WHERE last_seen_at < :before LIMIT :most)
    """
)
BROWSER_LIVES: Final = timedelta(days=400)
"""As long as the cookie that a browser is known by."""


class Expired:
    """`unit.expired`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def sweep(self, now: datetime) -> int:
        """Remove what has expired, at most `MOST` rows of each table; return how many went."""
        gone = 0
        for statement, kept in _SWEEPS:
            gone += await self._run.changed(statement, before=ms(now - kept), most=MOST)
        gone += await self._run.changed(_ATTEMPTS, before=ms(now - 2 * _DAY), most=MOST)
        return gone + await self._run.changed(_BROWSERS, before=ms(now - BROWSER_LIVES), most=MOST)
