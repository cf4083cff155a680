"""Walks over everything that is sealed: which keys it still needs, and sealing it again."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

from portvakt.crypto.sealing import MasterKeys, Sealer, SealError, key_id_of
from portvakt.records import Records, Unit
from portvakt.records.sealed import PLACES, Place, SealedRow

PART: Final = 200
"""Rows in one transaction: few, for somebody may be waiting to write one of them."""
UNREADABLE: Final = ""
"""Counted under this: not an envelope, or one that is damaged."""
_PASSES: Final = 3
_TRAIL: Final = "the audit trail has parts from its time, and is verified with it"


@dataclass(slots=True)
class Resealed:
    """What became of the rows that an older key had sealed."""

    done: int = 0
    unopened: list[str] = field(default_factory=list)
    """Places and rows that could not be opened, and stay as they are."""
    left: int = 0
    """Sealed by an older key again and again while this ran."""


async def counted(records: Records) -> Counter[str]:
    """Count the rows that each key seals; `UNREADABLE` counts those without one."""
    found: Counter[str] = Counter()
    for place in PLACES:
        async for page in _pages(records, place):
            found.update(_key_of(each.envelope) for each in page)
    return found


async def reseal(
    records: Records, sealer: Sealer, total: int, progress: Callable[[int, int], None]
) -> Resealed:
    """Seal again with the current key what another one has sealed; `total` is how many there are.

    What is done stays done if this is stopped, and is passed over the next time.
    """
    result = Resealed()
    for _ in range(_PASSES):
        result.unopened.clear()
        result.left = 0
        for place in PLACES:
            async for page in _pages(records, place):
                old = [each for each in page if _is_old(sealer, each)]
                result.left += len(old)
                result.done += await _replace(records, sealer, place, old, result.unopened)
                progress(min(result.done, total), total)
        result.left -= len(result.unopened)
        if not result.left:
            break
    return result


async def _replace(
    records: Records, sealer: Sealer, place: Place, old: list[SealedRow], unopened: list[str]
) -> int:
    """Seal some rows again; return how many were replaced by us, and not written by others."""
    new: list[tuple[SealedRow, bytes]] = []
    for each in old:
        where = {"table": place.table, "column": place.column, "row": each.row}
        try:
            new.append((each, sealer.seal(sealer.open(each.envelope, **where), **where)))
        except SealError:
            unopened.append(f"{place.table}.{place.column} of {each.row}")
    if not new:
        return 0

    async def act(unit: Unit) -> int:
        return sum([await unit.sealed.replace(place, *each) for each in new])

    return await records.write(act)


async def _pages(records: Records, place: Place) -> AsyncIterator[list[SealedRow]]:
    last = ""
    while True:

        async def act(unit: Unit, last: str = last) -> list[SealedRow]:
            return await unit.sealed.after(place, last, PART)

        page = await records.read(act)
        if page:
            yield page
            last = page[-1].row
        if len(page) < PART:
            return


def _is_old(sealer: Sealer, row: SealedRow) -> bool:
    try:
        return sealer.needs_reseal(row.envelope)
    except SealError:
        return True  # not an envelope: it is told of as what cannot be opened


def _key_of(envelope: bytes) -> str:
    try:
        return key_id_of(envelope)
    except SealError:
        return UNREADABLE


async def wanted_by(unit: Unit, keys: MasterKeys, key_id: str) -> str | None:
    """Say what needs a master key although it seals no row, or None where nothing does.

    The audit trail is verified with the keys of its time. Batches follow each other as keys do, so
    the oldest batch tells from which key on; where its key is not in the file, nobody knows.
    """
    oldest, removal = await unit.audit_chain.batches(0, 1), await unit.audit_chain.removal()
    order = list(keys.now().keys)  # the newest first
    for each in oldest:
        if each.key_id not in order:
            return (
                f"{each.key_id}, which seals the oldest part of the audit trail, is not in the "
                "file, so nobody can say which parts are from its time"
            )
        if order.index(key_id) <= order.index(each.key_id):
            return _TRAIL
    return _TRAIL if removal is not None and removal.key_id == key_id else None
