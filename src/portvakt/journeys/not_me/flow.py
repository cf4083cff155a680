"""Looking at a link, and using it up."""

from dataclasses import dataclass

from portvakt.crypto.digests import lookup_hash
from portvakt.proving.freezing import freeze
from portvakt.proving.notices import Notices
from portvakt.proving.visit import Visit
from portvakt.records.freezes import Link
from portvakt.records.unit import Records


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMe:
    """The acts of this journey. None stands for every link that does nothing."""

    records: Records
    notices: Notices

    async def look(self, token: str, visit: Visit) -> Link | None:
        """Say what a link would freeze."""
        digest = lookup_hash(token)
        return await self.records.read(lambda unit: unit.freezes.look(digest, visit.now))

    async def freeze(self, token: str, visit: Visit) -> Link | None:
        """Freeze it, once."""
        digest = lookup_hash(token)
        return await self.records.write(lambda unit: freeze(unit, self.notices, digest, visit))
