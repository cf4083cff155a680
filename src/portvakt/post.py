"""The ways out that the settings open: text messages, mail, phones to be woken."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from portvakt import mail, sms, wake
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import CodeMac, MasterKeys
from portvakt.mail import Letter, Mailer
from portvakt.plugins import PushKeySource, Tools, fill
from portvakt.records import Message
from portvakt.settings import Settings
from portvakt.sms import SmsGateway, TextMessage
from portvakt.wake import Gone, Wake, WakeGateway
from portvakt.wire.http import HttpClient
from portvakt.wire.outcomes import Outcome, Refused

Thing = TextMessage | Letter | Wake


@dataclass(frozen=True, slots=True)
class Gateway:
    """One `[[sms]]` block, opened: which numbers it is for, and the gateway."""

    prefixes: tuple[str, ...]
    sms: SmsGateway


@dataclass(frozen=True, slots=True)
class Post:
    """Every way out that the settings open."""

    gateways: tuple[Gateway, ...]
    mailer: Mailer | None
    waker: WakeGateway | None = None

    async def send(self, thing: Thing) -> Outcome | Gone:
        """Hand one thing over. Where the settings open no way, it is refused."""
        if isinstance(thing, TextMessage):
            return await self._send_text(thing)
        if isinstance(thing, Letter):
            if self.mailer is None:
                return Refused("the settings have no [mail]", retry=False)
            return await self.mailer.send(thing)
        if self.waker is None:
            return Refused("the settings have no [wake]", retry=False)
        return await self.waker.send(thing)

    async def _send_text(self, text: TextMessage) -> Outcome:
        """Ask a second gateway where the first surely did not take it.

        Where nobody can say, no other is asked: only the same one knows the key again.
        """
        outcome: Outcome = Refused("no [[sms]] for this prefix", retry=False)
        for gateway in self.gateways:
            if text.to.startswith(gateway.prefixes):
                outcome = await gateway.sms.send(text)
                if not isinstance(outcome, Refused):
                    break
        return outcome


def read(message: Message, body: bytes, now: datetime) -> Thing:
    """Make of a row of the outbox what a gateway takes; `body` is what was sealed."""
    if message.channel == "mail":
        return mail.from_body(
            body, to=message.to, key=message.idempotency_key, at=message.created_at
        )
    if message.channel == "wake":
        return wake.from_body(body, at=now, not_after=message.not_after)
    return TextMessage(message.to, sms.from_body(body), message.idempotency_key)


def open_post(
    settings: Settings,
    keys: MasterKeys,
    hasher: PasswordHasher,
    push_key: PushKeySource | None = None,
) -> Post:
    """Open every gateway and the mailer. Raises `portvakt.plugins.AdapterSettingsError`.

    `push_key` is needed where the settings have [wake].
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
        tuple(Gateway(each.allowed_prefixes, config.open(tools)) for each, config in gateways),
        None if mailer is None else mailer.open(tools),
        None if waker is None else waker.open(tools),
    )
