"""What was typed on a page whose proof had grown old: it stands there again afterwards.

No secret is kept, sealed or not: a code or a password is typed anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from portvakt.core.authenticators import AuthenticatorType
from portvakt.journeys.set_up_mfa.acting import Person
from portvakt.journeys.set_up_mfa.drafts import Detail, Drafts
from portvakt.records.unit import Records, Unit

_KIND = AuthenticatorType.START_CODE
"""Nothing is ever half set up under this name, so no other page takes one of these for its own."""
_MOST = 300
"""Characters of a field that are worth keeping."""


@dataclass(frozen=True, slots=True)
class Typed:
    """Keeps fields of a form for the same person and session, for as long as a draft."""

    records: Records
    drafts: Drafts

    async def keep(self, person: Person, fields: Mapping[str, str]) -> str:
        """Keep them; returns the name they are found by."""
        id_ = self.drafts.new_id()
        kept = msgspec.json.encode({name: value[:_MOST] for name, value in fields.items()})
        await self.records.write(
            lambda unit: self.drafts.put(unit, person, id_, _KIND, Detail(), kept)
        )
        return id_

    async def back(self, person: Person, id_: str) -> dict[str, str]:
        """Read them; nothing where there is none of this name."""
        if not id_:
            return {}

        async def act(unit: Unit) -> dict[str, str]:
            draft = await self.drafts.load(unit, person, id_, _KIND)
            if draft is None:
                return {}
            return msgspec.json.decode(self.drafts.secret(draft), type=dict[str, str])

        return await self.records.read(act)
