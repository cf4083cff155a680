"""Setting oneself free after a change was disowned, with something older than the change."""

from dataclasses import dataclass

from portvakt.journeys.set_up_mfa.acting import Person, may_thaw_now
from portvakt.proving.freezing import PROOF, Thawer, thaw
from portvakt.proving.notices import Notices
from portvakt.records import Records, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Thawing:
    """Judges the proof once more, on what is stored when it counts."""

    records: Records
    notices: Notices

    async def thaw(self, person: Person) -> bool:
        """Set the person free; False where nothing older was shown, or they are free already."""

        async def act(unit: Unit) -> bool:
            account_id = person.account.id
            await unit.turn(f"methods:{account_id}")
            standing = await unit.people.load(account_id)
            if standing is None or not standing.account.usable:
                return False
            freezing = await unit.freezes.of(account_id)
            if not may_thaw_now(person.with_standing(standing, freezing)):
                return False
            thawer = Thawer(at=person.now, by=PROOF, visit=person.visit)
            return await thaw(unit, self.notices, standing, thawer)

        return await self.records.write(act)
