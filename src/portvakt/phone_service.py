"""Puts together what the authenticator app asks for: its files, its acts, its stream."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.types import ASGIApp

from portvakt.crypto.pairing_codes import PairingCodes
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import MasterKeys, Sealer
from portvakt.journeys.approve_push.flow import Desk
from portvakt.journeys.approve_push.live import Stream
from portvakt.journeys.approve_push.parts import STREAM, Parts, Shown
from portvakt.journeys.approve_push.routes import Phones
from portvakt.plugins import fill
from portvakt.proving.notices import Notices
from portvakt.proving.push_key import PushKey
from portvakt.proving.rules import Rules
from portvakt.records.unit import Records
from portvakt.settings import Settings
from portvakt.web.routing import Route
from portvakt.web.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneService:
    """What the web server answers to phones."""

    routes: tuple[Route, ...]
    streams: Mapping[str, ASGIApp]


def phone_service(
    settings: Settings,
    site: Site,
    *,
    records: Records,
    rules: Rules,
    notices: Notices,
    sealer: Sealer,
    keys: MasterKeys,
    random: Random,
    clock: Callable[[], datetime],
) -> PhoneService:
    """Build it. Raises `portvakt.plugins.AdapterSettingsError` for a [wake] that cannot be used."""
    push_key = PushKey(records=records, sealer=sealer, random=random)
    waking = settings.wake
    hosts = () if waking is None else fill("portvakt.wake", waking.gateway, waking.options).hosts

    async def published() -> str | None:
        return (await push_key.key(clock())).published if hosts else None

    organisation = settings.organisation
    desk = Desk.over(
        Parts(
            records=records,
            rules=rules,
            notices=notices,
            sealer=sealer,
            random=random,
            codes=PairingCodes(keys),
            app_origin=site.app_origin,
            organisation=Shown(organisation.name, organisation.colour, organisation.support_phone),
            push_hosts=hosts,
            vapid=published,
        )
    )
    return PhoneService(
        routes=tuple(Phones(desk=desk, clock=clock).routes()),
        streams={STREAM: Stream(desk=desk, clock=clock, https=site.https)},
    )
