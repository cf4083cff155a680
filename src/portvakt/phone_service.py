"""Puts together what the authenticator app asks for: its files, its acts, its stream."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp

from portvakt.base import Base
from portvakt.crypto.pairing_codes import PairingCodes
from portvakt.journeys.approve_push.files import AppFiles
from portvakt.journeys.approve_push.flow import Desk
from portvakt.journeys.approve_push.live import Stream
from portvakt.journeys.approve_push.parts import STREAM, Parts, Shown
from portvakt.journeys.approve_push.routes import Phones
from portvakt.plugins import fill
from portvakt.proving.push_key import PushKey
from portvakt.web.routing import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneService:
    """What the web server answers to phones."""

    routes: tuple[Route, ...]
    streams: Mapping[str, ASGIApp]
    ready: Callable[[], Awaitable[None]]
    """Returns when what judges phones is loaded."""


def phone_service(base: Base) -> PhoneService:
    """Build it. Raises `portvakt.plugins.AdapterSettingsError` for a [wake] that cannot be used."""
    push_key = PushKey(records=base.records, sealer=base.sealer, random=base.random)
    waking, organisation = base.settings.wake, base.settings.organisation
    hosts = () if waking is None else fill("portvakt.wake", waking.gateway, waking.options).hosts

    async def published() -> str | None:
        return (await push_key.key(base.clock())).published if hosts else None

    desk = Desk.over(
        Parts(
            records=base.records,
            rules=base.rules,
            notices=base.notices,
            sealer=base.sealer,
            random=base.random,
            codes=PairingCodes(base.keys),
            app_origin=base.site.app_origin,
            origin=base.site.origin,
            organisation=Shown(organisation.name, organisation.colour, organisation.support_phone),
            push_hosts=hosts,
            vapid=published,
        )
    )
    return PhoneService(
        routes=(*AppFiles().routes(), *Phones(desk=desk, clock=base.clock).routes()),
        streams={STREAM: Stream(desk=desk, clock=base.clock, https=base.site.https)},
        ready=desk.loading.done,
    )
