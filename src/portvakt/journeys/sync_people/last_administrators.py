"""Whoever administers alone stays, whatever the source says, until somebody else does (A087)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from portvakt.core.directory_diff import ChangeKind, Difference
from portvakt.core.events import LastAdministratorKept, PersonDisabled
from portvakt.core.ids import AccountId
from portvakt.journeys.sync_people.write import Following
from portvakt.records import Outline, StoredPerson, Unit

Staying = frozenset[AccountId]


async def without_last(
    unit: Unit, found: Difference, stored: Mapping[str, StoredPerson]
) -> tuple[Difference, Staying]:
    """Leave out who would go and must stay; nothing of them changes, and the next run asks again.

    Returns what is left, and who stays.
    """
    going = {
        stored[each.after.external_id].id: each
        for each in found.changes
        if each.kind is ChangeKind.DISABLED
    }
    staying = await unit.administrators.last_among(going)
    left = tuple(each for each in found.changes if each not in [going[id_] for id_ in staying])
    return replace(found, changes=left), staying


async def disable_vanished(
    unit: Unit, batch: Sequence[Outline], following: Following
) -> tuple[Staying, int]:
    """Disable people whom the source no longer knows. Returns who stays, and how many went."""
    staying = await unit.administrators.last_among([each.id for each in batch])
    going = [each.id for each in batch if each.id not in staying]
    await unit.people.disable_many(going, following.now)
    await unit.audit.write_many(
        PersonDisabled(
            at=following.now,
            account_id=each,
            actor=following.actor,
            source=following.source,
            reason="vanished",
        )
        for each in going
    )
    await tell_of_staying(unit, staying, following)
    return staying, len(going)


async def tell_of_staying(unit: Unit, staying: Iterable[AccountId], following: Following) -> None:
    """Write who stays although the source says that they have left."""
    await unit.audit.write_many(
        LastAdministratorKept(
            at=following.now, account_id=each, actor=following.actor, source=following.source
        )
        for each in sorted(staying)
    )
