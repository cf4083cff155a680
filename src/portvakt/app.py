"""Composition root of the web server: settings in, an ASGI application out.

Everything is built once, here; the only long list of imports. `build` returns an application that
opens what it needs when the server starts and closes it when the server stops. `opened` is the same
for tests, which have no server.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.first_registration import First
from portvakt.core.password_rules import PasswordRules
from portvakt.crypto.pairing_codes import PairingCodes
from portvakt.crypto.passwords import Busy, PasswordHasher
from portvakt.crypto.randomness import Random, SystemRandom
from portvakt.crypto.sealing import CodeMac, MasterKeys, Sealer, read_master_keys
from portvakt.journeys.my_apps.routes import MyApps
from portvakt.journeys.my_sign_ins.routes import MySignIns
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.oidc_routes import OpenIdConnect
from portvakt.journeys.set_up_mfa.forms import Numbers
from portvakt.journeys.set_up_mfa.parts import Parts as SetUpParts
from portvakt.journeys.set_up_mfa.routes import set_up_mfa_routes
from portvakt.journeys.sign_in.flow import Parts
from portvakt.journeys.sign_in.phone import PhoneSteps
from portvakt.journeys.sign_in.routes import sign_in_routes
from portvakt.mail import Writer
from portvakt.methods import Enrollable, SignInMethod
from portvakt.phone_service import phone_service
from portvakt.plugins import Tools, open_adapter
from portvakt.proving.answer import Judge
from portvakt.proving.ask import CodeSender
from portvakt.proving.finish import Finisher, FirstPolicy
from portvakt.proving.gate import Gate
from portvakt.proving.notices import Notices
from portvakt.proving.phone_requests import PhoneRequests
from portvakt.proving.rules import Rules
from portvakt.records.errors import RecordsUnavailable
from portvakt.records.migrate import SCHEMA_VERSION
from portvakt.records.unit import Records, open_records
from portvakt.settings import Settings
from portvakt.sms import CodeText
from portvakt.texts import Texts
from portvakt.web.errors import Failures
from portvakt.web.health import Health
from portvakt.web.routing import Route
from portvakt.web.site import Logo, Organisation, Site
from portvakt.web.stack import stack
from portvakt.wire.http import HttpClient

Clock = Callable[[], datetime]
Pause = Callable[[timedelta], Awaitable[None]]

PARTS = {"registration": "/security-info", "reset": "/reset", "apps": "/apps"}
"""Where the names in `[hosts]` lead."""
SIX_DIGITS = 6
SWEDISH_MOBILES = ("+467",)
"""Which numbers may be registered where no gateway says."""


def system_clock() -> datetime:
    """Return the time. Only the roots read a clock."""
    return datetime.now(UTC)


async def pause(wait: timedelta) -> None:
    """Hold an answer back for a while."""
    if wait:
        await asyncio.sleep(wait.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The whole product in one process, opened: what answers, and what tests look at."""

    asgi: ASGIApp
    routes: tuple[Route, ...]
    records: Records
    hasher: PasswordHasher
    sealer: Sealer
    keys: MasterKeys


Beside = Callable[[Settings, House], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    random: Random | None = None,
    hold: Pause = pause,
    hasher: PasswordHasher | None = None,
) -> AsyncIterator[House]:
    """Open everything in this event loop, and close it at the end; a hasher that is given, too.

    Raises `MasterKeyFileError`, `AdapterSettingsError` and `ValueError` for settings that cannot be
    used; a database that is away is not an error here, but every page says so.
    """
    chance = random or SystemRandom()
    keys = read_master_keys(Path(settings.keys.master_file))
    records = await open_records(settings.database_url, clock=clock)
    hashes = hasher or PasswordHasher()
    try:
        yield _house(settings, clock, chance, hold, keys, records, hashes)
    finally:
        await records.close()
        hashes.close()


def build(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    beside: Beside | None = None,
    hasher: PasswordHasher | None = None,
) -> ASGIApp:
    """Return the application for a server, which says when to open and when to close it.

    `beside` is entered with the opened house and left with it: background work on the embedded
    database, where no other process does it.
    """
    return _Application(settings, clock, beside, hasher)


@asynccontextmanager
async def _clock_watched(records: Records) -> AsyncIterator[None]:
    """Have the clock compared with the database's for as long as the server runs."""
    watching = asyncio.create_task(records.watch_clock())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


class _Application:
    """Opens the house when the server starts; answers nothing before."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        beside: Beside | None,
        hasher: PasswordHasher | None,
    ) -> None:
        self._inner: ASGIApp | None = None

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with AsyncExitStack() as open_now:
                house = await open_now.enter_async_context(
                    opened(settings, clock=clock, hasher=hasher)
                )
                await open_now.enter_async_context(_clock_watched(house.records))
                if beside is not None:
                    await open_now.enter_async_context(beside(settings, house))
                self._inner = house.asgi
                yield

        self._outer = Starlette(lifespan=lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._inner is None:
            await self._outer(scope, receive, send)
        else:
            await self._inner(scope, receive, send)


def _house(
    settings: Settings,
    clock: Clock,
    random: Random,
    hold: Pause,
    keys: MasterKeys,
    records: Records,
    hasher: PasswordHasher,
) -> House:
    sealer, texts = Sealer(keys), Texts.load()
    site = _site(settings, texts, random)
    methods = _methods(settings, random, hasher, keys)
    rules = Rules(records)
    gate = Gate(records=records, rules=rules, clock=clock)
    policy = FirstPolicy(
        first=First(settings.registration.first), welcome_days=settings.registration.welcome_days
    )
    finisher = Finisher(random=random, policy=policy)
    notices = _notices(settings, texts, random, sealer)
    requests = _phone_requests(settings, random, sealer, notices)
    parts = Parts(
        records=records,
        rules=rules,
        judge=Judge(methods, sealer),
        finisher=finisher,
        sender=_sender(settings, texts, random, sealer, methods),
        phone=PhoneSteps(records=records, rules=rules, finisher=finisher, requests=requests),
        notices=notices,
        random=random,
        pause=hold,
    )
    ring = KeyRing(records=records, sealer=sealer, random=random)
    health = Health(
        {
            "records": records.ready,
            "schema": _schema_is_ours(records),
            "signing_keys": lambda: ring.signer(clock()),
        }
    )
    phones = phone_service(
        settings,
        site,
        records=records,
        rules=rules,
        notices=parts.notices,
        sealer=sealer,
        keys=keys,
        random=random,
        clock=clock,
    )
    routes = (
        *health.routes(),
        *sign_in_routes(parts, gate=gate),
        *phones.routes,
        *_registration(settings, parts, policy, gate, sealer, keys, hasher, methods),
        *_app_routes(site.origin, gate, rules, records, keys, ring, random, clock),
    )
    failures = Failures(down=(RecordsUnavailable,), busy=(Busy,))
    asgi = stack(routes, site, failures=failures, streams=phones.streams)
    return House(asgi=asgi, routes=routes, records=records, hasher=hasher, sealer=sealer, keys=keys)


def _registration(
    settings: Settings,
    shared: Parts,
    policy: FirstPolicy,
    gate: Gate,
    sealer: Sealer,
    keys: MasterKeys,
    hasher: PasswordHasher,
    methods: dict[AuthenticatorType, SignInMethod],
) -> list[Route]:
    """Return the routes of registration."""
    organisation = settings.organisation
    prefixes = {prefix for each in settings.sms for prefix in each.allowed_prefixes}
    return set_up_mfa_routes(
        SetUpParts(
            records=shared.records,
            random=shared.random,
            sealer=sealer,
            hasher=hasher,
            sender=shared.sender,
            notices=shared.notices,
            requests=_phone_requests(settings, shared.random, sealer, shared.notices),
            pairing_codes=PairingCodes(keys),
            policy=policy,
            password_rules=PasswordRules(
                context_words=frozenset({organisation.name, *organisation.name.split()})
            ),
            totp=cast("Enrollable", methods[AuthenticatorType.TOTP]),
            sms_code=methods[AuthenticatorType.SMS_CODE],
            recovery_code=methods[AuthenticatorType.RECOVERY_CODE],
        ),
        gate=gate,
        numbers=Numbers(tuple(sorted(prefixes)) or SWEDISH_MOBILES, organisation.country),
    )


def _app_routes(
    issuer: str,
    gate: Gate,
    rules: Rules,
    records: Records,
    keys: MasterKeys,
    ring: KeyRing,
    random: Random,
    clock: Clock,
) -> tuple[Route, ...]:
    """Return the routes of the portal, of one's own sign-ins, and of apps."""
    open_app = OpenIdConnect.over(
        issuer=issuer,
        gate=gate,
        rules=rules,
        records=records,
        keys=keys,
        ring=ring,
        random=random,
        clock=clock,
    )
    return (
        *MyApps(issuer=issuer, gate=gate, rules=rules, records=records).routes(),
        *MySignIns(gate=gate, rules=rules, records=records).routes(),
        *open_app.routes(),
    )


def _schema_is_ours(records: Records) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        found = await records.schema_version()
        if found != SCHEMA_VERSION:
            raise RecordsUnavailable(f"the tables are at {found}, this code needs {SCHEMA_VERSION}")

    return check
