"""The directories of the settings: opened by name, and what a run over one is to do.

python-ldap is needed only where there are any.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from portvakt.journeys.sync_people.flow import Orders
from portvakt.journeys.sync_people.survey import Judgement
from portvakt.plugins import AdapterSettingsError, fill
from portvakt.settings import Settings
from portvakt.wire.ldap_values import UnsafeServerError

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
