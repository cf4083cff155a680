"""What risk is found by: one statement in each sign-in, and one more for each wrong password.

A sign-in looks at what the trail tells of its person, by an index of few events, and at whose
passwords were tried from the same place.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from portvakt.core.events import (
    PhoneRequestDenied,
    PhoneRequestWrongNumber,
    SignInFailed,
)
from portvakt.core.ids import AccountId
from portvakt.core.risk import Tried
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms

MOST: Final = 300
"""Wrong answers that are looked through, the newest first; no limit on tries lets so many be."""
_NOTE: Final = Statement(
    """
    INSERT INTO wrong_from (place, subject, address, at) VALUES (:place, :subject, :address, :at)
    ON CONFLICT (place, subject) DO UPDATE SET address = excluded.address, at = excluded.at
    """
)
_AMONG_FEW: Final = """name IN ('authentication.succeeded', 'authentication.failed',
    'phone.request_denied', 'phone.request_wrong_number')"""
"""What the index `ix_events_risk` holds, in its words, so that it is used."""
_SEEN: Final = Statement(
    """
    WITH others AS MATERIALIZED (
        SELECT COUNT(*) AS people FROM wrong_from w
        WHERE w.place = :place AND w.at > :lately AND w.subject <> :account_id AND NOT EXISTS (
            SELECT 1 FROM sessions s WHERE s.account_id = w.subject AND s.address = w.address
                AND s.created_at >= w.at))
    SELECT 0, people, '', NULL, '' FROM others
    UNION ALL
    SELECT 1, COUNT(DISTINCT account_id), '', NULL, '' FROM sessions
    WHERE (SELECT people FROM others) >= :least AND created_at > :lately AND address = :address
    UNION ALL
    SELECT 2, MAX(at), '', address, '' FROM events
    WHERE account_id = :account_id AND at > :since AND name = 'authentication.succeeded'
        AND {among_few}
    GROUP BY address
    UNION ALL
    SELECT 3, wrong.at, wrong.name, NULL, wrong.detail FROM (
        SELECT at, name, detail FROM events
        WHERE account_id = :account_id AND at > :recently AND name <> 'authentication.succeeded'
            AND {among_few}
        ORDER BY at DESC LIMIT :most) AS wrong
    """,
    among_few=_AMONG_FEW,
)


class _Detail(msgspec.Struct):
    """The fields that count; no event has all of them."""

    method: str = ""
    reason: str = ""
    request: str = ""


_READ: Final = msgspec.json.Decoder(_Detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is stored that a sign-in is judged by."""

    signed_in: tuple[tuple[datetime, str | None], ...]
    """From which addresses, and when last from each."""
    wrong: tuple[datetime, ...]
    """When wrong passwords came."""
    refused: tuple[tuple[datetime, str], ...]
    """When the phone said no, and to which request."""
    tried: Tried


class RiskRecords:
    """`unit.risk`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def note_wrong(self, place: str, subject: str, address: str, at: datetime) -> None:
        """Keep that a wrong password came from a place for somebody, or for nobody's name."""
        await self._run.changed(_NOTE, place=place, subject=subject, address=address, at=ms(at))

    async def seen(
        self,
        account_id: AccountId,
        *,
        place: str,
        address: str,
        lately: datetime,
        since: datetime,
        recently: datetime,
        least: int,
    ) -> Seen:
        """Read it for somebody who signs in from a place, in one statement.

        The place is looked at from `lately` on, the person's sign-ins from `since` on and what
        they refused or got wrong from `recently` on. Who got in from there is counted only where
        at least `least` others did not.
        """
        rows = await self._run.rows(
            _SEEN,
            account_id=account_id,
            place=place,
            address=address,
            lately=ms(lately),
            since=ms(since),
            recently=ms(recently),
            least=least,
            most=MOST,
        )
        counts = {part: int(number) for part, number, *_ in rows if part < _SIGNED_IN}
        wrong = [
            (instant(at), name, _READ.decode(detail))
            for part, at, name, _, detail in rows
            if part == _WRONG
        ]
        return Seen(
            signed_in=tuple(
                (instant(at), whence) for part, at, _, whence, _ in rows if part == _SIGNED_IN
            ),
            wrong=tuple(at for at, name, told in wrong if _is_guess(name, told)),
            refused=tuple((at, told.request) for at, name, told in wrong if name in _NO),
            tried=Tried(people=counts[0], got_in=counts[1]),
        )


_SIGNED_IN: Final = 2
_WRONG: Final = 3
_NO: Final = frozenset({PhoneRequestDenied.name, PhoneRequestWrongNumber.name})


def _is_guess(name: str, told: _Detail) -> bool:
    return name == SignInFailed.name and told.method == "password" and told.reason == "wrong"
