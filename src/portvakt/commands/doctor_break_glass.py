"""Whether somebody gets in on the day on which nobody else does."""

from datetime import datetime
from typing import Final

from portvakt.commands.doctor_lines import DAY, Line, ok, warn
from portvakt.core.break_glass import ACCOUNTS, KEYS, TEST_EVERY
from portvakt.records import Unit
from portvakt.settings import Settings

_CHECK: Final = "break-glass"


async def break_glass_lines(unit: Unit, _settings: Settings, now: datetime) -> list[Line]:
    """Tell which accounts are missing, have lost a key, or are untested."""
    found = [each.stands for each in await unit.break_glass.all()]
    ready = [each for each in found if each.is_ready()]
    lines = []
    if len(ready) < ACCOUNTS:
        said = f"{len(ready)} accounts are ready for the day on which nobody else gets in"
        lines.append(warn(_CHECK, f"{said}: have {ACCOUNTS}", "portvakt break-glass add NAME"))
    for each in found:
        if not each.is_ready():
            said = f"{each.name} has {len(each.keys)} of its {KEYS} keys"
            lines.append(warn(_CHECK, said, f"portvakt break-glass link {each.name}"))
        elif each.is_overdue(now):
            said = f"nobody has tested {each.name} for {each.untested(now) // DAY} days"
            mend = f"use both keys, then portvakt break-glass tested {each.name}"
            lines.append(warn(_CHECK, f"{said}; {TEST_EVERY // DAY} is the most", mend))
    return lines or [ok(_CHECK, f"{len(ready)} accounts are ready, and tested")]
