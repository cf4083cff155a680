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
from pathlib import Path
from typing import TYPE_CHECKING, cast

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from portvakt.background_sign_outs import telling_of
from portvakt.base import Base, Clock, Pause, base_of
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.first_registration import First
from portvakt.crypto.client_certificates import Issuers
from portvakt.crypto.key_file import WatchedKeys
from portvakt.crypto.pairing_codes import PairingCodes
from portvakt.crypto.passwords import Busy, PasswordHasher
from portvakt.crypto.randomness import Random, SystemRandom
from portvakt.crypto.sealing import MasterKeys, Sealer
from portvakt.finishing import finisher_of, risks_over
from portvakt.hearing import heard_by
from portvakt.journeys.app_access.routes import AppAccess
from portvakt.journeys.apply_state.by_program import AppsByProgram
from portvakt.journeys.my_apps.arrange_routes import Arrange
from portvakt.journeys.my_apps.door import PortalDoor
from portvakt.journeys.my_apps.routes import MyApps
from portvakt.journeys.my_sign_ins.disowning import Disowning
from portvakt.journeys.my_sign_ins.routes import MySignIns
from portvakt.journeys.open_app.forward_auth.routes import ForwardAuth
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.oidc.registration_routes import RegistrationRoutes
from portvakt.journeys.open_app.oidc.routes import OpenIdConnect
from portvakt.journeys.set_up_mfa.forms import Numbers
from portvakt.journeys.set_up_mfa.parts import Parts as SetUpParts
from portvakt.journeys.set_up_mfa.routes import set_up_mfa_routes
from portvakt.journeys.sign_in.flow import Parts
from portvakt.journeys.sign_in.phone import PhoneSteps
from portvakt.journeys.sign_in.routes import BY_PHONE, START, sign_in_routes
from portvakt.key_service import key_method, key_questions
from portvakt.known_directories import directories
from portvakt.methods import Enrollable
from portvakt.password_service import PasswordService, password_service
from portvakt.phone_service import phone_service
from portvakt.proving.answer import Judge
from portvakt.proving.finish import Finisher, FirstPolicy
from portvakt.proving.risk import Risks
from portvakt.records.errors import RecordsUnavailable
from portvakt.records.unit import Records, open_records
from portvakt.settings import Settings
from portvakt.small_journeys import (
    break_glass_routes,
    new_phone_of,
    routes_over_the_base,
)
from portvakt.web.crowd import Narrow
from portvakt.web.errors import Failures
from portvakt.web.health import Health
from portvakt.web.routing import Route
from portvakt.web.stack import stack
from portvakt.wire.outward import Outward

if TYPE_CHECKING:
    from portvakt.measured import Measured

SWEDISH_MOBILES = ("+467",)
"""Where no gateway says which numbers may be registered."""


def system_clock() -> datetime:
    """Return the time. Only the roots read a clock."""
    return datetime.now(UTC)


async def pause(wait: timedelta) -> None:
    """Hold an answer back for a while."""
    if wait:
        await asyncio.sleep(wait.total_seconds())


AFTER_START = 1.0
"""Seconds after which a server that answers by then sees to what can wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The whole product in one process, opened: what answers, and what tests look at."""

    asgi: ASGIApp
    routes: tuple[Route, ...]
    records: Records
    hasher: PasswordHasher
    sealer: Sealer
    keys: MasterKeys
    ready_for_phones: Callable[[], Awaitable[None]]
    """Returns when what judges phones is loaded."""


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
    keys = WatchedKeys(Path(settings.keys.master_file))
    measured = _measured(settings)
    records = await open_records(settings.database_url, clock=clock, told=heard_by(measured))
    hashes = hasher or PasswordHasher()
    outward = Outward(settings.outgoing.networks, clock=clock)
    try:
        async with directories(settings) as known:
            yield _house(
                base_of(
                    settings,
                    clock=clock,
                    random=chance,
                    pause=hold,
                    keys=keys,
                    records=records,
                    hasher=hashes,
                    directories=known,
                    outward=outward,
                    asked=None if measured is None else measured.asked,
                ),
                measured,
            )
    finally:
        await records.close()
        hashes.close()
        outward.close()


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


@asynccontextmanager
async def made_ready(house: House) -> AsyncIterator[None]:
    """Load what judges phones, beside the work, where there are any; else the first one does."""
    loading = asyncio.create_task(_get_ready(house))
    try:
        yield
    finally:
        loading.cancel()
        await asyncio.wait([loading])


async def _get_ready(house: House) -> None:
    await asyncio.sleep(AFTER_START)
    try:
        there_are_any = await house.records.read(lambda unit: unit.phones.any())
    except RecordsUnavailable:
        return  # the pages say so already, and the first phone that comes has it loaded
    if there_are_any:
        await house.ready_for_phones()


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
                await open_now.enter_async_context(made_ready(house))
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


def _measured(settings: Settings) -> "Measured | None":
    """Begin to count, where anybody may read it."""
    if not settings.metrics.networks:
        return None
    from portvakt.measured import Measured  # noqa: PLC0415 - its library costs 15 ms at each start

    return Measured(settings)


def _house(base: Base, measured: "Measured | None") -> House:
    records, sealer, clock = base.records, base.sealer, base.clock
    registration = base.settings.registration
    policy = FirstPolicy(first=First(registration.first), welcome_days=registration.welcome_days)
    ring = KeyRing(records=records, sealer=sealer, random=base.random)
    health = Health(
        {
            "records": records.ready,
            "signing_keys": lambda: ring.signer(clock()),
        }
    )
    phones, passwords = phone_service(base), password_service(base)
    risks = risks_over(base, passwords)
    finisher = finisher_of(base, policy, risks)
    routes = (
        *health.routes(),
        *_sign_in(base, finisher, risks, passwords),
        *break_glass_routes(base, finisher),
        *passwords.routes,
        *phones.routes,
        *_registration(base, policy, passwords),
        *_app_routes(base, ring),
        *routes_over_the_base(base),
    )
    return House(
        asgi=stack(
            routes,
            base.site,
            failures=Failures(down=(RecordsUnavailable,), busy=(Busy,)),
            streams=phones.streams,
            narrow=Narrow(START, spared=BY_PHONE, room=base.hasher),
            whose=lambda request: base.gate.current(request, act=False, to="/apps"),
            measuring=None
            if measured is None
            else measured.watch(records, base.hasher, base.directory_passwords, clock),
        ),
        routes=routes,
        records=records,
        hasher=base.hasher,
        sealer=sealer,
        keys=base.keys,
        ready_for_phones=phones.ready,
    )


def _sign_in(
    base: Base, finisher: Finisher, risks: Risks, passwords: PasswordService
) -> list[Route]:
    """Return the routes of sign-in."""
    phone = PhoneSteps(
        records=base.records, rules=base.rules, finisher=finisher, requests=base.requests
    )
    parts = Parts(
        records=base.records,
        rules=base.rules,
        judge=Judge(base.methods, base.sealer, base.directory_passwords),
        hasher=base.hasher,
        finisher=finisher,
        sender=base.sender,
        phone=phone,
        keys=key_questions(base),
        directories=base.directory_passwords,
        ages=base.directory_ages,
        tickets=base.tickets,
        changes=passwords.changes,
        notices=base.notices,
        risks=risks,
        random=base.random,
        pause=base.pause,
    )
    new_phone = base.settings.registration.new_phone_by_people
    return [
        *sign_in_routes(parts, gate=base.gate, meter=passwords.meter, new_phone=new_phone),
        *new_phone_of(base, finisher),
    ]


def _registration(base: Base, policy: FirstPolicy, passwords: PasswordService) -> list[Route]:
    """Return the routes of registration."""
    organisation, methods = base.settings.organisation, base.methods
    prefixes = {prefix for each in base.settings.sms for prefix in each.allowed_prefixes}
    return set_up_mfa_routes(
        SetUpParts(
            records=base.records,
            random=base.random,
            sealer=base.sealer,
            hasher=base.hasher,
            sender=base.sender,
            notices=base.notices,
            requests=base.requests,
            pairing_codes=PairingCodes(base.keys),
            policy=policy,
            password_judge=passwords.judge,
            totp=cast("Enrollable", methods[AuthenticatorType.TOTP]),
            sms_code=methods[AuthenticatorType.SMS_CODE],
            recovery_code=methods[AuthenticatorType.RECOVERY_CODE],
            key=key_method(base),
            key_models=base.key_models,
        ),
        gate=base.gate,
        numbers=Numbers(tuple(sorted(prefixes)) or SWEDISH_MOBILES, organisation.country),
        meter=passwords.meter,
    )


def _issuers(settings: Settings) -> Issuers:
    """Return who issues certificates for apps. Raises `ValueError` and `OSError`."""
    file = settings.proxies.client_ca_file
    return Issuers(()) if file is None else Issuers.read(Path(file).read_bytes())


def _app_routes(base: Base, ring: KeyRing) -> tuple[Route, ...]:
    """Return the routes of the portal, of one's own sign-ins, and of apps."""
    gate, rules, records, issuer = base.gate, base.rules, base.records, base.site.origin
    open_app = OpenIdConnect.over(
        issuer=issuer,
        gate=gate,
        rules=rules,
        records=records,
        notices=base.notices,
        keys=base.keys,
        ring=ring,
        sealer=base.sealer,
        issuers=_issuers(base.settings),
        random=base.random,
        outward=base.outward,
        clock=base.clock,
        our_devices=base.our_devices,
    )
    registering = RegistrationRoutes(issuer, AppsByProgram(records, base.random), base.clock)
    forward_auth = ForwardAuth.over(
        issuer=issuer,
        gate=gate,
        rules=rules,
        records=records,
        keys=base.keys,
        ring=ring,
        sealer=base.sealer,
        random=base.random,
        clock=base.clock,
        devices=base.our_devices,
    )
    telling = telling_of(records, rules, base.sealer, base.clock)
    door = PortalDoor(issuer=issuer, gate=gate, rules=rules)
    disowning = Disowning(records=records, notices=base.notices)
    return (
        *MyApps(door=door, gate=gate, records=records).routes(),
        *Arrange(door=door, records=records, random=base.random).routes(),
        *MySignIns(gate=gate, rules=rules, records=records, disowning=disowning).routes(),
        *AppAccess(gate=gate, rules=rules, records=records, tell=telling.cut_off).routes(),
        *open_app.routes(),
        *registering.routes(),
        *forward_auth.routes(),
    )
