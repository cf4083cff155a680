"""Who may stand up for somebody who resets a password or has a new phone, and who has.

An attempt asks for people by its own `asked_at`, so one that ends, expires or takes another name
asks for nobody any more. Who is what to whom, `core.vouchers` decides; the statements only look
where it could say yes.
"""

from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId, FlowId, SessionId
from portvakt.core.method_events import MethodRemoved
from portvakt.core.new_phone_events import NewPhoneVouched
from portvakt.core.people import Account
from portvakt.core.reset_events import ResetVouched
from portvakt.core.reset_steps import Goal
from portvakt.core.vouchers import LIVES, Request, Sort, Vouch, sort_of
from portvakt.records.driver import Row, Run
from portvakt.records.standing import ACCOUNT_COLUMNS, account_of
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, optional_instant, strings

MOST: Final = 50
"""People whom somebody could ask, of a large unit."""

_GIVEN: Final = """
    (SELECT {json_list:v.voucher_id || ' ' || v.sort || ' ' || v.given_at}
        FROM vouches v JOIN accounts s ON s.id = v.voucher_id AND s.state = 'active'
        WHERE v.attempt = <r>.id AND v.account_id = <r>.account_id)
"""
_ACCOUNTS: Final = """
    who AS (
        SELECT a.*,
            (SELECT {json_list:m.group_id} FROM memberships m WHERE m.account_id = a.id)
                AS in_groups,
            (SELECT {json_list:x.role} FROM account_roles x WHERE x.account_id = a.id) AS has_roles,
            FALSE AS known
        FROM accounts a WHERE a.id IN ({which}))
"""
_ASKS: Final = "r.stage = 'open' AND r.expires_at > :now AND r.asked_at > :since"


def given_for(attempt: str) -> str:
    """Give the column with who has vouched for the attempt in the table of this name."""
    return _GIVEN.replace("<r>", attempt)


_WAITING_FOR: Final = Statement(
    """
    WITH me AS MATERIALIZED (
        SELECT * FROM accounts WHERE id = :voucher_id AND state = 'active'),
    r AS MATERIALIZED (
        SELECT r.id, r.account_id, r.asked_at, r.goal FROM resets r
        JOIN accounts t ON t.id = r.account_id AND t.state = 'active'
        JOIN me ON me.source = t.source AND (me.external_id = t.manager OR me.unit = t.unit)
        WHERE {asks}),
    {who}
    SELECT r.id, r.asked_at, r.goal, {given}, {account}
    FROM who LEFT JOIN r ON r.account_id = who.id ORDER BY r.asked_at, r.id
    """,
    asks=_ASKS,
    who=_ACCOUNTS,
    which="SELECT id FROM me UNION SELECT account_id FROM r",
    given=given_for("r"),
    account=ACCOUNT_COLUMNS,
)
_WAITING_WIDTH: Final = 4
# Once for each person and attempt, and again when the first one no longer counts.
_GIVE: Final = Statement(
    """
    INSERT INTO vouches (attempt, account_id, voucher_id, session_id, sort, given_at)
    SELECT r.id, r.account_id, s.id, w.id, CAST(:sort AS TEXT), CAST(:now AS BIGINT)
    FROM resets r
    JOIN accounts t ON t.id = r.account_id AND t.state = 'active'
    JOIN accounts s ON s.id = :voucher_id AND s.state = 'active' AND s.id <> t.id
        AND s.source = t.source
    JOIN sessions w ON w.id = :session_id AND w.account_id = s.id AND w.kind = 'full'
        AND w.closed_at IS NULL
    WHERE r.id = :attempt AND {asks}
        AND (CAST(:sort AS TEXT) = 'manager' AND s.external_id = t.manager
            OR CAST(:sort AS TEXT) = 'colleague' AND s.unit = t.unit AND t.protected = FALSE)
    ON CONFLICT (attempt, account_id, voucher_id) DO UPDATE SET session_id = excluded.session_id,
        sort = excluded.sort, given_at = excluded.given_at
    WHERE vouches.given_at <= :since
    """,
    asks=_ASKS,
)
_OF_ATTEMPT: Final = Statement(
    "SELECT {given} FROM resets r WHERE r.id = :attempt", given=given_for("r")
)
_WITHDRAW: Final = Statement(
    "DELETE FROM vouches WHERE attempt = :attempt AND voucher_id = :voucher_id"
)
_COULD_STAND_UP: Final = Statement(
    """
    WITH me AS MATERIALIZED (
        SELECT * FROM accounts WHERE id = :account_id AND state = 'active'),
    near AS MATERIALIZED (
        SELECT a.id FROM accounts a JOIN me ON me.source = a.source AND me.id <> a.id
        WHERE a.state = 'active' AND a.unit <> '' AND a.unit = me.unit
        ORDER BY a.id LIMIT :most),
    {who}
    SELECT {account} FROM who ORDER BY who.id
    """,
    who=_ACCOUNTS,
    which="""SELECT id FROM near UNION SELECT b.id FROM accounts b
        JOIN me ON me.source = b.source AND b.external_id = me.manager AND b.state = 'active'""",
    account=ACCOUNT_COLUMNS,
)
_CHANGED_AT: Final = Statement(
    """
    SELECT MAX(at) FROM (
        SELECT at FROM events
        WHERE account_id = :account_id AND at > :since AND name = :removed
        UNION ALL SELECT at FROM past_resets WHERE account_id = :account_id AND at > :since
        UNION ALL SELECT at FROM freezes WHERE account_id = :account_id AND at > :since)
        AS changes
    """
)
_STOOD_UP: Final = Statement(
    """
    SELECT DISTINCT actor FROM events
    WHERE account_id = :account_id AND at > :since AND name IN (:reset, :new_phone)
    """
)
_ACTOR: Final = "account:"


class Vouches:
    """`unit.vouches`. To ask is to save what `core.password_reset.ask_people` made."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def waiting_for(self, voucher_id: AccountId, now: datetime) -> list[Request]:
        """Read the attempts for which this person could stand up now, the oldest first.

        Also those that they have vouched for: `given` says so. In one statement.
        """
        rows = await self._run.rows(
            _WAITING_FOR, voucher_id=voucher_id, now=ms(now), since=ms(now - LIVES)
        )
        accounts = [account_of(row, _WAITING_WIDTH) for row in rows]
        voucher = next((each for each in accounts if each.id == voucher_id), None)
        return [
            _request(row, target, now)
            for row, target in zip(rows, accounts, strict=True)
            if row[0] is not None and voucher is not None and sort_of(target, voucher) is not None
        ]

    async def give(
        self,
        attempt: FlowId,
        voucher_id: AccountId,
        session_id: SessionId,
        sort: Sort,
        at: datetime,
    ) -> bool:
        """Stand up for an attempt, once `vouchers.may_vouch` has let them; wakes who waits for it.

        False where they have already, where nobody is asked now, where the voucher's session or
        either account is closed, and where they no longer are that to each other.
        """
        given = await self._run.changed(
            _GIVE,
            attempt=attempt,
            voucher_id=voucher_id,
            session_id=session_id,
            sort=sort,
            now=ms(at),
            since=ms(at - LIVES),
        )
        if given != 1:
            return False
        await self._run.ring(topic(attempt))
        return True

    async def of_attempt(self, attempt: FlowId) -> list[Vouch]:
        """Read who has vouched for the person of an attempt, the oldest first."""
        row = await self._run.row(_OF_ATTEMPT, attempt=attempt)
        return [] if row is None else list(vouches_of(attempt, row[0]))

    async def withdraw(self, attempt: FlowId, voucher_id: AccountId) -> bool:
        """Take back one's word; False where one has not given it."""
        if not await self._run.changed(_WITHDRAW, attempt=attempt, voucher_id=voucher_id):
            return False
        await self._run.ring(topic(attempt))
        return True

    async def could_stand_up(self, account_id: AccountId, limit: int = MOST) -> list[Account]:
        """Read the manager and colleagues of somebody, for `vouchers.sorts_open` to judge.

        Of a unit with more people than `limit`, only as many.
        """
        rows = await self._run.rows(_COULD_STAND_UP, account_id=account_id, most=limit)
        return [account_of(row) for row in rows]

    async def changed_at(self, account_id: AccountId, since: datetime) -> datetime | None:
        """Say when a method of somebody was last removed, their password reset, a change disowned.

        None where nothing of that was after `since`: for `vouchers.Voucher`.
        """
        row = await self._run.row(
            _CHANGED_AT, account_id=account_id, since=ms(since), removed=MethodRemoved.name
        )
        return None if row is None else optional_instant(row[0])

    async def stood_up_for(self, account_id: AccountId, since: datetime) -> frozenset[AccountId]:
        """Name who has stood up for somebody after `since`: for `vouchers.Voucher`."""
        rows = await self._run.rows(
            _STOOD_UP,
            account_id=account_id,
            since=ms(since),
            reset=ResetVouched.name,
            new_phone=NewPhoneVouched.name,
        )
        return frozenset(
            AccountId(actor.removeprefix(_ACTOR)) for (actor,) in rows if actor.startswith(_ACTOR)
        )


def topic(attempt: FlowId) -> str:
    """Name what is rung when something has happened to an attempt: its page looks again."""
    return f"reset:{attempt}"


def vouches_of(attempt: FlowId, stored: str) -> tuple[Vouch, ...]:
    """Read the column of `given_for`, the oldest first."""
    given = [_vouch(attempt, each) for each in strings(stored)]
    return tuple(sorted(given, key=lambda each: (each.at, each.person)))


def _vouch(attempt: FlowId, stored: str) -> Vouch:
    person, sort, at = stored.split(" ")
    return Vouch(attempt, AccountId(person), Sort(sort), instant(int(at)))


def _request(row: Row, target: Account, now: datetime) -> Request:
    attempt = FlowId(row[0])
    given = vouches_of(attempt, row[3])
    return Request(
        attempt=attempt,
        target=target,
        asked_at=instant(row[1]),
        given=tuple(each for each in given if now < each.at + LIVES),
        new_phone=row[2] == Goal.NEW_PHONE,
    )
