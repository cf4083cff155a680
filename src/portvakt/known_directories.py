"""The directories of the settings: opened by name, and what a run over one is to do.

python-ldap is needed only where there are any.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from portvakt.core.ids import NetworkId
from portvakt.directories import KnowsTickets
from portvakt.journeys.sync_people.flow import Orders
from portvakt.journeys.sync_people.survey import Judgement
from portvakt.plugins import AdapterSettingsError, fill
from portvakt.proving.tickets import Tickets
from portvakt.settings import Settings
from portvakt.wire.ldap_values import UnsafeServerError
from portvakt.wire.tickets import Reads

if TYPE_CHECKING:
    from portvakt.directories import Directory

_ZONE: Final = ZoneInfo("Europe/Stockholm")


def open_directories(settings: Settings) -> Mapping[str, "Directory"]:
    """Prepare every directory; nothing is connected yet, and each must be closed.

    Raises `AdapterSettingsError`.
    """
    opened: dict[str, Directory] = {}
    for each in settings.directories:
        config = fill("portvakt.directories", each.kind, each.options)
        try:
            opened[each.name] = config.open(each.name)
        except (ModuleNotFoundError, UnsafeServerError, OSError) as error:
            raise AdapterSettingsError(f"directory {each.name}: {error}") from error
    return opened


@asynccontextmanager
async def directories(settings: Settings) -> AsyncIterator[Mapping[str, "Directory"]]:
    """Have the directories for a while. Raises `AdapterSettingsError`."""
    opened = open_directories(settings)
    try:
        yield opened
    finally:
        for each in opened.values():
            await each.close()


def open_tickets(settings: Settings, known: Mapping[str, "Directory"]) -> Tickets:
    """Return what takes Kerberos tickets; without `[kerberos]` it takes none.

    Raises `AdapterSettingsError`.
    """
    ours = settings.kerberos
    if ours is None:
        return Tickets()
    realms: dict[str, tuple[str, KnowsTickets]] = {}
    for realm, name in ours.realms.items():
        directory = known[name]
        if not isinstance(directory, KnowsTickets):
            raise AdapterSettingsError(f"kerberos: directory {name} knows no tickets")
        realms[realm] = (name, directory)
    networks = frozenset(map(NetworkId, ours.networks))
    return Tickets(reader=open_ticket_reader(settings), realms=realms, networks=networks)


def open_ticket_reader(settings: Settings) -> Reads:
    """Prepare to read tickets with the keys of `[kerberos]`, which must be there.

    Raises `AdapterSettingsError`.
    """
    ours = settings.kerberos
    if ours is None:
        raise AdapterSettingsError("there is no [kerberos]")
    try:
        from portvakt.wire.kerberos import TicketReader  # noqa: PLC0415 - python-gssapi is optional
    except (ImportError, OSError) as error:
        raise AdapterSettingsError(f"kerberos: {error}; install portvakt[kerberos]") from error
    host = urlsplit(settings.public_url).hostname
    everywhere = tuple(f"HTTP/{host}@{realm}" for realm in ours.realms)
    services = everywhere if ours.service is None else (ours.service,)
    return TicketReader(Path(ours.keytab_file), services)


def allowed_prefixes(settings: Settings) -> tuple[str, ...]:
    """Return the prefixes that any gateway sends to; Swedish mobiles where there is no gateway."""
    prefixes = [prefix for sms in settings.sms for prefix in sms.allowed_prefixes]
    return tuple(dict.fromkeys(prefixes)) or ("+467",)


def orders(
    settings: Settings,
    now: datetime,
    *,
    passwords: bool = False,
    override_brake: bool = False,
    dry_run: bool = False,
) -> Orders:
    """Say how people are judged and when to stop, as the settings have it, for one run."""
    return Orders(
        now=now,
        judgement=Judgement(
            today=now.astimezone(_ZONE).date(),
            allowed_prefixes=allowed_prefixes(settings),
            country=settings.organisation.country,
        ),
        brake_least=settings.sync.brake,
        brake_per_cent=settings.sync.brake_percent,
        override_brake=override_brake,
        dry_run=dry_run,
        passwords=passwords,
    )
