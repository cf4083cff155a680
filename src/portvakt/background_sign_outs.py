"""Finds sessions that have ended, and has their apps told.

Any process may look: what one takes no other gets. The messages go out as all others do
(`delivering`).
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import MasterKeys, Sealer
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.back_channel import BackChannel, Telling
from portvakt.proving.rules import Rules
from portvakt.records import Records
from portvakt.records.sign_outs import ENDED
from portvakt.settings import Settings
from portvakt.web.site import origin_of
from portvakt.wire.outward import Outward

Clock = Callable[[], datetime]

AT_ONCE: Final = 100
"""Sessions in one act, so that nobody waits for the rest of many thousands."""
LOOKS_EVERY: Final = 5.0
"""Seconds between two looks when nothing rings."""


def back_channel(
    settings: Settings,
    records: Records,
    keys: MasterKeys,
    outward: Outward,
    clock: Clock,
) -> BackChannel:
    """Return what tells apps."""
    random, sealer = SystemRandom(), Sealer(keys)
    return BackChannel(
        issuer=origin_of(settings.public_url),
        rules=Rules(records),
        ring=KeyRing(records=records, sealer=sealer, random=random),
        names=Names(keys),
        random=random,
        outward=outward,
        clock=clock,
    )


def telling_apps(
    records: Records, sealer: Sealer, clock: Clock
) -> Sequence[Callable[[], Awaitable[None]]]:
    """Return the step that looks, for as long as there is more, and then waits."""
    telling = Telling(
        records=records,
        rules=Rules(records),
        sealer=sealer,
        random=SystemRandom(),
        clock=clock,
    )

    async def step() -> None:
        if not await telling.queue(AT_ONCE):
            await records.wait(ENDED, LOOKS_EVERY)

    return [step]
