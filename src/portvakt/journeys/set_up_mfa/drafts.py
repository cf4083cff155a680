"""What is half set up, and what it says beside its secret."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import msgspec

from portvakt.core.authenticators import AuthenticatorType
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer
from portvakt.journeys.set_up_mfa.acting import DRAFT_LIVES, Person
from portvakt.records.drafts import Draft
from portvakt.records.unit import Unit


class Detail(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The part of a draft that is no secret."""

    number: str = ""
    """E.164: of an sms_code the number to prove, of an app or a phone the one to prove after it."""
    replaces: str = ""
    """The id of the number that goes when this one is proved."""
    preferred: bool = False
    """Chosen in the list as the one that the person likes best."""
    beside: bool = False
    """Of a key: it stands beside the password only."""
    replaced: bool = False
    """Of a card: older codes died with it."""

    def written(self) -> str:
        """Write it as a draft keeps it."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def of(cls, draft: Draft) -> Self:
        """Read the detail of a draft."""
        return msgspec.json.decode(draft.detail, type=cls)


@dataclass(frozen=True, slots=True)
class Drafts:
    """Puts drafts away, sealed, and reads them back for the same person and session only."""

    random: Random
    sealer: Sealer

    def new_id(self) -> str:
        """Draw a name for a draft."""
        return self.random.id()

    async def put(
        self,
        unit: Unit,
        person: Person,
        id_: str,
        kind: AuthenticatorType,
        detail: Detail,
        secret: bytes | None = None,
        *,
        lives: timedelta = DRAFT_LIVES,
    ) -> None:
        """Keep something half set up, for ten minutes unless said otherwise."""
        draft = Draft(
            id=id_,
            account_id=person.account.id,
            session_id=person.session.id,
            type=kind,
            sealed=None if secret is None else self._seal(secret, id_),
            detail=detail.written(),
            created_at=person.now,
            expires_at=person.now + lives,
        )
        await unit.drafts.put(draft)

    async def load(
        self, unit: Unit, person: Person, id_: str, kind: AuthenticatorType
    ) -> Draft | None:
        """Read a draft of this type without using it up."""
        found = await unit.drafts.load(id_, person.account.id, person.session.id, person.now)
        return found if found is not None and found.type is kind else None

    async def waiting(self, unit: Unit, person: Person, detail: Detail) -> Draft | None:
        """Find what this session has half set up already: the same number for the same place."""
        mine = (person.account.id, person.session.id, AuthenticatorType.SMS_CODE, person.now)
        for draft in await unit.drafts.of_session(*mine):
            known = Detail.of(draft)
            if (known.number, known.replaces) == (detail.number, detail.replaces):
                return draft
        return None

    async def spend(self, unit: Unit, person: Person, id_: str) -> Draft | None:
        """Take the draft; None for everybody but the first."""
        return await unit.drafts.spend(id_, person.account.id, person.session.id, person.now)

    def secret(self, draft: Draft) -> bytes:
        """Open what a draft keeps sealed."""
        if draft.sealed is None:
            raise AssertionError("this draft keeps no secret")
        return self.sealer.open(draft.sealed, table="drafts", column="sealed", row=draft.id)

    def _seal(self, secret: bytes, row: str) -> bytes:
        return self.sealer.seal(secret, table="drafts", column="sealed", row=row)
