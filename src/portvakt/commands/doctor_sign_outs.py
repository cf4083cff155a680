"""Whether apps hear that sessions have ended: what waits, and what was given up."""

from datetime import datetime, timedelta
from typing import Final

from portvakt.commands.doctor_lines import DAY, Line, ok, warn, wrong
from portvakt.records import Unit
from portvakt.settings import Settings

CHANNEL: Final = "sign_out"
_CHECK: Final = "sign-outs"
_LATE: Final = timedelta(minutes=1)
_LOOK: Final = "portvakt messages --channel sign_out"


async def sign_out_lines(unit: Unit, _settings: Settings, now: datetime) -> list[Line]:
    """Tell which apps cannot be told, and whether anything tells them at all."""
    left, oldest = await unit.sign_outs.left()
    if oldest is not None and now - oldest > _LATE:
        said = f"{left} sessions have ended, the first {_seconds(now - oldest)} s ago, and no app"
        return [wrong(_CHECK, f"{said} was told", "see that `portvakt work` runs")]
    lines = []
    for each in await unit.sign_outs.trouble(now - DAY):
        if each.given_up:
            said = f"{each.app} was not told of {each.count} in the last day"
            lines.append(wrong(_CHECK, f"{said}: {each.why}", _LOOK))
        else:
            said = f"{each.app} is still to be told of {each.count}"
            lines.append(warn(_CHECK, f"{said}: {each.why}", _LOOK))
    return lines or [ok(_CHECK, "every app was told")]


def _seconds(span: timedelta) -> int:
    return span // timedelta(seconds=1)
