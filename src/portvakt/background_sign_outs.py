"""Finds sessions that have ended, and has their apps told.

Any process may look: what one takes no other gets. The messages go out as all others do
(`delivering`).
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import MasterKeys, Sealer
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.logout.back_channel import BackChannel, Telling
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


def telling_of(records: Records, rules: Rules, sealer: Sealer, clock: Clock) -> Telling:
    """Return what finds out which apps are to hear of something, and queues it."""
    random = SystemRandom()
    return Telling(records=records, rules=rules, sealer=sealer, random=random, clock=clock)


def telling_apps(
    settings: Settings,
    records: Records,
    keys: MasterKeys,
    outward: Outward,
    clock: Clock,
) -> tuple[BackChannel, Callable[[], Awaitable[None]]]:
    """Return what tells apps, and the step that finds what they are to be told.

    The step looks for as long as there is more, and then waits.
    """
    rules, random, sealer = Rules(records), SystemRandom(), Sealer(keys)
    telling = telling_of(records, rules, sealer, clock)

    async def step() -> None:
        if not await telling.queue(AT_ONCE):
            await records.wait(ENDED, LOOKS_EVERY)

    channel = BackChannel(
        issuer=origin_of(settings.public_url),
        rules=rules,
        ring=KeyRing(records=records, sealer=sealer, random=random),
        names=Names(keys),
        random=random,
        outward=outward,
        clock=clock,
    )
    return channel, step
