"""A whole product in memory: a clock that moves by hand, browsers, and an outbox to read.

Everything is real but the clock and the wire: the application is called in this process, behind a
trusted proxy that says from which address each browser comes.
"""

import html
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from portvakt.app import House, opened
from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.method_rules import MethodEntry
from portvakt.core.people import Account, AccountState
from portvakt.core.policy import Network, Rule
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.secret import Secret
from portvakt.core.sessions import Session
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import make_master_key_file
from portvakt.mail import from_body as letter_of
from portvakt.records.outbox import Message
from portvakt.records.people_in_bulk import StoredPerson
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit
from portvakt.settings import Settings
from portvakt.settings.guide_structs import Guide
from portvakt.settings.structs import (
    BreakGlass,
    Devices,
    Hosts,
    Keys,
    Locations,
    Organisation,
    Outgoing,
    Passkeys,
    PasswordRules,
    Proxies,
    Registration,
    Reset,
    Risk,
    Sms,
    TextLimits,
)
from portvakt.sms import from_body as text_of
from tests import make

ORIGIN = "https://portvakt.region.example"
DEVICE_HOST = "device.portvakt.region.example"
PROXY = "10.0.0.5"
INSIDE = "10.20.1.1"
OUTSIDE = "203.0.113.7"
PASSWORD = "Vinterdäck i augusti"
AUTHORITIES = "client-ca.pem"
NOWHERE_INSIDE = Outgoing()
LOOPBACK = Outgoing(networks=("127.0.0.0/8",))
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Page:
    """What a browser got: status, address, and the page as text."""

    response: httpx.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def path(self) -> str:
        return self.response.request.url.raw_path.decode()

    @property
    def html(self) -> str:
        return self.response.text

    @property
    def title(self) -> str:
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.html, re.DOTALL)
        return html.unescape(found[1].strip()) if found else ""

    @property
    def text(self) -> str:
        """The words of the page, without marks."""
        body = re.sub(r"<(script|style|svg).*?</\1>", " ", self.html, flags=re.DOTALL)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())

    def forms(self) -> list[tuple[str, dict[str, str]]]:
        """Every form that posts: its action, and its hidden fields."""
        found = []
        for attributes, inner in re.findall(r"<form([^>]*)>(.*?)</form>", self.html, re.DOTALL):
            action = re.search(r'action="([^"]*)"', attributes)
            fields = {
                html.unescape(name): html.unescape(value)
                for name, value in re.findall(
                    r'<input type="hidden" name="([^"]*)" value="([^"]*)"', inner
                )
            }
            found.append((html.unescape(action[1]) if action else "", fields))
        return found


@dataclass
class Browser:
    """One browser at one address. It follows redirects, and keeps cookies."""

    client: httpx.AsyncClient
    address: str = OUTSIDE
    page: Page = field(init=False)
    requests: list[str] = field(default_factory=list)
    """Every request it has sent."""

    async def get(self, path: str, **headers: str) -> Page:
        return await self._go("GET", path, None, headers)

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> Page:
        """Post to `path` as a form of the page that is shown, with its hidden fields."""
        return await self._go("POST", path, self._hidden(path) | fields, headers)

    async def submit(self, fields: dict[str, str], form: int = 0, **headers: str) -> Page:
        """Fill in a form of the page that is shown, and send it."""
        action, hidden = self.page.forms()[form]
        return await self._go("POST", action or self.page.path, hidden | fields, headers)

    def _hidden(self, path: str) -> dict[str, str]:
        forms = self.page.forms()
        mine = [hidden for action, hidden in forms if (action or self.page.path) == path]
        token = {"csrf": forms[0][1]["csrf"]} if forms else {}
        return mine[0] if mine else token

    async def _go(
        self, method: str, path: str, fields: dict[str, str] | None, headers: dict[str, str]
    ) -> Page:
        url = urljoin(ORIGIN, path)
        for _ in range(6):
            sent = {"x-forwarded-for": self.address, "accept": "text/html"} | headers
            if method == "POST":
                sent |= {"origin": ORIGIN, "sec-fetch-site": "same-origin"} | headers
            self.requests.append(f"{method} {url}")
            response = await self.client.request(method, url, data=fields, headers=sent)
            self.page = Page(response)
            if response.status_code not in (303, 308) or not self._ours(response):
                return self.page
            method, fields = "GET", None
            url = urljoin(url, response.headers["location"])
        raise AssertionError(f"redirected in a circle at {url}")

    @staticmethod
    def _ours(response: httpx.Response) -> bool:
        where = urljoin(str(response.request.url), response.headers["location"])
        return where.startswith(ORIGIN + "/")

    def cookie(self, name: str) -> str | None:
        return self.client.cookies.get(f"__Host-{name}")

    async def sign_in(
        self, name: str = "anna.berg", password: str = PASSWORD, to: str = "/apps"
    ) -> Page:
        """Open the sign-in page, and send name and password."""
        await self.get(f"/sign-in?to={to}")
        return await self.submit({"name": name, "password": password})


@dataclass
class World:
    """The product, its clock, and what tests ask of both."""

    house: House
    clock: Clock

    @asynccontextmanager
    async def browser(self, address: str = OUTSIDE) -> AsyncIterator[Browser]:
        """Open a new browser, with no cookies, at an address."""
        transport = httpx.ASGITransport(app=self.house.asgi, client=(PROXY, 4000))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            yield Browser(client, address)

    async def person(
        self,
        account: Account | None = None,
        *,
        password: str | None = PASSWORD,
        bound: Iterable[Authenticator] = (),
        totp: bytes | None = None,
    ) -> Account:
        """Store a person, with a password and whatever is to be bound."""
        who = account or make.account(created_at=self.clock.at - timedelta(days=7))
        hash_ = None if password is None else await self.house.hasher.hash(Secret(password))

        async def act(unit: Unit) -> None:
            await unit.people.upsert_many([_stored(who)])
            await unit.people.set_groups_many({who.id: who.groups}, who.source)
            for role in who.roles:
                await unit.people.grant_role(who.id, role, self.clock.at, "test")
            if who.last_sign_in_at is not None:
                await unit.people.sign_in_noted(who.id, who.last_sign_in_at)
            if who.state is AccountState.DISABLED:
                await unit.people.disable_many([who.id], self.clock.at)
            if hash_ is not None:
                mine = self._bound(who, AuthenticatorType.PASSWORD)
                await unit.authenticators.bind(mine, verifier=hash_)
            if totp is not None:
                app = self._bound(who, AuthenticatorType.TOTP)
                place = {"table": "authenticators", "column": "sealed", "row": app.id}
                await unit.authenticators.bind(app, sealed=self.house.sealer.seal(totp, **place))
            for each in bound:
                await unit.authenticators.bind(each)

        await self.house.records.write(act)
        return who

    def _bound(self, who: Account, kind: AuthenticatorType) -> Authenticator:
        return make.bound(
            kind, id=AuthenticatorId(SystemRandom().id()), account_id=who.id, label="Telefon"
        )

    async def configure(
        self,
        rules: Iterable[Rule] = (),
        networks: Iterable[Network] = (),
        apps: Iterable[RelyingParty] = (),
        methods: Iterable[MethodEntry] = (),
    ) -> None:
        """Store networks, rules, apps and methods by group; seen by the product a second later."""

        async def act(unit: Unit) -> None:
            await unit.configuration.put_groups([make.STAFF], "apply")
            await unit.configuration.put_networks(networks, "apply")
            await unit.configuration.put_rules(rules, "apply")
            await unit.configuration.put_apps(apps, "apply")
            await unit.configuration.put_methods(methods, "apply")

        await self.house.records.write(act)
        self.clock.move(seconds=1)

    async def standing(self, account: Account) -> Standing:
        """Read a person as stored now."""

        async def act(unit: Unit) -> Standing | None:
            return await unit.people.load(account.id)

        found = await self.house.records.read(act)
        assert found is not None
        return found

    async def events(self, account: Account | None = None) -> list[str]:
        """Return the names of what happened, the oldest first; to one person, or to anybody."""

        async def act(unit: Unit) -> list[str]:
            if account is not None:
                return [each.name for each in await unit.audit.of_account(account.id, 1000)][::-1]
            return [each.name for each in await unit.audit.latest(1000)][::-1]

        return await self.house.records.read(act)

    async def sessions(self, account: Account) -> list[Session]:
        """Return the sessions that stand."""

        async def act(unit: Unit) -> list[Session]:
            return list(await unit.sessions.of(account.id))

        return await self.house.records.read(act)

    async def outbox(self, channel: str) -> list[tuple[str, str]]:
        """Take what waits to be sent: recipient and words; each is handed over by this."""

        async def act(unit: Unit) -> list[Message]:
            found = await unit.outbox.claim(channel, self.clock.at, 100, timedelta(minutes=1))
            for each in found:
                await unit.outbox.handed_over(each.id, self.clock.at, "test")
            return list(found)

        return [(each.to, self._words(each)) for each in await self.house.records.write(act)]

    def _words(self, message: Message) -> str:
        body = self.house.sealer.open(message.body, table="outbox", column="body", row=message.id)
        if message.channel == "sms":
            return text_of(body).open()
        letter = letter_of(body, to=message.to, key=message.id, at=message.created_at)
        return f"{letter.subject}\n{letter.text}"

    async def last_code(self) -> str:
        """Return the code in the newest text that waits to be sent."""
        texts = await self.outbox("sms")
        found = re.search(r"#(\d{6})$", texts[-1][1])
        assert found is not None
        return found[1]


def _stored(who: Account) -> StoredPerson:
    return StoredPerson(
        id=who.id,
        source=who.source,
        external_id=who.external_id,
        user_name=who.user_name,
        email=who.email,
        given_name=who.given_name,
        family_name=who.family_name,
        state=AccountState.ACTIVE,
        title=who.title,
        unit=who.unit,
        manager=who.manager,
        protected=who.protected,
        created_at=who.created_at,
        start_date=who.start_date,
    )


def settings(
    folder: Path,
    database_url: str,
    *,
    reset: Reset | None = None,
    texts: TextLimits | None = None,
    sms: tuple[Sms, ...] = (),
    outgoing: Outgoing = NOWHERE_INSIDE,
    devices: Devices | None = None,
    locations: Locations | None = None,
    passkeys: Passkeys | None = None,
    risk: Risk | None = None,
    password_rules: PasswordRules | None = None,
    break_glass: BreakGlass | None = None,
    guide: Guide | None = None,
    **registration: object,
) -> Settings:
    """Settings for a product behind one trusted proxy; who issues certificates is in the folder."""
    key, authorities = folder / "master.key", folder / AUTHORITIES
    if not key.exists():
        make_master_key_file(key)
    return Settings(
        public_url=ORIGIN,
        database_url=database_url,
        keys=Keys(master_file=str(key)),
        proxies=Proxies(
            trusted=(f"{PROXY}/32",),
            client_ca_file=str(authorities) if authorities.exists() else None,
        ),
        organisation=Organisation(name="Region Exempel", support_phone="026-15 40 00"),
        reset=reset or Reset(),
        texts=texts or TextLimits(),
        sms=sms,
        outgoing=outgoing,
        hosts=Hosts(device=None if devices is None else DEVICE_HOST),
        devices=devices or Devices(),
        locations=locations or Locations(),
        passkeys=passkeys or Passkeys(),
        risk=risk or Risk(),
        password_rules=password_rules or PasswordRules(),
        break_glass=break_glass or BreakGlass(),
        guide=guide or Guide(),
        registration=Registration(**registration),  # type: ignore[arg-type]  # checked by msgspec users
    )


async def no_hold(_wait: timedelta) -> None:
    """Hold nothing back: the clock of the tests stands still."""


@asynccontextmanager
async def world(folder: Path, database_url: str, **given: Any) -> AsyncIterator[World]:
    """Open a whole product on a migrated database; `given` is as for `settings`."""
    clock, chosen = Clock(), settings(folder, database_url, **given)
    async with opened(chosen, clock=clock, hold=no_hold) as house:
        yield World(house, clock)
