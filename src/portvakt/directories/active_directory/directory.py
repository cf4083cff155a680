"""A directory of this kind as the rest of the service uses it."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime

from portvakt.core.seen_people import Batch, Cursor, Field
from portvakt.directories import DirectoryAway, TicketOwner
from portvakt.directories.active_directory import Config
from portvakt.directories.active_directory.passwords import Passwords
from portvakt.directories.active_directory.reader import People
from portvakt.directories.active_directory.tickets import whose
from portvakt.wire.ldap import Ldap


class ActiveDirectory(Passwords):
    """One directory: its people by `reader`, their passwords by `passwords`."""

    def __init__(self, name: str, config: Config) -> None:
        """Prepare; nothing is connected yet. Raises `UnsafeServerError` and `OSError`."""
        ldap = Ldap(config.reach())
        super().__init__(ldap, base=config.base)
        self.name = name
        self._people = People(ldap, config)
        self._config = config

    @property
    def fields(self) -> frozenset[Field]:
        """What the mapping takes from it."""
        return self._people.fields

    def people(self, now: datetime) -> AsyncIterator[Batch]:
        """Read everybody, a page at a time. Raises `DirectoryBrokeOffError`."""
        return self._people.people(now)

    def changes(self, cursor: Cursor, now: datetime) -> AsyncIterator[Batch]:
        """Read who changed and who is there. Raises `CursorLost`, `DirectoryBrokeOffError`."""
        return self._people.changes(cursor, now)

    async def some(self, external_ids: Collection[str]) -> Batch:
        """Read these people, as far as they are there. Raises `DirectoryBrokeOffError`."""
        return await self._people.some(external_ids)

    async def ids_at(self, places: Collection[str]) -> Mapping[str, str]:
        """Say who stands at these places."""
        return await self._people.ids_at(places)

    async def whose(self, sid: bytes, now: datetime) -> TicketOwner | DirectoryAway | None:
        """Say whose account a Kerberos ticket names, and how it stands now."""
        config = self._config
        return await whose(self._ldap, config.base, config.people_filter, sid, now)

    async def close(self) -> None:
        """Hang up."""
        await self._ldap.close()
