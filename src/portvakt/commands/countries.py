"""In which country an address is, for commands that judge as the service would."""

from pathlib import Path

from portvakt.commands.shell import CommandError
from portvakt.locations import Locations
from portvakt.records.configuration import CountryOf, no_country
from portvakt.settings import Settings


def country_of(settings: Settings) -> CountryOf:
    """Return what tells countries, by the database of the settings. Raises `CommandError`."""
    file = settings.locations.database
    if not file:
        return no_country
    try:
        return Locations.read(Path(file)).country
    except ValueError as error:
        raise CommandError(str(error)) from error
