"""The name that keys belong to: the host of `public_url`, kept when the service first starts.

A key works under the name that it was made for and no other (WebAuthn Level 3 section 4, RP ID), so
under another every key would be left behind without a word.
"""

from typing import Final

from portvakt.records import Unit

KEY_HOST = "key_host"
"""In `unit.meta`: the RP ID. Never a parent of the host, which others may have names under, too."""


async def settle(unit: Unit, host: str) -> str | None:
    """Keep the name that keys belong to; return the one before, where keys hold on to it.

    Whoever has no keys may move: then what is kept is written over.
    """
    kept = await unit.meta.set_once(KEY_HOST, host)
    if kept == host:
        return None
    if await unit.keys.any():
        return kept
    await unit.meta.set(KEY_HOST, host)
    return None


METADATA_NUMBER: Final = "key_metadata_number"
"""In `unit.meta`: the highest number of the metadata of keys that was ever taken."""


async def settle_metadata(unit: Unit, number: int) -> int | None:
    """Keep the number of the metadata that is taken now; return the one before, where it is higher.

    An older edition does not know what was found since (Metadata Service 3, section 3.1.7).
    """
    kept = await unit.meta.get(METADATA_NUMBER)
    if kept is not None and int(kept) > number:
        return int(kept)
    await unit.meta.set(METADATA_NUMBER, str(number))
    return None
