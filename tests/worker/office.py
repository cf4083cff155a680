"""A worker with real records, real adapters and an operator on loopback."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from portvakt import mail, sms, wake
from portvakt.background_sign_outs import telling_apps
from portvakt.core.ids import AuthenticatorId
from portvakt.core.phones import Subscription
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import MasterKeys, Sealer
from portvakt.post import open_post
from portvakt.proving.push_key import PushKey
from portvakt.records import Message, Records, open_records
from portvakt.settings import Settings
from portvakt.settings.structs import Keys, Mail, Outgoing, Sms, Wake
from portvakt.wire.outward import Outward
from portvakt.worker import Clock, Worker, system_clock

KEYS = MasterKeys({"k1": b"k" * 32})
SEALER = Sealer(KEYS)
ANNA = "+46701740605"
PATIENCE = 20.0
"""Seconds after which a wait in a test is hopeless."""


def settings(
    database_url: str,
    *gateways: str,
    mail_port: int | None = None,
    push: tuple[str, ...] = (),
    key_file: str = "",
) -> Settings:
    """Settings with a gateway for texts at each URL, perhaps a mail server and push services."""
    options = {"body": "to={to}&text={text}&id={id}", "idempotency_header": "Idempotency-Key"}
    return Settings(
        public_url="https://login.region.example",
        database_url=database_url,
        keys=Keys(key_file),
        sms=tuple(Sms("http_form", options={"url": url} | options) for url in gateways),
        mail=None
        if mail_port is None
        else Mail("smtp", options={"host": "localhost", "port": mail_port, "tls": "none"}),
        wake=Wake("web_push", options={"hosts": push}) if push else None,
        outgoing=Outgoing(networks=("127.0.0.0/8",)),
    )


@dataclass(frozen=True, slots=True)
class Office:
    """Records, and what can be put in their outbox."""

    records: Records
    settings: Settings

    async def put_text(
        self,
        key: str = "m1",
        *,
        digits: str = "012345",
        purpose: str = "sign_in",
        to: str = ANNA,
        lives: timedelta = timedelta(minutes=5),
        body: bytes | None = None,
    ) -> None:
        """Put a text in the outbox, as a sign-in does."""
        text = sms.to_body(Secret(f"kod\n\n@login.region.example #{digits}"))
        sealed = SEALER.seal(text, table="outbox", column="body", row=key)
        await self._put(key, "sms", to, sealed if body is None else body, purpose, lives)

    async def put_mail(
        self,
        key: str = "m1",
        lives: timedelta = timedelta(days=1),
        to: str = "anna.berg@region.example",
    ) -> None:
        """Put a notice in the outbox."""
        body = mail.to_body("Ämne", "Text\n")
        sealed = SEALER.seal(body, table="outbox", column="body", row=key)
        await self._put(key, "mail", to, sealed, "notice", lives)

    async def put_wake(
        self,
        subscription: Subscription,
        key: str = "m1",
        *,
        phone: str = "phone",
        request: str = "approval",
        lives: timedelta = timedelta(seconds=90),
    ) -> None:
        """Put a phone to be woken in the outbox, as a request does."""
        body = wake.to_body(subscription, phone, request)
        sealed = SEALER.seal(body, table="outbox", column="body", row=key)
        await self._put(key, "wake", phone, sealed, "approval", lives)

    async def subscribe(self, phone: AuthenticatorId, subscription: Subscription) -> None:
        """Keep where a phone is woken, as the phone's own answer does."""
        sealed = SEALER.seal(
            subscription.to_json(), table="phones", column="subscription", row=phone
        )
        await self.records.write(lambda unit: unit.phones.subscribe(phone, sealed))

    async def _put(
        self, key: str, channel: str, to: str, sealed: bytes, purpose: str, lives: timedelta
    ) -> None:
        now = datetime.now(UTC)
        message = Message(
            id=key,
            channel=channel,
            to=to,
            body=sealed,
            purpose=purpose,
            account_id=None,
            created_at=now,
            not_after=now + lives,
            idempotency_key=key,
        )
        await self.records.write(lambda unit: unit.outbox.put(message))

    def worker(self, clock: Clock = system_clock) -> Worker:
        """Make a worker."""
        keeper = PushKey(records=self.records, sealer=SEALER, random=SystemRandom())
        outward = Outward(self.settings.outgoing.networks, clock=clock)
        post = open_post(
            self.settings,
            KEYS,
            PasswordHasher(),
            lambda: keeper.key(clock()),
            clock=clock,
        )
        apps, tell = telling_apps(self.settings, self.records, KEYS, outward, clock)
        post = replace(post, apps=apps)
        return Worker(records=self.records, sealer=SEALER, post=post, clock=clock, more=[tell])

    @asynccontextmanager
    async def working(self, clock: Clock = system_clock) -> AsyncIterator[None]:
        """Run a worker for a while."""
        running = asyncio.create_task(self.worker(clock).run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait([running])

    def row(self, key: str = "m1") -> dict[str, Any]:
        """Read a row of the outbox, as it lies in an SQLite file."""
        path = self.settings.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            found = connection.execute("SELECT * FROM outbox WHERE id = ?", (key,)).fetchone()
            return dict(found)

    async def state(self, key: str, wanted: str) -> dict[str, Any]:
        """Wait until a message has come to a state, and return its row."""
        await until(lambda: self.row(key)["state"] == wanted)
        return self.row(key)

    async def events(self) -> list[str]:
        """List the latest events, the newest first."""
        found = await self.records.read(lambda unit: unit.audit.latest(100))
        return [each.name for each in found]


@asynccontextmanager
async def office(
    database_url: str, *gateways: str, mail_port: int | None = None, push: tuple[str, ...] = ()
) -> AsyncIterator[Office]:
    """Open records and settings."""
    records = await open_records(database_url, clock=system_clock)
    try:
        found = settings(database_url, *gateways, mail_port=mail_port, push=push)
        yield Office(records, found)
    finally:
        await records.close()


async def until(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait until something is true, and fail where it does not come about."""
    async with asyncio.timeout(patience):
        while not true():  # noqa: ASYNC110 - it is another process's work, or a file's
            await asyncio.sleep(0.01)
