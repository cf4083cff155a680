"""Requests that a phone approves. Each change is one conditional statement, so it happens once.

Who answers, who finishes and who ends a request may come at the same moment from any number of
processes: the row decides.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final, Literal

from portvakt.core.ids import AccountId, ApprovalId, AuthenticatorId
from portvakt.core.push_approval import FINISH_WITHIN, Approval, ApprovalState
from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, optional_instant, optional_ms, to_json

_COLUMNS: Final = """
    id, account_id, flow, browser, purpose, app, number, digits, lock, quiet, known_browser, shown,
    state, phone_id, created_at, expires_at, sent_at, delivered_at, opened_at, answered_at
"""
_START: Final = Statement(
    """
    INSERT INTO approvals ({columns})
    VALUES (:id, :account_id, :flow, :browser, :purpose, :app, :number, :digits, :lock, :quiet,
        :known_browser, :shown, :state, :phone_id, :created_at, :expires_at, :sent_at,
        :delivered_at, :opened_at, :answered_at)
    """,
    columns=_COLUMNS,
)
_WAITING: Final = Statement(
    """
    SELECT {columns} FROM approvals
    WHERE account_id = :account_id AND expires_at > :now AND state = 'waiting'
    ORDER BY created_at, id
    """,
    columns=_COLUMNS,
)
_LOAD: Final = Statement("SELECT {columns} FROM approvals WHERE id = :id", columns=_COLUMNS)
# Of two in the same millisecond, the one that leads on is the newer: it was made when the other had
# ended.
_NEWEST_OF: Final = """
    FROM approvals WHERE flow = :flow AND purpose = :purpose
    ORDER BY created_at DESC,
        CASE state WHEN 'waiting' THEN 0 WHEN 'approved' THEN 1 WHEN 'replaced' THEN 3 ELSE 2 END,
        id DESC LIMIT 1
"""
_NEWEST: Final = Statement("SELECT {columns} {newest}", columns=_COLUMNS, newest=_NEWEST_OF)
_END: Final = Statement(
    """
    UPDATE approvals SET state = :state
    WHERE id {among:ids} AND ((state = 'waiting' AND expires_at > :at) OR state = 'approved')
    """
)
# A phone that is being paired answers its own test request, which names it, and nothing else.
_BOUND: Final = """
    EXISTS (SELECT 1 FROM accounts a WHERE a.id = {account} AND a.state = 'active')
    AND (EXISTS (SELECT 1 FROM authenticators b
            WHERE b.id = {phone} AND b.account_id = {account} AND b.type = 'push'
                AND b.state = 'active')
        OR approvals.phone_id = {phone} AND EXISTS (
            SELECT 1 FROM phones p JOIN pairings q ON q.phone_id = p.id
            WHERE p.id = {phone} AND p.account_id = {account} AND p.state = 'proving'
                AND q.expires_at > :at))
"""
_ANSWER: Final = Statement(
    """
    UPDATE approvals SET phone_id = :phone_id, answered_at = :at,
        state = CASE WHEN NOT :approve THEN 'denied' WHEN number = :number THEN 'approved'
            ELSE 'wrong_number' END
    WHERE id = :id AND account_id = :account_id
        AND (state = 'waiting' AND expires_at > :at
                AND (phone_id IS NULL OR phone_id = :phone_id)
            OR state = 'approved' AND NOT :approve AND answered_at >= :since)
        AND {bound}
    RETURNING state
    """,
    bound=_BOUND,
    phone=":phone_id",
    account=":account_id",
)
_DENY_ALL: Final = Statement(
    """
    UPDATE approvals SET state = 'denied', answered_at = :at
    WHERE account_id = :account_id AND expires_at > :since
        AND (state = 'waiting' AND expires_at > :at OR state = 'approved')
    RETURNING id
    """
)
_FINISH: Final = Statement(
    """
    UPDATE approvals SET state = 'finished'
    WHERE id = (SELECT id {newest}) AND state = 'approved' AND account_id IS NOT NULL
        AND lock = :lock AND answered_at >= :since AND {bound}
    RETURNING phone_id
    """,
    newest=_NEWEST_OF,
    bound=_BOUND,
    phone="approvals.phone_id",
    account="approvals.account_id",
)
What = Literal["sent", "delivered", "opened"]
_NOTE: Final[dict[What, Statement]] = {
    "sent": Statement("UPDATE approvals SET sent_at = :at WHERE id = :id AND sent_at IS NULL"),
    "delivered": Statement(
        "UPDATE approvals SET delivered_at = :at WHERE id = :id AND delivered_at IS NULL"
    ),
    "opened": Statement(
        "UPDATE approvals SET opened_at = :at WHERE id = :id AND opened_at IS NULL"
    ),
}


class Approvals:
    """`unit.approvals`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def start(self, approval: Approval) -> None:
        """Keep a request; what it replaces is ended beside it, with `end`."""
        await self._run.changed(
            _START,
            id=approval.id,
            account_id=approval.account_id,
            flow=approval.flow,
            browser=approval.browser,
            purpose=approval.purpose,
            app=approval.app,
            number=approval.number,
            digits=approval.digits,
            lock=approval.lock,
            quiet=approval.quiet,
            known_browser=approval.known_browser,
            shown=approval.shown,
            state=approval.state,
            phone_id=approval.phone_id,
            created_at=ms(approval.created_at),
            expires_at=ms(approval.expires_at),
            sent_at=optional_ms(approval.sent_at),
            delivered_at=optional_ms(approval.delivered_at),
            opened_at=optional_ms(approval.opened_at),
            answered_at=optional_ms(approval.answered_at),
        )

    async def waiting(self, account_id: AccountId, now: datetime) -> list[Approval]:
        """Read what waits for an answer, the oldest first; those for one phone only as well."""
        rows = await self._run.rows(_WAITING, account_id=account_id, now=ms(now))
        return [_approval(row) for row in rows]

    async def load(self, id_: ApprovalId) -> Approval | None:
        """Read a request, in whatever state it is: `standing_of_request` says what that is."""
        row = await self._run.row(_LOAD, id=id_)
        return None if row is None else _approval(row)

    async def newest(self, flow: str, purpose: str) -> Approval | None:
        """Read the last request of a flow and purpose; None where there was none."""
        row = await self._run.row(_NEWEST, flow=flow, purpose=purpose)
        return None if row is None else _approval(row)

    async def end(self, ids: Collection[ApprovalId], state: ApprovalState, at: datetime) -> int:
        """Take requests out of the world as replaced or closed; returns how many still were in it.

        What was approved and is not finished ends too.
        """
        ended = to_json(list(ids))
        return await self._run.changed(_END, ids=ended, state=state, at=ms(at))

    async def answer(
        self,
        id_: ApprovalId,
        account_id: AccountId,
        phone_id: AuthenticatorId,
        number: str | None,
        at: datetime,
        *,
        approve: bool,
    ) -> ApprovalState | None:
        """Answer a request once: approved, wrong_number (which ends it as well) or denied.

        None where it had ended, is not this account's, is for another phone, or the phone is bound
        no longer. Denying also takes back what was approved and not finished, by any phone of the
        account: between a yes and a no, the no counts.
        """
        row = await self._run.row(
            _ANSWER,
            id=id_,
            account_id=account_id,
            phone_id=phone_id,
            number=number,
            at=ms(at),
            since=ms(at - FINISH_WITHIN),
            approve=approve,
        )
        return None if row is None else ApprovalState(row[0])

    async def deny_all(self, account_id: AccountId, at: datetime) -> list[ApprovalId]:
        """End all that waits, or is approved and not finished; returns which they were."""
        rows = await self._run.rows(
            _DENY_ALL, account_id=account_id, at=ms(at), since=ms(at - FINISH_WITHIN)
        )
        return [ApprovalId(row[0]) for row in rows]

    async def finish(
        self, flow: str, purpose: str, now: datetime, *, lock: bool
    ) -> AuthenticatorId | None:
        """Spend the approval of a flow and purpose; returns the phone that gave it.

        `lock` is whether its screen lock must have been proved; one that was asked for with it
        serves nothing else. None for everybody but the first, later than `FINISH_WITHIN` after the
        answer, where the phone that gave it is not active at this moment (A034), and where a newer
        request was made.
        """
        row = await self._run.row(
            _FINISH,
            flow=flow,
            purpose=purpose,
            lock=lock,
            at=ms(now),
            since=ms(now - FINISH_WITHIN),
        )
        return None if row is None else AuthenticatorId(row[0])

    async def note(self, id_: ApprovalId, what: What, at: datetime) -> bool:
        """Keep when it was first sent, delivered or opened; False every time after the first.

        Whose request it is, the caller has looked up.
        """
        return await self._run.changed(_NOTE[what], id=id_, at=ms(at)) == 1


def _approval(row: Row) -> Approval:
    return Approval(
        id=ApprovalId(row[0]),
        account_id=row[1],
        flow=row[2],
        browser=row[3],
        purpose=row[4],
        app=row[5],
        number=row[6],
        digits=row[7],
        lock=bool(row[8]),
        quiet=bool(row[9]),
        known_browser=bool(row[10]),
        shown=row[11],
        state=ApprovalState(row[12]),
        phone_id=row[13],
        created_at=instant(row[14]),
        expires_at=instant(row[15]),
        sent_at=optional_instant(row[16]),
        delivered_at=optional_instant(row[17]),
        opened_at=optional_instant(row[18]),
        answered_at=optional_instant(row[19]),
    )
