"""Anna, her phones, and what her pages would do: show codes, bind, ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar

import httpx
from starlette.types import ASGIApp

from portvakt.app import House
from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.ids import ApprovalId, AuthenticatorId, PairingId, SessionId
from portvakt.core.people import Account
from portvakt.core.phones import Pairing, Phone
from portvakt.core.push_approval import (
    LIVES,
    PAIRING_LIVES,
    Approval,
    ApprovalState,
    Context,
    shown_of,
)
from portvakt.crypto.pairing_codes import PairingCode, PairingCodes, draw_pairing_code
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import Sealer, make_master_key_file, read_master_keys
from portvakt.journeys.approve_push.flow import Desk
from portvakt.journeys.approve_push.live import Stream
from portvakt.journeys.approve_push.parts import STREAM, Parts, Shown
from portvakt.journeys.approve_push.routes import Phones
from portvakt.mail import Writer
from portvakt.proving.notices import Notices
from portvakt.proving.rules import Rules
from portvakt.records import Act, Records, RecordsUnavailable, Unit, open_records
from portvakt.texts import Texts
from portvakt.web.errors import Failures
from portvakt.web.site import Organisation, Site
from portvakt.web.stack import stack
from tests import make
from tests.handset import Handset
from tests.world import ORIGIN, OUTSIDE, PROXY, Clock, World

T = TypeVar("T")
PUSH_HOSTS = ("push.example", "*.notify.example")
VAPID = "BH_Nzidw9sRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRFx_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
RANDOM = SystemRandom()


@dataclass
class Ward:
    """A product with one person in it."""

    world: World
    anna: Account
    asgi: ASGIApp
    desk: Desk
    client: httpx.AsyncClient
    codes: PairingCodes
    stream: Stream

    def handset(self, address: str = OUTSIDE) -> Handset:
        """A phone that nobody knows yet."""
        return Handset(self.client, ORIGIN, self.world.clock, address)

    async def show_code(self, account: Account | None = None) -> tuple[PairingCode, Pairing]:
        """Show a code on the registration page."""
        code, now = draw_pairing_code(RANDOM), self.world.clock()
        whose = (account or self.anna).id
        pairing = Pairing(
            id=PairingId(RANDOM.id()),
            account_id=whose,
            session_id=SessionId("session"),
            old_phone=None,
            code_hash=self.codes.long_hash(code.long),
            short_hash=self.codes.short_hash(whose, code.short),
            created_at=now,
            expires_at=now + PAIRING_LIVES,
        )
        await self.write(lambda unit: unit.pairings.start(pairing))
        return code, pairing

    async def bind(self, handset: Handset) -> None:
        """Bind a phone as the registration page does when its test was answered."""
        id_, now = AuthenticatorId(handset.id), self.world.clock()

        async def act(unit: Unit) -> None:
            found = await unit.phones.load(id_, now)
            assert found is not None
            phone = found[0]
            assert await unit.phones.activate(id_, now)
            own = {"account_id": phone.account_id, "label": phone.name, "created_at": now}
            await unit.authenticators.bind(make.bound(make.PUSH, **(own | {"id": id_})))
            codes = own | {"id": f"{id_}-totp", "detail": id_}
            await unit.authenticators.bind(make.bound(make.TOTP, **codes), sealed=b"sealed")

        await self.write(act)

    async def phone(self, address: str = OUTSIDE, account: Account | None = None) -> Handset:
        """A phone of hers that is paired and bound."""
        handset = self.handset(address)
        code, _ = await self.show_code(account)
        answer = await handset.pair(code.long)
        assert answer.status_code == 200, answer.text
        await self.bind(handset)
        return handset

    async def signing_in_phone(self) -> Handset:
        """A phone of hers with passwordless sign-in."""
        handset = await self.phone()
        answer = await handset.act("screen_lock", proof="attestation", sign_in=True)
        assert answer.status_code == 200, answer.text
        assert answer.json()["sign_in"] is True
        return handset

    async def ask(
        self, number: str = "42", *, through: Records | None = None, **given: Any
    ) -> Approval:
        """Have a sign-in ask her phones, in this process or through another's records."""
        now, id_ = self.world.clock(), ApprovalId(RANDOM.id())
        fields: dict[str, Any] = {
            "account_id": self.anna.id,
            "purpose": "sign_in",
            "app": "Lön & tid",
            "lock": False,
            "quiet": False,
            "known_browser": True,
            "phone_id": None,
            "browser": RANDOM.bytes(32),
        } | given
        context = Context(
            account=self.anna.email,
            purpose=fields["purpose"],
            app=fields["app"],
            network="",
            address=OUTSIDE,
            browser="Chrome, Windows",
            known_browser=fields["known_browser"],
            quiet=fields["quiet"],
            at=now,
            session=bytes(32),
            digits=len(number),
            lock=fields["lock"],
        )
        approval = Approval(
            id=id_,
            flow=RANDOM.id(),
            number=number,
            digits=len(number),
            shown=shown_of(id_, context),
            state=ApprovalState.WAITING,
            created_at=now,
            expires_at=now + LIVES,
            **fields,
        )

        async def act(unit: Unit) -> None:
            await unit.approvals.start(approval)
            await unit.wakeups.ring(f"phone:{self.anna.id}")

        await (through or self.world.house.records).write(act)
        return approval

    async def approval(self, approval: Approval) -> Approval:
        """Read a request as it is stored now."""
        found: Approval | None = await self.world.house.records.read(
            lambda unit: unit.approvals.load(approval.id)
        )
        assert found is not None
        return found

    async def finish(self, approval: Approval) -> AuthenticatorId | None:
        """Let the browser that asked go on."""
        now = self.world.clock()
        return await self.write(
            lambda unit: unit.approvals.finish(
                approval.flow, approval.purpose, now, lock=approval.lock
            )
        )

    async def stored(self, handset: Handset) -> Phone | None:
        """Read a phone as it is stored; None where it is gone."""
        id_, now = AuthenticatorId(handset.id), self.world.clock()
        found = await self.world.house.records.read(lambda unit: unit.phones.load(id_, now))
        return None if found is None else found[0]

    async def bound(self, kind: AuthenticatorType) -> list[Authenticator]:
        """List what she has of a kind."""
        standing = await self.world.standing(self.anna)
        return [each for each in standing.authenticators if each.type is kind]

    async def write(self, act: Act[Unit, T]) -> T:
        """Do something as another part of the product would."""
        return await self.world.house.records.write(act)

    async def mails(self) -> list[str]:
        """Take the mails that wait, by subject."""
        return [words.partition("\n")[0] for _, words in await self.world.outbox("mail")]


@asynccontextmanager
async def ward(folder: Path, database_url: str, *, proxy: str = PROXY) -> AsyncIterator[Ward]:
    """Build the API over a migrated database, as the root does."""
    clock = Clock()
    make_master_key_file(folder / "master.key")
    keys = read_master_keys(folder / "master.key")
    records = await open_records(database_url, clock=clock)
    hasher, sealer, texts = PasswordHasher(), Sealer(keys), Texts.load()
    codes = PairingCodes(keys)
    writer = Writer(texts=texts, organisation="Region Exempel", support_phone="026-15 40 00")

    async def vapid() -> str | None:
        return VAPID

    desk = Desk.over(
        Parts(
            records=records,
            rules=Rules(records),
            notices=Notices(writer=writer, sealer=sealer, random=RANDOM, public_url=ORIGIN),
            sealer=sealer,
            random=RANDOM,
            codes=codes,
            app_origin=ORIGIN,
            origin=ORIGIN,
            organisation=Shown("Region Exempel", "#0B5A8A", "026-15 40 00"),
            push_hosts=PUSH_HOSTS,
            vapid=vapid,
        )
    )
    stream = Stream(desk=desk, clock=clock, https=True)
    site = Site(
        public_url=ORIGIN,
        organisation=Organisation(name="Region Exempel"),
        texts=texts,
        random_bytes=RANDOM.bytes,
        trusted_proxies=(ip_network(f"{proxy}/32"),),
    )
    routes = Phones(desk=desk, clock=clock).routes()
    asgi = stack(
        routes, site, failures=Failures(down=(RecordsUnavailable,)), streams={STREAM: stream}
    )
    house = House(
        asgi=asgi,
        routes=tuple(routes),
        records=records,
        hasher=hasher,
        sealer=sealer,
        keys=keys,
        ready_for_phones=desk.loading.done,
    )
    world = World(house, clock)
    try:
        anna = await world.person()
        transport = httpx.ASGITransport(app=asgi, client=(PROXY, 4000))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            yield Ward(world, anna, asgi, desk, client, codes, stream)
    finally:
        await records.close()
        hasher.close()
