"""Whether what is known of models of keys is new enough, and whether anybody holds bad ones."""

from datetime import datetime
from typing import Final

from portvakt.commands.doctor_lines import DAY, Line, ok, warn, wrong
from portvakt.journeys.set_up_mfa.key_host import METADATA_NUMBER
from portvakt.known_key_models import key_metadata
from portvakt.records import Unit
from portvakt.settings import Settings

_CHECK: Final = "key models"
_NEWER: Final = "a newer file at [passkeys] metadata, and restart (passkeys.md)"
_MOST: Final = 3
"""Entries that are named."""
_LATE: Final = 30 * DAY
"""So long after a newer edition was due, the file says little of what is known."""


async def key_model_lines(unit: Unit, settings: Settings, now: datetime) -> list[Line]:
    """Look at the metadata of keys, where there is any."""
    try:
        found = key_metadata(settings, now)
    except ValueError as error:
        return [wrong(_CHECK, f"{error}", _NEWER)]
    if found is None:
        return await _asked_in_vain(unit)
    taken = await unit.meta.get(METADATA_NUMBER)
    if taken is not None and int(taken) > found.number:
        said = f"the file has the number {found.number}, and {taken} was taken before"
        return [wrong(_CHECK, said, _NEWER)]
    said = f"number {found.number} knows {len(found.models)}, next due {found.next_update}"
    late = now.date() - found.next_update
    lines = [warn(_CHECK, said, _NEWER) if late > _LATE else ok(_CHECK, said)]
    bad = found.models.in_trouble(now.date())
    held = sum(many for model, many in (await unit.keys.models()).items() if model in bad)
    if held:
        said = f"{held} keys are of models that cannot be trusted any more"
        lines.append(warn(_CHECK, said, "portvakt key-models --holders"))
    return lines


async def _asked_in_vain(unit: Unit) -> list[Line]:
    """Tell of entries that ask what a key is, where nothing tells."""
    entries = (await unit.configuration.load()).methods
    asking = [each.id for each in entries if each.keys is not None]
    if not asking:
        return []
    said = f"{', '.join(asking[:_MOST])} asks what a key is, and nothing tells: none can be added"
    return [warn(_CHECK, said, "set [passkeys] metadata (passkeys.md)")]
