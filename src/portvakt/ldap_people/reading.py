"""The steps of reading a directory that all kinds take: groups, people, who is there at all."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final
from uuid import UUID

from portvakt.core.seen_people import Batch, DirectoryBrokeOffError, Present, RowDoubtful, Seen
from portvakt.ldap_people.attributes import Reader
from portvakt.ldap_people.groups import Groups, Wanted, place_of
from portvakt.ldap_people.pages import few, pages
from portvakt.wire.ldap import Entry, Found, Ldap, Query, Refused, Scope, Server

_AT_ONCE: Final = 50
"""People in one filter."""
_NO_SUCH_OBJECT: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One directory, by its settings."""

    ldap: Ldap
    reader: Reader
    base: str
    filter: str
    size: int
    id_attribute: str
    more: tuple[str, ...]
    """What is asked of everybody besides the mapping."""
    wanted: Wanted
    by_members: bool
    group_base: str
    group_filter: str
    stamps: tuple[str, ...]
    """The attributes of which one changes whenever a group does."""

    async def groups(self, server: Server) -> tuple[Groups | None, str]:
        """Read all groups and a mark of their state; None where none are asked for."""
        if not self.wanted.any:
            return None, ""
        found = Groups(self.wanted, self.by_members)
        member = ("member", "uniqueMember") if self.by_members else ("memberOf",)
        query = Query(
            base=self.group_base,
            filter=self.group_filter,
            attributes=("cn", *self.stamps, *member),
        )
        async for page in pages(self.ldap, query, size=self.size, server=server):
            for entry in page.entries:
                _whole(entry)
                found.add(entry, " ".join(entry.text(each.lower()) or "" for each in self.stamps))
        return found, found.settle()

    async def people(
        self, groups: Groups | None, server: Server | None, changed: str = ""
    ) -> AsyncIterator[Batch]:
        """Read people a page at a time; `changed` is a filter that they must pass too."""
        query = Query(
            base=self.base,
            filter=f"(&{self.filter}{changed})" if changed else self.filter,
            attributes=self._asked(groups),
        )
        row = 0
        async for page in pages(self.ldap, query, size=self.size, server=server):
            yield self._batch(page.entries, row, groups)
            row += len(page.entries)

    async def present(self, groups: Groups | None, server: Server) -> AsyncIterator[Batch]:
        """Read who there is, and where `groups` are given who is in which."""
        more = ("memberOf",) if groups is not None and not self.by_members else ()
        query = Query(base=self.base, filter=self.filter, attributes=(self.id_attribute, *more))
        id_of = self.reader.id_of
        async for page in pages(self.ldap, query, size=self.size, server=server):
            there = []
            for entry in page.entries:
                external_id = id_of(entry)
                if external_id is None:
                    raise DirectoryBrokeOffError(f"somebody has no {self.id_attribute}")
                now = None if groups is None else frozenset(groups.of(entry))
                there.append(Present(external_id, now))
            yield Batch(present=there)

    async def some(self, filters: Collection[str], groups: Groups | None, server: Server) -> Batch:
        """Read the people that any of these filters finds."""
        entries: list[Entry] = []
        rest = iter(filters)
        while part := list(islice(rest, _AT_ONCE)):
            query = Query(
                base=self.base,
                filter=f"(&{self.filter}(|{''.join(part)}))",
                attributes=self._asked(groups),
            )
            found = await few(self.ldap, query, most=2 * _AT_ONCE, server=server)
            entries += found.entries
        return self._batch(entries, 0, groups)

    async def ids_at(self, places: Collection[str]) -> Mapping[str, str]:
        """Say who stands at places where managers were seen; nobody where nothing is any more."""
        found: dict[str, str] = {}
        for place in places:
            written = self.reader.managers.get(place)
            if written is None:
                continue
            query = Query(base=written, scope=Scope.BASE, attributes=(self.id_attribute,))
            answer = await self.ldap.search(query, most=1)
            if isinstance(answer, Refused) and answer.code == _NO_SUCH_OBJECT:
                continue
            if not isinstance(answer, Found):
                raise DirectoryBrokeOffError(f"{written!r} cannot be looked up")
            for entry in answer.entries:
                found[place] = self.reader.id_of(entry) or ""
        return {place: each for place, each in found.items() if each}

    def _asked(self, groups: Groups | None) -> tuple[str, ...]:
        member = ("memberOf",) if groups is not None and not self.by_members else ()
        return self.reader.asked(self.id_attribute, *self.more, *member)

    def _batch(self, entries: Sequence[Entry], row: int, groups: Groups | None) -> Batch:
        seen: list[Seen] = []
        places: dict[str, str] = {}
        for number, entry in enumerate(entries, row + 1):
            for each in self.reader.read(entry, number, groups):
                seen.append(each)
                if not isinstance(each, RowDoubtful) and each.external_id is not None:
                    places[place_of(entry.dn)] = each.external_id
        return Batch(seen=seen, places=places)


def uuids(external_ids: Collection[str]) -> list[UUID]:
    """Read ids, and leave out what cannot be one of a directory's."""
    found = []
    for each in external_ids:
        try:
            found.append(UUID(each))
        except ValueError:  # of an account that came from something else under this name
            continue
    return found


def _whole(entry: Entry) -> None:
    """Refuse part of a long list: Active Directory gives 1,500 values and says so in the name."""
    for name in entry.values:
        if ";range=" in name:
            raise DirectoryBrokeOffError(f"{entry.dn!r} has too many values of {name}")
