"""Messages that are sent after the commit, and the trace they leave.

A body is sealed, and erased when it has been handed over or dropped. The row stays for a while:
limits count what was sent, and a message that is asked for twice is sent once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from portvakt.core.ids import AccountId
from portvakt.core.text_fates import RECEIPT_TAKEN_FOR, Noted, ReceiptState, TextFate
from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms

TOPIC: Final = "outbox"
"""What is rung when a message has been put."""


def fate_topic(id_: str) -> str:
    """Name what is rung when something became of a message."""
    return f"fate:{id_}"


_COLUMNS: Final = """
    id, channel, recipient, body, purpose, account_id, address, created_at, not_after,
    idempotency_key, tries, maybe_sent, gateway
"""
_PUT: Final = Statement(
    """
    INSERT INTO outbox (id, channel, recipient, body, purpose, account_id, address, created_at,
        not_after, idempotency_key, state, tries, maybe_sent, due_at)
    VALUES (:id, :channel, :recipient, :body, :purpose, :account_id, :address, :created_at,
        :not_after, :idempotency_key, 'waiting', 0, 0, :created_at)
    ON CONFLICT (idempotency_key) DO NOTHING
    """
)
# Two workers at once never get the same message. A worker that dies leaves its claim to run out,
# and with it a try that may have gone.
_PUT_MANY: Final = Statement(
    """
    INSERT INTO outbox (id, channel, recipient, body, purpose, account_id, created_at,
        not_after, idempotency_key, state, tries, maybe_sent, due_at)
    {each:id TEXT, channel TEXT, recipient TEXT, body BYTEA, purpose TEXT, account_id TEXT,
        created_at BIGINT, not_after BIGINT, idempotency_key TEXT, 'waiting', 0, 0, created_at}
    ON CONFLICT (idempotency_key) DO NOTHING
    """
)
_CLAIM: Final = Statement(
    """
    UPDATE outbox SET due_at = :lease_until, tries = tries + 1, why = NULL,
        maybe_sent = COALESCE(maybe_sent, tries) + 1
    WHERE id IN (SELECT id FROM outbox WHERE due_at <= :now AND channel = :channel
        ORDER BY due_at LIMIT :most {locked_free})
    RETURNING {columns}
    """,
    columns=_COLUMNS,
)
_ASKS: Final = Statement(
    "UPDATE outbox SET gateway = :gateway WHERE id = :id AND state = 'waiting'"
)
_HANDED_OVER: Final = Statement(
    """
    UPDATE outbox SET state = 'handed_over', body = NULL, due_at = NULL, done_at = :at,
        receipt = :receipt, gateway = :gateway, why = NULL
    WHERE id = :id AND state = 'waiting'
    """
)
_FAILED: Final = Statement(
    """
    UPDATE outbox SET due_at = :retry_at, why = :why, maybe_sent = maybe_sent - :not_taken,
        gateway = CASE WHEN maybe_sent > :not_taken THEN COALESCE(:gateway, gateway) END
    WHERE id = :id AND state = 'waiting'
    """
)
_HOLD: Final = Statement(
    """
    UPDATE outbox SET due_at = :until
    WHERE recipient = :recipient AND channel = :channel AND state = 'waiting'
        AND due_at < :sooner
    """
)
_DROPPED: Final = Statement(
    """
    UPDATE outbox SET state = 'dropped', body = NULL, due_at = NULL, done_at = :at, why = :why,
        maybe_sent = maybe_sent - :not_taken, gateway = COALESCE(:gateway, gateway)
    WHERE id = :id AND state = 'waiting'
    """
)
# A name of a gateway's own may come again after a while: the newest text is meant.
_RECEIPTED: Final = Statement(
    """
    UPDATE outbox SET receipt_state = :state, receipt_at = :at
    WHERE receipt_state IS NULL AND id = (SELECT id FROM outbox
        WHERE gateway = :gateway AND receipt = :receipt AND state = 'handed_over'
            AND done_at > :since
        ORDER BY done_at DESC LIMIT 1)
    RETURNING id
    """
)
# One that was handed over between the two statements is neither: its receipt is still to be noted.
_KNOWN: Final = Statement(
    """
    SELECT 1 FROM outbox WHERE gateway = :gateway AND receipt = :receipt
        AND (receipt_state IS NOT NULL OR done_at <= :since)
    LIMIT 1
    """
)
_FATE: Final = Statement(
    """
    SELECT id, created_at, state, tries, COALESCE(maybe_sent, tries), why, done_at, receipt,
        receipt_state, receipt_at
    FROM outbox WHERE id = :id
    """
)
_SENT: Final = Statement(
    """
    SELECT 'number', created_at FROM outbox
        WHERE recipient = :number AND created_at > :since AND channel = 'sms'
    UNION ALL SELECT 'purpose', created_at FROM outbox
        WHERE recipient = :number AND created_at > :since AND channel = 'sms'
            AND purpose = :purpose
    UNION ALL SELECT 'account', created_at FROM outbox
        WHERE account_id = :account_id AND created_at > :since AND channel = 'sms'
    UNION ALL SELECT 'address', created_at FROM outbox
        WHERE address = :address AND created_at > :since AND channel = 'sms'
    """
)
_NEXT_DUE: Final = Statement(
    "SELECT MIN(due_at) FROM outbox WHERE due_at IS NOT NULL AND channel = :channel"
)
_WAITING: Final = Statement(
    "SELECT channel, COUNT(*), MIN(created_at) FROM outbox WHERE due_at >= 0 GROUP BY channel"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something to send."""

    id: str
    channel: str
    """"sms", "mail", "wake" or "sign_out"."""
    to: str
    body: bytes = field(repr=False)
    """Sealed for table outbox, column body, row id."""
    purpose: str
    account_id: AccountId | None
    address: str | None = None
    """The client that asked for it and had proved nothing, where that counts."""
    created_at: datetime
    not_after: datetime
    """A message that is later than this is of no use."""
    idempotency_key: str
    tries: int = 0
    maybe_sent: int = 0
    """Tries that a gateway may have taken; once it is claimed, this one is among them."""
    gateway: str | None = None
    """Which gateway may have taken it, where it is not the first that its number has."""


@dataclass(frozen=True, slots=True)
class SentTimes:
    """When text messages were asked for, the oldest first."""

    number: tuple[datetime, ...]
    purpose: tuple[datetime, ...]
    """Those to the number for the purpose in question."""
    account: tuple[datetime, ...]
    address: tuple[datetime, ...]


class Outbox:
    """`unit.outbox`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def put(self, message: Message) -> bool:
        """Have a message sent after the commit; False where one with its key is there already."""
        put = await self._run.changed(
            _PUT,
            id=message.id,
            channel=message.channel,
            recipient=message.to,
            body=message.body,
            purpose=message.purpose,
            account_id=message.account_id,
            address=message.address,
            created_at=ms(message.created_at),
            not_after=ms(message.not_after),
            idempotency_key=message.idempotency_key,
        )
        await self._run.ring(TOPIC)
        return put == 1

    async def put_many(self, messages: Sequence[Message]) -> int:
        """Have messages sent after the commit; returns how many of them were not there already.

        None of them is for a client that had proved nothing: `address` is not kept.
        """
        rows = [
            (
                each.id,
                each.channel,
                each.to,
                each.body,
                each.purpose,
                each.account_id,
                ms(each.created_at),
                ms(each.not_after),
                each.idempotency_key,
            )
            for each in messages
        ]
        if not rows:
            return 0
        put = await self._run.each(_PUT_MANY, rows)
        await self._run.ring(TOPIC)
        return put

    async def claim(
        self, channel: str, now: datetime, limit: int, lease: timedelta
    ) -> Sequence[Message]:
        """Take messages of one channel that are due; nobody else gets them before the lease ends.

        `tries` of each counts this one. Those that are too late come too: `dropped` is for them.
        """
        rows = await self._run.rows(
            _CLAIM, channel=channel, now=ms(now), most=limit, lease_until=ms(now + lease)
        )
        return sorted((_message(row) for row in rows), key=lambda each: each.created_at)

    async def asks(self, id_: str, gateway: str) -> None:
        """Keep which gateway is asked next, so that it is known should we die meanwhile."""
        await self._run.changed(_ASKS, id=id_, gateway=gateway)

    async def handed_over(
        self, id_: str, at: datetime, receipt: str, gateway: str | None = None
    ) -> bool:
        """Keep that a gateway has taken it, by which name, and erase the body."""
        taken = await self._run.changed(
            _HANDED_OVER, id=id_, at=ms(at), receipt=receipt, gateway=gateway
        )
        await self._run.ring(fate_topic(id_))
        return taken == 1

    async def failed(
        self, id_: str, retry_at: datetime, why: str, *, taken: bool, gateway: str | None = None
    ) -> None:
        """Try again later. `taken` is whether this try may have been taken, by `gateway`."""
        await self._run.changed(
            _FAILED,
            id=id_,
            retry_at=ms(retry_at),
            why=why,
            not_taken=0 if taken else 1,
            gateway=gateway,
        )
        await self._run.ring(fate_topic(id_))

    async def hold(self, channel: str, recipient: str, until: datetime) -> int:
        """Try nothing more for one recipient before then; returns how many messages that moved.

        One statement for however many wait, and none of them is moved by less than a second.
        """
        sooner = until - timedelta(seconds=1)
        return await self._run.changed(
            _HOLD, channel=channel, recipient=recipient, until=ms(until), sooner=ms(sooner)
        )

    async def dropped(
        self, id_: str, at: datetime, why: str, *, taken: bool, gateway: str | None = None
    ) -> None:
        """Give a claimed message up, and erase the body. `taken` is as for `failed`."""
        await self._run.changed(
            _DROPPED, id=id_, at=ms(at), why=why, not_taken=0 if taken else 1, gateway=gateway
        )
        await self._run.ring(fate_topic(id_))

    async def receipted(
        self, gateway: str, receipt: str, state: ReceiptState, at: datetime
    ) -> Noted:
        """Keep what an operator says became of a text that it took, once."""
        if not receipt:
            return Noted.UNKNOWN
        since = ms(at - RECEIPT_TAKEN_FOR)
        row = await self._run.row(
            _RECEIPTED, gateway=gateway, receipt=receipt, state=state, at=ms(at), since=since
        )
        if row is not None:
            await self._run.ring(fate_topic(row[0]))
            return Noted.NOW
        known = await self._run.row(_KNOWN, gateway=gateway, receipt=receipt, since=since)
        return Noted.UNKNOWN if known is None else Noted.BEFORE

    async def fate(self, id_: str) -> TextFate | None:
        """Read what became of a message; None where there is no such message."""
        row = await self._run.row(_FATE, id=id_)
        return None if row is None else fate_of(row)

    async def sent_times(
        self,
        *,
        number: str,
        purpose: str,
        account_id: AccountId | None,
        address: str | None,
        since: datetime,
    ) -> SentTimes:
        """Say when texts were asked for, by number, account and address.

        Until the act ends, no other act is told about the same number, account or address: a
        limit that is kept with this holds however many ask at once.
        """
        names = (f"number:{number}", f"account:{account_id}", f"address:{address}")
        known = (True, account_id is not None, address is not None)
        await self._run.turn(
            *(name for name, is_known in zip(names, known, strict=True) if is_known)
        )
        rows = await self._run.rows(
            _SENT,
            number=number,
            purpose=purpose,
            account_id=account_id,
            address=address,
            since=ms(since),
        )
        found: dict[str, list[int]] = {"number": [], "purpose": [], "account": [], "address": []}
        for kind, at in rows:
            found[kind].append(at)
        return SentTimes(
            **{kind: tuple(instant(at) for at in sorted(times)) for kind, times in found.items()}
        )

    async def next_due(self, channel: str) -> datetime | None:
        """Say when the channel's next message is to be tried, or a claim runs out."""
        row = await self._run.row(_NEXT_DUE, channel=channel)
        return None if row is None or row[0] is None else instant(row[0])

    async def waiting(self) -> dict[str, tuple[int, datetime]]:
        """Say by channel how many messages are not sent yet, and when the oldest was asked for."""
        rows = await self._run.rows(_WAITING)
        return {row[0]: (int(row[1]), instant(row[2])) for row in rows}


def _message(row: Row) -> Message:
    return Message(
        id=row[0],
        channel=row[1],
        to=row[2],
        body=row[3],
        purpose=row[4],
        account_id=None if row[5] is None else AccountId(row[5]),
        address=row[6],
        created_at=instant(row[7]),
        not_after=instant(row[8]),
        idempotency_key=row[9],
        tries=row[10],
        maybe_sent=row[11],
        gateway=row[12],
    )


def fate_of(row: Row) -> TextFate:
    """Read the columns of `_FATE`."""
    id_, asked, state, tries, maybe, why, done, receipt, receipt_state, receipt_at = row
    return TextFate(
        id=id_,
        asked_at=instant(asked),
        state=state,
        under_way=state == "waiting" and tries > 0 and why is None,
        maybe_sent=maybe,
        tries=tries,
        done_at=None if done is None else instant(done),
        named=bool(receipt),
        receipt_state=receipt_state,
        receipt_at=None if receipt_at is None else instant(receipt_at),
    )
