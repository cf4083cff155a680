"""What must not come alive again when everything is put back to how it was (F66, F18).

Whatever may be used once may have been used since: after a restore all of it is spent, whether it
was or not. Whoever was signed in signs in again; what waited to be sent is not sent.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portvakt.core.hardware_tokens import PERIODS, Make, TokenKind
from portvakt.core.totp import WINDOW, step_of
from portvakt.records.driver import Run
from portvakt.records.keys import VOID_UNTIL
from portvakt.records.meta import Meta
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, sortable

CLOCKS_DIFFER: Final = timedelta(seconds=2)
"""By how much the clock of a process that is at work may differ from the database's."""
_SESSIONS: Final = Statement("UPDATE sessions SET closed_at = :now WHERE closed_at IS NULL")
_MESSAGES: Final = Statement(
    """
    UPDATE outbox SET state = 'dropped', body = NULL, due_at = NULL, done_at = :now,
        why = 'it waited when the backup was made'
    WHERE state = 'waiting'
    """
)
_CARDS: Final = Statement("UPDATE recovery_codes SET used_at = :now WHERE used_at IS NULL")
# A code of an app that was used since is not accepted again, nor one of a clock that is ahead.
_STEPS: Final = Statement(
    """
    UPDATE authenticators SET last_step = {larger:COALESCE(last_step, 0), CAST(:step AS BIGINT)}
    WHERE type = 'totp'
    """
)
# A hardware token may be ahead of its counter here: its next answer is two codes in a row, which
# say where it stands. What a clock has shown is not accepted again.
_TOKENS_WHERE: Final = """
    UPDATE authenticators SET last_used_at = NULL,
        last_step = CASE
            WHEN detail LIKE 'hotp %' THEN last_step
            WHEN detail LIKE 'totp % 60 %'
                THEN {larger:COALESCE(last_step, 0), CAST(:minute AS BIGINT)}
            ELSE {larger:COALESCE(last_step, 0), CAST(:half AS BIGINT)} END
    WHERE type = 'hardware_token' AND {which}
"""
_TOKENS: Final = Statement(_TOKENS_WHERE, which="TRUE")
_TOKENS_OF: Final = Statement(_TOKENS_WHERE, which="id > :after AND id <= :upto")
_WITH_TIME: Final = (
    Statement("UPDATE grants SET revoked_at = :now WHERE revoked_at IS NULL"),
    Statement("UPDATE grants SET code_spent_at = :now WHERE code_spent_at IS NULL"),
)
# Vouches are named although they go with their reset: not every connection sees to that.
_ONE_TIME: Final = (
    *("flows", "codes", "drafts", "approvals", "pairings", "vouches", "resets"),
    *("device_requests", "registration_tokens", "stored_requests", "known_browsers"),
)
# With which keys of break-glass accounts are made.
_LINKS_OF_KEYS: Final = Statement(
    "UPDATE break_glass SET link_hash = NULL, link_ends = NULL WHERE link_hash IS NOT NULL"
)
_GONE: Final = (
    *(Statement("DELETE FROM {table} WHERE TRUE", table=table) for table in _ONE_TIME),
    Statement("DELETE FROM phones WHERE state = 'proving'"),
    Statement("DELETE FROM authenticators WHERE type = 'start_code'"),
    _LINKS_OF_KEYS,
    # Which server it was (`lineage`): all that this would say is done here.
    Statement("DELETE FROM meta WHERE name = 'database'"),
)
PART: Final = 10_000
"""Rows that one statement takes where a server at work may have forgotten: far from a time-out."""
# A server that may have forgotten its last seconds: whatever waited to be used once may be used up.
# What is being written in a directory stays, for its outcome is not known here.
_VOID: Final = tuple(
    Statement(
        """
        DELETE FROM {table} WHERE {which} AND {key} IN (
            SELECT {key} FROM {table} WHERE {which} LIMIT :most)
        """,
        table=table,
        key=key,
        which=which,
    )
    for table, key, which in (
        ("flows", "id", "TRUE"),
        ("codes", "flow", "TRUE"),
        ("drafts", "id", "TRUE"),
        ("approvals", "id", "TRUE"),
        ("pairings", "id", "TRUE"),
        ("vouches", "attempt", "TRUE"),
        ("device_requests", "device_hash", "TRUE"),
        ("registration_tokens", "token_hash", "TRUE"),
        ("resets", "id", "stage = 'open'"),
        ("stored_requests", "hash", "TRUE"),
        # One that has had a new secret since would look like a copy.
        ("known_browsers", "id", "TRUE"),
        ("phones", "id", "state = 'proving'"),
        ("authenticators", "id", "type = 'start_code'"),
    )
)
_CODES_OF_APPS: Final = Statement(
    """
    UPDATE grants SET code_spent_at = :now
    WHERE expires_at > :now AND code_expires_at > :now AND code_spent_at IS NULL
    """
)
_PART_END: Final = Statement(
    """
    SELECT MAX(id) FROM (
        SELECT id FROM authenticators WHERE id > :after ORDER BY id LIMIT :most) AS part
    """
)
_STEPS_OF: Final = Statement(
    """
    UPDATE authenticators SET last_step = {larger:COALESCE(last_step, 0), CAST(:step AS BIGINT)}
    WHERE id > :after AND id <= :upto AND type = 'totp'
    """
)
_CARDS_OF: Final = Statement(
    """
    UPDATE recovery_codes SET used_at = :now
    WHERE authenticator_id > :after AND authenticator_id <= :upto AND used_at IS NULL
    """
)
_REMOVED_SINCE: Final = Statement(
    """
    SELECT e.at, e.name, a.user_name FROM events e LEFT JOIN accounts a ON a.id = e.account_id
    WHERE e.at > :since AND e.name IN (
        'method.removed', 'method.disabled', 'method.suspended', 'phone.retired',
        'phone.disowned', 'phone.sign_in_disabled', 'phone.password_put_aside',
        'account.frozen', 'password_reset.done', 'password_change.done',
        'person.disabled', 'person.role_revoked', 'person.erased',
        'break_glass.removed', 'key.retired', 'key.withdrawn', 'key.sealing_retired')
    ORDER BY e.at, e.id
    """
)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a restore put an end to."""

    sessions: int
    messages: int
    cards: int
    """Printed codes that were not used as far as the backup knows."""


@dataclass(frozen=True, slots=True)
class Removal:
    """Something that was taken away after the backup, and is there again once it is restored.

    Also what ended something by itself: a freeze, an old password, a key that was believed.
    """

    at: datetime
    what: str
    """The event's name."""
    user_name: str


def _token_steps(now: datetime) -> dict[str, int]:
    half, minute = (Make(kind=TokenKind.TOTP, period=period) for period in PERIODS)
    return {"half": half.step_of(now) + WINDOW, "minute": minute.step_of(now) + WINDOW}


class AfterRestore:
    """Run in the transaction that puts everything back, or that finds it put back."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def end_all(self, now: datetime, *, keep_cards: bool) -> Ended:
        """Spend whatever may be used once, and end every session.

        `keep_cards` leaves printed codes as they are, for where nobody has used any since.
        """
        for statement in _GONE:
            await self._run.changed(statement)
        for statement in _WITH_TIME:
            await self._run.changed(statement, now=ms(now))
        await self._void_challenges(now)
        await self._run.changed(_STEPS, step=step_of(now) + WINDOW)
        await self._run.changed(_TOKENS, **_token_steps(now))
        return Ended(
            sessions=await self._run.changed(_SESSIONS, now=ms(now)),
            messages=await self._run.changed(_MESSAGES, now=ms(now)),
            cards=0 if keep_cards else await self._run.changed(_CARDS, now=ms(now)),
        )

    async def void(self, now: datetime, *, cards: bool) -> int:
        """Make void what may be used once and waits for that; with `cards` printed codes, too.

        Returns how many printed codes that were. Sessions stand.
        """
        for statement in _VOID:
            while await self._run.changed(statement, most=PART) >= PART:
                pass
        await self._run.changed(_LINKS_OF_KEYS)
        await self._run.changed(_CODES_OF_APPS, now=ms(now))
        await self._void_challenges(now)
        step, dead, after = step_of(now) + WINDOW, 0, ""
        while (upto := await self._part_end(after)) is not None:
            await self._run.changed(_STEPS_OF, step=step, after=after, upto=upto)
            if cards:
                dead += await self._run.changed(_CARDS_OF, now=ms(now), after=after, upto=upto)
            steps = _token_steps(now)
            await self._run.changed(_TOKENS_OF, after=after, upto=upto, **steps)
            after = upto
        return dead

    async def _void_challenges(self, now: datetime) -> None:
        """Have no answer count to what keys were asked until now: such questions are not stored."""
        await Meta(self._run).set(VOID_UNTIL, sortable(now + CLOCKS_DIFFER))

    async def _part_end(self, after: str) -> str | None:
        row = await self._run.row(_PART_END, after=after, most=PART)
        return None if row is None or row[0] is None else str(row[0])

    async def removed_since(self, since: datetime) -> list[Removal]:
        """List what was taken away since a moment, in a database that is about to be replaced."""
        found = await self._run.rows(_REMOVED_SINCE, since=ms(since))
        return [Removal(instant(at), name, user_name or "") for at, name, user_name in found]
