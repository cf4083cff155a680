"""Readings that are whole or nothing: whatever else happens is a `DirectoryBrokeOffError`."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from portvakt.core.seen_people import DirectoryBrokeOffError
from portvakt.wire.ldap import (
    Entry,
    Found,
    Ldap,
    Page,
    Query,
    Refused,
    Scope,
    Server,
    ServiceRefused,
    Unreachable,
)


async def pages(
    ldap: Ldap, query: Query, *, size: int, server: Server | None = None
) -> AsyncIterator[Page]:
    """Read all that a search finds, from `server` only if one is named."""
    last = False
    async with aclosing(ldap.pages(query, size=size, server=server)) as coming:
        async for page in coming:
            if not isinstance(page, Page):
                raise broke_off(page)
            if server is not None and page.server != server:
                raise DirectoryBrokeOffError(f"{page.server} answered instead of {server}")
            last = page.last
            yield page
    if not last:
        raise DirectoryBrokeOffError(f"a search in {query.base} never came to its end")


async def few(ldap: Ldap, query: Query, *, most: int, server: Server | None = None) -> Found:
    """Make a small search, which must be complete."""
    found = await ldap.search(query, most=most, server=server)
    if not isinstance(found, Found):
        raise broke_off(found)
    if not found.complete:
        raise DirectoryBrokeOffError(f"a search in {query.base} finds more than {most}")
    return found


async def one(
    ldap: Ldap, base: str, attributes: tuple[str, ...], *, server: Server | None = None
) -> tuple[Entry, Server]:
    """Read one object that must be there, and say which server had it."""
    query = Query(base=base, scope=Scope.BASE, attributes=attributes)
    found = await few(ldap, query, most=1, server=server)
    if not found.entries:
        raise DirectoryBrokeOffError(f"{found.server} does not show {base or 'its root'!r}")
    return found.entries[0], found.server


def broke_off(outcome: Refused | Unreachable | ServiceRefused) -> DirectoryBrokeOffError:
    """Put in words why a reading came to no end."""
    match outcome:
        case Unreachable(why):
            return DirectoryBrokeOffError(why)
        case ServiceRefused(server, why):
            said = why.name.lower().replace("_", " ")
            return DirectoryBrokeOffError(
                f"{server} does not let our service account in ({said})", refused=True
            )
        case Refused(code=code, server=server, text=text):
            return DirectoryBrokeOffError(f"{server} refused, code {code}: {text[:200]}")
