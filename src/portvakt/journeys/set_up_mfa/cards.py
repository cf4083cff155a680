"""Recovery codes: ten on a card, each hashed, each good once."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.one_time_codes import group
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import Random
from portvakt.journeys.set_up_mfa.acting import Person, registers
from portvakt.journeys.set_up_mfa.binding import Binder
from portvakt.journeys.set_up_mfa.drafts import Detail, Drafts
from portvakt.journeys.set_up_mfa.outcomes import Card, NotShown, Over, Started
from portvakt.journeys.set_up_mfa.telling import Teller
from portvakt.methods import Ceremony, SignInMethod
from portvakt.records import Records, Unit

RECOVERY_CODE = AuthenticatorType.RECOVERY_CODE
COUNT = 10
GROUP = 6


@dataclass(frozen=True, slots=True)
class Drawn:
    """One code, and the part of it that is kept in clear so that its row is found."""

    code: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """Makes cards. A new one replaces the old."""

    records: Records
    random: Random
    hasher: PasswordHasher
    method: SignInMethod
    drafts: Drafts
    binder: Binder
    teller: Teller

    async def make(
        self, person: Person, *, begun: datetime | None = None
    ) -> Started | NotShown | Over:
        """Make ten codes and keep their hashes; they can be read for ten minutes, in this session.

        `begun` is when that was begun which they end, where they end something: a card may also be
        the first that an account has.

        Raises `portvakt.crypto.passwords.Busy`.
        """
        drawn = self._draw(person)
        rows = [
            (place, each.hint, await self._hash(each)) for place, each in enumerate(drawn, start=1)
        ]
        codes = msgspec.json.encode([each.code for each in drawn])
        id_ = self.drafts.new_id()

        async def act(unit: Unit) -> Started | NotShown | Over:
            await unit.turn(f"methods:{person.account.id}")
            standing = await unit.people.load(person.account.id, person.visit.browser)
            if standing is None or not standing.account.usable:
                return Over()
            if not registers(person, RECOVERY_CODE):
                return NotShown()
            at = begun or person.now
            if await self.binder.ground(unit, person, standing, at, RECOVERY_CODE) is None:
                return NotShown()
            gone = await unit.authenticators.remove_type(person.account.id, RECOVERY_CODE)
            card = self.binder.pending(person, RECOVERY_CODE)
            await unit.authenticators.bind(card)
            await unit.authenticators.recovery_put(card.id, rows)
            detail = Detail(replaced=gone > 0)
            await self.drafts.put(unit, person, id_, RECOVERY_CODE, detail, codes)
            await self.teller.card_made(unit, person, card, COUNT, replaced=gone > 0)
            return Started(id_)

        return await self.records.write(act)

    async def show(self, person: Person, id_: str) -> Card | Over:
        """Return a card as it is printed. Nothing of it can be read later than ten minutes."""
        draft = await self.records.read(
            lambda unit: self.drafts.load(unit, person, id_, RECOVERY_CODE)
        )
        if draft is None:
            return Over()
        codes = msgspec.json.decode(self.drafts.secret(draft), type=tuple[str, ...])
        return Card(
            id=id_,
            codes=tuple(group(code, GROUP) for code in codes),
            made=draft.created_at,
            replaced=Detail.of(draft).replaced,
        )

    async def left(self, person: Person) -> int:
        """Count the codes that can still be used."""
        return await self.records.read(
            lambda unit: unit.authenticators.recovery_left(person.account.id)
        )

    def _draw(self, person: Person) -> list[Drawn]:
        """Draw codes with different hints, so that one hash is enough to judge an answer."""
        length = self.method.prompt(Ceremony(flow="", purpose="", now=person.now)).length
        found: dict[str, Drawn] = {}
        while len(found) < COUNT:
            code = self.random.base32(length)
            hint = self.method.hint(Secret(code))
            if hint is None:
                raise AssertionError("a code that we draw has the form that we read")
            found.setdefault(hint, Drawn(code, hint))
        return list(found.values())

    async def _hash(self, drawn: Drawn) -> str:
        return await self.hasher.hash(Secret(drawn.code.removeprefix(drawn.hint)))
