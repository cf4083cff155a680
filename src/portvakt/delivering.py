"""One message from the outbox to whoever takes it, and what came of that.

A message is claimed for a while, handed over, and marked with its body erased. A worker that dies
in between leaves the claim to run out, and the message is tried again under the same key. So a
notice arrives at least once; a code at most twice, with the same digits.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog

from portvakt.core.event import Event
from portvakt.core.events import AppNotTold, MessageFailed
from portvakt.core.ids import ApprovalId, AuthenticatorId
from portvakt.core.phones import Subscription
from portvakt.crypto.sealing import Sealer, SealError
from portvakt.journeys.open_app.oidc.logout.back_channel import CHANNEL as SIGN_OUTS
from portvakt.post import Post, Thing, read
from portvakt.records import Act, Message, Records, RecordsUnavailable, Unit
from portvakt.text_gateways import Handed, Holder
from portvakt.wake import Gone, Wake
from portvakt.wire.outcomes import Refused, Sent, Unknown

Clock = Callable[[], datetime]
T = TypeVar("T")

NOTICE: Final = "notice"
"""The purpose of what is no code: it may come late, and twice."""

LEASE: Final = timedelta(seconds=25)
"""How long a claim lasts. A message that a dying worker left is tried again within 30 s (F04)."""
PATIENCE: Final = 20.0
"""Seconds for one try of one message, whoever is asked; shorter than the claim."""
AFTER_UNKNOWN: Final = timedelta(seconds=3)
FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_FOR_CODE: Final = timedelta(seconds=15)
LONGEST_FOR_NOTICE: Final = timedelta(minutes=30)
LEFT_ALONE: Final = timedelta(seconds=2)
"""An app that asks for such a wait, or is left alone for so long, gets nothing else before."""
_SETTLE_TRIES: Final = 30
"""Half a second apart: a database that is away for ten seconds loses no outcome, and what is not
written when the claim runs out is tried again."""
_MOST_TRIES_OF_A_CODE: Final = 2

_log = structlog.get_logger("portvakt.worker")


class Delivery:
    """Tries claimed messages. Everything that must not be forgotten is in the records."""

    def __init__(
        self,
        *,
        records: Records,
        sealer: Sealer,
        post: Post,
        clock: Clock,
        look_again: Callable[[str], None],
    ) -> None:
        """Deliver by `post`; `look_again` is told of a channel whose next message is due anew."""
        self.records = records
        self._sealer = sealer
        self._post = post
        self._clock = clock
        self._look_again = look_again

    async def deliver(self, message: Message) -> None:
        """Try one claimed message once, and write down what came of it."""
        now = self._clock()
        if now >= message.not_after:
            await self._drop(message, "too late", taken=False)
        elif _is_spent(message, message.maybe_sent - 1):
            await self._drop(message, "nobody can say whether it arrived", taken=False)
        else:
            await self._hand_over(message, now)

    async def _hand_over(self, message: Message, now: datetime) -> None:
        try:
            body = self._sealer.open(message.body, table="outbox", column="body", row=message.id)
        except SealError as error:
            why = f"the body cannot be opened: {type(error).__name__}"
            await self._drop(message, why, taken=False)
            return
        thing = read(message, body, now)
        handed: Handed | Gone = Handed(Unknown("no answer in time"), None)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                handed = await self._post.send(
                    thing, _holder(message), lambda gateway: self._asks(message, gateway)
                )
        if isinstance(handed, Gone):
            kept = await self._kept(thing) if isinstance(thing, Wake) else None
            await self._drop(message, handed.reason, taken=False, forget=kept)
        else:
            await self._settle(message, thing, handed)

    async def _asks(self, message: Message, gateway: str) -> None:
        """Keep which gateway is asked now: should we die, only that one may have it."""
        await self.records.write(lambda unit: unit.outbox.asks(message.id, gateway))

    async def _kept(self, wake: Wake) -> tuple[AuthenticatorId, bytes] | None:
        """Read where a phone is woken, sealed; None where that is no longer what was tried."""
        id_ = AuthenticatorId(wake.phone_id)
        found = await self.records.read(lambda unit: unit.phones.load(id_, wake.at))
        sealed = None if found is None else found[0].subscription
        if sealed is None:
            return None
        kept = self._sealer.open(sealed, table="phones", column="subscription", row=id_)
        return (id_, sealed) if Subscription.from_json(kept) == wake.subscription else None

    async def _settle(self, message: Message, thing: Thing, handed: Handed) -> None:
        now, gateway = self._clock(), handed.gateway
        match handed.outcome:
            case Sent(receipt):
                await self._write(
                    lambda unit: _handed_over(unit, message, thing, now, receipt, gateway)
                )
                took = round((now - message.created_at).total_seconds(), 3)
                _log.info("message.sent", **_about(message), gateway=gateway, seconds=took)
            case Refused(reason, retry=False):
                await self._drop(message, reason, taken=False, gateway=gateway)
            case Refused(reason, wait=wait):
                at = now + max(_pause(message), wait)
                # What waits for an app that is left alone goes round once, and not all of it.
                alone = message.channel == SIGN_OUTS and wait >= LEFT_ALONE
                hold = now + wait if alone else None
                await self._again(message, at, reason, taken=False, gateway=gateway, hold=hold)
            case Unknown(reason) if _is_spent(message, message.maybe_sent):
                await self._drop(message, reason, taken=True, gateway=gateway)
            case Unknown(reason):
                pause = _pause(message) if message.purpose == NOTICE else AFTER_UNKNOWN
                await self._again(message, now + pause, reason, taken=True, gateway=gateway)

    async def _again(
        self,
        message: Message,
        at: datetime,
        why: str,
        *,
        taken: bool,
        gateway: str | None,
        hold: datetime | None = None,
    ) -> None:
        """Try again later, unless that would be too late; `hold` is for all of the recipient's."""
        if at >= message.not_after:
            await self._drop(message, why, taken=taken, gateway=gateway)
            return

        async def act(unit: Unit) -> None:
            await unit.outbox.failed(message.id, at, why, taken=taken, gateway=gateway)
            if hold is not None:
                await unit.outbox.hold(message.channel, message.to, hold)

        await self._write(act)
        _log.warning("message.delayed", **_about(message), why=why, tries=message.tries)
        self._look_again(message.channel)

    async def _drop(
        self,
        message: Message,
        why: str,
        *,
        taken: bool,
        gateway: str | None = None,
        forget: tuple[AuthenticatorId, bytes] | None = None,
    ) -> None:
        """Give it up, with its event; `forget` is a phone and what it was woken by until now."""
        now = self._clock()
        event = _given_up(message, why, now)

        async def act(unit: Unit) -> None:
            await unit.outbox.dropped(message.id, now, why, taken=taken, gateway=gateway)
            if forget is not None:
                await unit.phones.unsubscribe(*forget)
            await unit.audit.write(event)

        await self._write(act)
        _log.warning("message.failed", **_about(message), why=why, tries=message.tries)

    async def _write(self, act: Act[Unit, T]) -> T:
        """Write down an outcome, also where the database is away for a moment.

        What is not written before the claim runs out is tried again.
        """
        for left in reversed(range(_SETTLE_TRIES)):
            try:
                return await self.records.write(act)
            except RecordsUnavailable:
                if not left:
                    raise
                await asyncio.sleep(0.5)
        raise AssertionError("unreachable")


def _given_up(message: Message, why: str, now: datetime) -> Event:
    if message.channel == SIGN_OUTS:
        return AppNotTold(
            at=now,
            account_id=message.account_id,
            actor="worker",
            app=message.to,
            why=why,
            tries=message.tries,
        )
    return MessageFailed(
        at=now,
        account_id=message.account_id,
        actor="worker",
        channel=message.channel,
        purpose=message.purpose,
        why=why,
    )


def _holder(message: Message) -> Holder:
    """Say what the tries before this one came to."""
    return Holder(
        asked=message.gateway,
        may_have_it=message.maybe_sent > 1,
        bound=message.purpose != NOTICE,
    )


def _is_spent(message: Message, may_have_gone: int) -> bool:
    """Say whether a message must not be sent again: a code after two tries, a notice never.

    `may_have_gone` counts the tries that a gateway may have taken. Those of a worker that died are
    among them: rather a code too few than one too many.
    """
    return message.purpose != NOTICE and may_have_gone >= _MOST_TRIES_OF_A_CODE


async def _handed_over(
    unit: Unit, message: Message, thing: Thing, now: datetime, receipt: str, gateway: str | None
) -> None:
    """Write that it was taken; of a phone to be woken, the page that waits for it hears so."""
    await unit.outbox.handed_over(message.id, now, receipt, gateway)
    if isinstance(thing, Wake):
        request = ApprovalId(thing.request_id)
        if await unit.approvals.note(request, "sent", now):
            await unit.wakeups.ring(f"approval:{request}")


def _pause(message: Message) -> timedelta:
    """How long to wait after a try: twice as long each time."""
    longest = LONGEST_FOR_NOTICE if message.purpose == NOTICE else LONGEST_FOR_CODE
    return min(FIRST_PAUSE * (1 << min(message.tries - 1, 12)), longest)


def _about(message: Message) -> dict[str, str]:
    return {"channel": message.channel, "purpose": message.purpose, "message": message.id}
