"""Reads people and groups out of Active Directory, all of them or what changed."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from portvakt.core.seen_people import Batch, CursorLost, DirectoryBrokeOffError, Field
from portvakt.directories.active_directory import Config
from portvakt.ldap_people.attributes import Reader, attributes_of
from portvakt.ldap_people.groups import Wanted
from portvakt.ldap_people.pages import one
from portvakt.ldap_people.reading import Reading, uuids
from portvakt.wire.ldap import Entry, Ldap, Server

_GUID_BYTES: Final = 16
_DISABLED: Final = 0x2  # ADS_UF_ACCOUNTDISABLE
_NEVER: Final = 0x7FFFFFFFFFFFFFFF
LAST: Final = 2_650_467_744_000_000_000  # of the year 9999, which dates end with
_BEGINNING: Final = datetime(1601, 1, 1, tzinfo=UTC)


class _Cursor(msgspec.Struct, frozen=True):
    """How far one server's own count of changes was followed."""

    server: str
    invocation: str
    """The server's database: it is another one after it was restored."""
    usn: int
    groups: str
    at: int
    """When, as a file time: accounts that have ended since then changed without a change."""


class People:
    """The people of one domain."""

    def __init__(self, ldap: Ldap, config: Config) -> None:
        attributes = attributes_of(msgspec.structs.asdict(config.mapping))
        reader = Reader(attributes=attributes, id_of=id_of, is_off=is_off, end_of=end_of, ends=True)
        self._ldap = ldap
        self._servers = {each: Server(each) for each in config.servers}
        self._wanted = Wanted(by_name=config.groups, pattern=config.group_pattern)
        self._reading = Reading(
            ldap=ldap,
            reader=reader,
            base=config.base,
            filter=config.people_filter,
            size=config.page_size,
            id_attribute="objectGUID",
            more=("userAccountControl", "accountExpires"),
            wanted=self._wanted,
            by_members=False,
            group_base=config.group_base or config.base,
            group_filter="(objectClass=group)",
            stamps=("uSNChanged",),
        )

    @property
    def fields(self) -> frozenset[Field]:
        """What the mapping takes."""
        return self._reading.reader.fields(groups=self._wanted.any)

    async def people(self, now: datetime) -> AsyncIterator[Batch]:
        """Read everybody. Raises `DirectoryBrokeOffError`."""
        usn, invocation, server = await self._state(None)
        self._reading.reader.managers.clear()
        groups, mark = await self._reading.groups(server)
        async for batch in self._reading.people(groups, server):
            yield batch
        yield Batch(cursor=_written(server, invocation, usn, mark, now))

    async def changes(self, cursor: str, now: datetime) -> AsyncIterator[Batch]:
        """Read who changed and who is there. Raises `CursorLost` and `DirectoryBrokeOffError`."""
        try:
            before = msgspec.json.decode(cursor, type=_Cursor)
        except msgspec.DecodeError as error:
            raise CursorLost from error
        usn, invocation, server = await self._state(self._servers.get(before.server))
        if invocation != before.invocation or usn < before.usn:
            raise CursorLost
        self._reading.reader.managers.clear()
        groups, mark = await self._reading.groups(server)
        ended = f"(&(accountExpires>={before.at})(accountExpires<={filetime(now)}))"
        changed = f"(|(uSNChanged>={before.usn + 1}){ended})"
        async for batch in self._reading.people(groups, server, changed):
            yield batch
        if usn != before.usn:
            # A mark is of one server, as the count is.
            regrouped = groups if mark != before.groups else None
            async for batch in self._reading.present(regrouped, server):
                yield batch
        written = _written(server, invocation, usn, mark, now)
        yield Batch(swept=usn != before.usn, cursor=written)

    async def some(self, external_ids: Collection[str]) -> Batch:
        """Read these people, as far as they are there."""
        _, _, server = await self._state(None)
        groups, _ = await self._reading.groups(server)
        filters = [f"(objectGUID={escaped_guid(each)})" for each in uuids(external_ids)]
        return await self._reading.some(filters, groups, server)

    async def ids_at(self, places: Collection[str]) -> Mapping[str, str]:
        """Say who stands at these places."""
        return await self._reading.ids_at(places)

    async def _state(self, prefer: Server | None) -> tuple[int, str, Server]:
        """Return how far a server has come, and which database it has."""
        asked = ("dsServiceName", "highestCommittedUSN")
        root, server = await one(self._ldap, "", asked, server=prefer)
        service, usn = root.text("dsservicename"), root.text("highestcommittedusn")
        if not service or not usn or not usn.isdigit():
            raise DirectoryBrokeOffError(f"{server} does not count changes: no Active Directory?")
        entry, server = await one(self._ldap, service, ("invocationId",), server=server)
        return int(usn), (entry.raw("invocationid") or b"").hex(), server


def _written(server: Server, invocation: str, usn: int, mark: str, now: datetime) -> str:
    cursor = _Cursor(server.url, invocation, usn, mark, filetime(now))
    return msgspec.json.encode(cursor).decode()


def filetime(at: datetime) -> int:
    """Count as Active Directory does: 100 ns since 1601."""
    return (at - _BEGINNING) // timedelta(microseconds=1) * 10


def escaped_guid(external_id: UUID) -> str:
    """Write an id as a search filter wants its bytes."""
    return "".join(f"\\{byte:02x}" for byte in external_id.bytes_le)


def id_of(entry: Entry) -> str | None:
    """Return who somebody is, for ever (MS-ADTS: the GUID's first parts are little-endian)."""
    raw = entry.raw("objectguid")
    return str(UUID(bytes_le=raw)) if raw is not None and len(raw) == _GUID_BYTES else None


def is_off(entry: Entry) -> bool:
    """Say whether an administrator has disabled the account."""
    return bool(_number(entry, "useraccountcontrol") & _DISABLED)


def end_of(entry: Entry) -> date | None:
    """Return the last day of an account that ends; it ends at the first moment of the next."""
    ends = _number(entry, "accountexpires")
    if ends in {0, _NEVER} or not 0 < ends < LAST:
        return None
    return (_BEGINNING + timedelta(microseconds=ends // 10) - timedelta(seconds=1)).date()


def _number(entry: Entry, name: str) -> int:
    text = entry.text(name) or "0"
    try:
        return int(text)
    except ValueError:
        return 0
