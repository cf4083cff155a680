"""Reads people and groups out of any LDAP directory, all of them or what changed."""

import re
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from portvakt.core.seen_people import Batch, CursorLost, Field
from portvakt.directories.ldap import Config
from portvakt.ldap_people.attributes import Reader, attributes_of
from portvakt.ldap_people.groups import Wanted, place_of
from portvakt.ldap_people.pages import one
from portvakt.ldap_people.reading import Reading, uuids
from portvakt.wire.ldap import Entry, Ldap, Server

_LOCKED_FOR_EVER: Final = "000001010000Z"  # draft-behera-ldap-password-policy §5.3.3
_LAG: Final = timedelta(minutes=15)
"""By how much clocks may differ, and servers be behind each other, without a change being lost."""
_UUID: Final = re.compile("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")  # RFC 4530
_CSN_TIME: Final = "%Y%m%d%H%M%S"


class _Cursor(msgspec.Struct, frozen=True):
    """Where the next reading begins, and of which directory this is true."""

    base: str
    """The id of the base itself: another directory at the same address has another."""
    groups: str
    since: str
    """The latest change that was surely seen: a CSN or a generalized time."""
    state: tuple[str, ...] = ()
    """The `contextCSN`s; none where the server shows none."""


class People:
    """The people of one directory."""

    def __init__(self, ldap: Ldap, config: Config) -> None:
        attributes = attributes_of(msgspec.structs.asdict(config.mapping))
        reader = Reader(attributes=attributes, id_of=id_of, is_off=is_off, end_of=no_end)
        self._ldap = ldap
        self._wanted = Wanted(by_name=config.groups, pattern=config.group_pattern)
        self._reading = Reading(
            ldap=ldap,
            reader=reader,
            base=config.base,
            filter=config.people_filter,
            size=config.page_size,
            id_attribute="entryUUID",
            more=("pwdAccountLockedTime", "nsAccountLock"),
            wanted=self._wanted,
            by_members=config.membership == "member",
            group_base=config.group_base or config.base,
            group_filter=config.group_filter,
            stamps=("entryCSN", "modifyTimestamp"),
        )

    @property
    def fields(self) -> frozenset[Field]:
        """What the mapping takes."""
        return self._reading.reader.fields(groups=self._wanted.any)

    async def people(self, now: datetime) -> AsyncIterator[Batch]:
        """Read everybody. Raises `DirectoryBrokeOffError`."""
        base, state, server = await self._state()
        self._reading.reader.managers.clear()
        groups, mark = await self._reading.groups(server)
        async for batch in self._reading.people(groups, server):
            yield batch
        yield Batch(cursor=_written(base, mark, state, now))

    async def changes(self, cursor: str, now: datetime) -> AsyncIterator[Batch]:
        """Read who changed and who is there. Raises `CursorLost` and `DirectoryBrokeOffError`."""
        try:
            before = msgspec.json.decode(cursor, type=_Cursor)
        except msgspec.DecodeError as error:
            raise CursorLost from error
        base, state, server = await self._state()
        if before.base != base or bool(before.state) != bool(state):
            raise CursorLost
        self._reading.reader.managers.clear()
        # An equal `contextCSN` does not say that nothing changed: it stands still where the overlay
        # was taken away, or where only `slapadd -w` ever wrote it.
        groups, mark = await self._reading.groups(server)
        attribute = "entryCSN" if state else "modifyTimestamp"
        changed = f"({attribute}>={before.since})"
        async for batch in self._reading.people(groups, server, changed):
            yield batch
        regrouped = groups if mark != before.groups else None
        async for batch in self._reading.present(regrouped, server):
            yield batch
        yield Batch(swept=True, cursor=_written(base, mark, state, now))

    async def some(self, external_ids: Collection[str]) -> Batch:
        """Read these people, as far as they are there."""
        _, _, server = await self._state()
        groups, _ = await self._reading.groups(server)
        filters = [f"(entryUUID={each})" for each in uuids(external_ids)]
        return await self._reading.some(filters, groups, server)

    async def ids_at(self, places: Collection[str]) -> Mapping[str, str]:
        """Say who stands at these places."""
        return await self._reading.ids_at(places)

    async def _state(self) -> tuple[str, tuple[str, ...], Server]:
        """Return which directory this is and how far it has come, by one of its servers."""
        root, server = await one(self._ldap, "", ("namingContexts",))
        place = place_of(self._reading.base)
        suffixes = [each for each in root.texts("namingcontexts") if place.endswith(place_of(each))]
        suffix = max(suffixes, key=len, default=self._reading.base)
        entry, server = await one(self._ldap, suffix, ("entryUUID", "contextCSN"), server=server)
        return entry.text("entryuuid") or "", tuple(sorted(entry.texts("contextcsn"))), server


def _written(base: str, mark: str, state: tuple[str, ...], now: datetime) -> str:
    since = _since(state) if state else (now - _LAG).strftime(f"{_CSN_TIME}Z")
    return msgspec.json.encode(_Cursor(base, mark, since, state)).decode()


def _since(state: tuple[str, ...]) -> str:
    """Return the CSN from which on changes may be unseen.

    With several writing servers one may be behind, though by no more than `_LAG`: the whole
    reading that comes once a day finds the rest.
    """
    least, most = min(state), max(state)
    digits = len("YYYYmmddHHMMSS")
    latest = datetime.strptime(most[:digits], _CSN_TIME)  # noqa: DTZ007 - both are UTC
    return max(least, (latest - _LAG).strftime(f"{_CSN_TIME}.000000Z#000000#000#000000"))


def id_of(entry: Entry) -> str | None:
    """Return who somebody is, for ever."""
    text = entry.text("entryuuid")
    return text.lower() if text is not None and _UUID.fullmatch(text) else None


def is_off(entry: Entry) -> bool:
    """Say whether an administrator has locked the account for good."""
    locked = entry.text("pwdaccountlockedtime") == _LOCKED_FOR_EVER
    return locked or (entry.text("nsaccountlock") or "").casefold() == "true"


def no_end(entry: Entry) -> date | None:
    """Return nothing: only a mapped attribute says when somebody's work ends here."""
    del entry
    return None
