"""The ways out: text messages, mail, phones to be woken, and apps that hear of sign-outs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from urllib.parse import urlsplit

from portvakt import mail, sms, wake
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import CodeMac, MasterKeys
from portvakt.journeys.open_app.oidc.logout.back_channel import CHANNEL, BackChannel, SignedOut
from portvakt.mail import Letter, Mailer
from portvakt.plugins import PushKeySource, Tools, fill
from portvakt.records import Message
from portvakt.settings import Settings
from portvakt.sms import TextMessage
from portvakt.text_gateways import (
    Asks,
    Clock,
    Gateway,
    Handed,
    Holder,
    TextGateways,
    gateway_names,
)
from portvakt.wake import Gone, Wake, WakeGateway
from portvakt.wire.http import HttpClient
from portvakt.wire.outcomes import Outcome, ReceiptSink, Refused

Thing = TextMessage | Letter | Wake | SignedOut


@dataclass(frozen=True, slots=True)
class Post:
    """Every way out that the settings open."""

    texts: TextGateways
    mailer: Mailer | None
    waker: WakeGateway | None = None
    apps: BackChannel | None = None
    """What tells apps that a session has ended: added by who does background work."""

    async def send(self, thing: Thing, holder: Holder, asks: Asks) -> Handed | Gone:
        """Hand one thing over. Where the settings open no way, it is refused.

        `holder` and `asks` are for texts, which several gateways may take (`TextGateways.send`).
        """
        if isinstance(thing, TextMessage):
            return await self.texts.send(thing, holder, asks)
        outcome = await self._handed(thing)
        return outcome if isinstance(outcome, Gone) else Handed(outcome, None)

    async def _handed(self, thing: Letter | Wake | SignedOut) -> Outcome | Gone:
        match thing:
            case Letter() if self.mailer is not None:
                return await self.mailer.send(thing)
            case Letter():
                return Refused("the settings have no [mail]", retry=False)
            case SignedOut() if self.apps is not None:
                return await self.apps.send(thing)
            case SignedOut():
                return Refused("nothing here tells apps", retry=False)
            case Wake() if self.waker is not None:
                return await self.waker.send(thing)
            case Wake():
                return Refused("the settings have no [wake]", retry=False)
            case _:
                assert_never(thing)

    async def close(self) -> None:
        """Close what gateways keep open. Nothing is sent afterwards."""
        await self.texts.close()


def read(message: Message, body: bytes, now: datetime) -> Thing:
    """Make of a row of the outbox what a gateway takes; `body` is what was sealed."""
    if message.channel == "mail":
        return mail.from_body(
            body, to=message.to, key=message.idempotency_key, at=message.created_at
        )
    if message.channel == "wake":
        return wake.from_body(body, at=now, not_after=message.not_after)
    if message.channel == CHANNEL:
        return SignedOut.from_body(body, message.to)
    return TextMessage(message.to, sms.from_body(body), message.idempotency_key)


def open_post(
    settings: Settings,
    keys: MasterKeys,
    hasher: PasswordHasher,
    push_key: PushKeySource | None = None,
    *,
    clock: Clock,
    receipts: Callable[[str], ReceiptSink] | None = None,
) -> Post:
    """Open every gateway and the mailer. Raises `portvakt.plugins.AdapterSettingsError`.

    `push_key` is needed where the settings have [wake]. `receipts` returns, by name of a gateway,
    where one with a line of its own puts what comes on it; without it such a line is not listened
    to.
    """
    gateways = [(each, fill("portvakt.sms", each.gateway, each.options)) for each in settings.sms]
    block, waking = settings.mail, settings.wake
    mailer = None if block is None else fill("portvakt.mail", block.gateway, block.options)
    waker = None if waking is None else fill("portvakt.wake", waking.gateway, waking.options)
    reached = [place for _, config in gateways for place in config.destinations()]
    if waker is not None:
        reached += waker.destinations()
    host = urlsplit(settings.public_url).hostname or ""
    tools = Tools(
        random=SystemRandom(),
        hasher=hasher,
        code_mac=CodeMac(keys),
        http=HttpClient(reached),
        public_host=host,
        organisation=settings.organisation.name,
        sender=(block.sender if block is not None else None) or f"no-reply@{host}",
        push_key=push_key,
    )
    return Post(
        TextGateways(
            [
                Gateway(
                    name,
                    each.allowed_prefixes,
                    config.open(
                        replace(tools, receipts=None if receipts is None else receipts(name))
                    ),
                )
                for name, (each, config) in zip(gateway_names(settings.sms), gateways, strict=True)
            ],
            clock,
        ),
        None if mailer is None else mailer.open(tools),
        None if waker is None else waker.open(tools),
    )
