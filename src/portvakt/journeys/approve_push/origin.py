"""Where phones belong: fixed when the first is paired, for their keys belong to that origin.

Under another host name every phone would be left behind without a word, so the service refuses to
start under one while phones exist.
"""

from portvakt.records import Unit

ORIGINS = "phones_belong_to"
"""In `unit.meta`: the origins of the app and of sign-in that phones were paired under."""


async def keep(unit: Unit, app_origin: str, origin: str) -> None:
    """Keep what a phone is paired under. Part of the act that pairs it.

    Whoever has no phones may move: what is kept is written over where none exists.
    """
    ours = f"{app_origin} {origin}"
    if await unit.meta.get(ORIGINS) != ours:
        await unit.meta.set(ORIGINS, ours)


async def moved_from(unit: Unit, app_origin: str, origin: str) -> tuple[str, str] | None:
    """Return the two origins that existing phones belong to, where they are others."""
    kept = await unit.meta.get(ORIGINS)
    if kept is None or kept == f"{app_origin} {origin}" or not await unit.phones.any():
        return None
    app, _, own = kept.partition(" ")
    return app, own
