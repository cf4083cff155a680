"""What a sign-in costs us at the directory, beside the same questions asked by the library alone.

    .venv/bin/python -m bench.directory [ROUNDS]

CPU (user and system) of this process against an OpenLDAP server on loopback with TLS, which is the
figure to trust; A B A B in one run, with the load of the machine beside it. The library alone keeps
one connection for the search and one for the bind as we do, and speaks TLS itself.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import ldap as library
import uvloop
from ldap.ldapobject import SimpleLDAPObject

from portvakt.core.secret import Secret
from portvakt.wire.ldap import (
    PASSWORD_POLICY_CONTROL,
    Bound,
    Found,
    Ldap,
    Page,
    Query,
    Reach,
    Server,
    escape_filter,
)
from tests.servers.region import PEOPLE, Somebody
from tests.servers.slapd import (
    BASE,
    PASSWORD,
    PEOPLE_BASE,
    SERVICE,
    SERVICE_PASSWORD,
    Slapd,
    person_dn,
    region_ldif,
)

TIMES = 300
CROWD = 20_000
PAGE = 500
NAME = "asa.oberg"
ATTRIBUTES = (
    "uid", "mail", "mobile", "displayName", "givenName", "sn", "title", "ou",
    "employeeNumber", "entryUUID", "modifyTimestamp", "manager",
)  # fmt: skip


def plain(server: Slapd) -> SimpleLDAPObject:
    """Connect with nothing but the library."""
    connection = library.initialize(server.ldaps)
    connection.set_option(library.OPT_X_TLS_CACERTFILE, str(server.authority.ca_file))
    connection.set_option(library.OPT_X_TLS_REQUIRE_CERT, library.OPT_X_TLS_DEMAND)
    connection.set_option(library.OPT_X_TLS_NEWCTX, 0)
    connection.simple_bind_s(SERVICE, SERVICE_PASSWORD)
    return connection


def cpu_ms(work: Callable[[], object], times: int) -> float:
    """CPU of all threads of this process for one call, in milliseconds."""
    before = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - before) * 1_000 / times


def sign_in_plain(searching: SimpleLDAPObject, binding: SimpleLDAPObject) -> None:
    """Search and bind."""
    found = searching.search_ext_s(
        BASE, library.SCOPE_SUBTREE, f"(uid={NAME})", list(ATTRIBUTES), sizelimit=2
    )
    binding.simple_bind_s(found[0][0], PASSWORD)


async def sign_in(ours: Ldap) -> None:
    """Search and bind, as the product does."""
    query = Query(base=BASE, filter=f"(uid={escape_filter(NAME)})", attributes=ATTRIBUTES)
    found = await ours.search(query, most=1)
    if not isinstance(found, Found):
        raise TypeError(found)
    dn = found.entries[0].dn
    bound = await ours.bind(dn, Secret(PASSWORD), controls=(PASSWORD_POLICY_CONTROL,))
    if not isinstance(bound, Bound):
        raise TypeError(bound)


def bind_plain(binding: SimpleLDAPObject) -> None:
    """Bind only."""
    binding.simple_bind_s(person_dn(NAME), PASSWORD)


async def bind(ours: Ldap) -> None:
    """Bind only, as the product does."""
    bound = await ours.bind(person_dn(NAME), Secret(PASSWORD), controls=(PASSWORD_POLICY_CONTROL,))
    if not isinstance(bound, Bound):
        raise TypeError(bound)


async def often(work: Callable[[], Awaitable[None]]) -> None:
    """Do it many times."""
    for _ in range(TIMES):
        await work()


def read_plain(connection: SimpleLDAPObject) -> int:
    """Read everybody in pages."""
    paged = library.controls.SimplePagedResultsControl(True, size=PAGE, cookie="")  # noqa: FBT003 - the library's own
    count = 0
    while True:
        number = connection.search_ext(
            PEOPLE_BASE,
            library.SCOPE_SUBTREE,
            "(objectClass=inetOrgPerson)",
            list(ATTRIBUTES),
            serverctrls=[paged],
        )
        _, data, _, controls = connection.result3(number)
        count += len(data)
        paged.cookie = controls[0].cookie
        if not paged.cookie:
            return count


async def read(ours: Ldap) -> int:
    """Read everybody in pages, as the product does."""
    query = Query(base=PEOPLE_BASE, filter="(objectClass=inetOrgPerson)", attributes=ATTRIBUTES)
    count = 0
    async for page in ours.pages(query, size=PAGE):
        if not isinstance(page, Page):
            raise TypeError(page)
        count += len(page.entries)
    return count


def crowd() -> list[Somebody]:
    """Make as many people as a region has."""
    return [
        Somebody(
            user_name=f"anna.berg{number}",
            given_name="Anna",
            family_name="Öberg",
            mobile="070-174 06 10",
            number=str(number),
        )
        for number in range(CROWD)
    ]


def compare(server: Slapd, ours: Ldap, loop: asyncio.Runner, rounds: int) -> None:
    """Measure each way in turn, and print a table."""
    searching, binding = plain(server), plain(server)
    run = loop.run
    pairs: dict[str, tuple[Callable[[], object], Callable[[], object], int]] = {
        "bind on a kept connection": (
            lambda: bind_plain(binding),
            lambda: run(often(lambda: bind(ours))),
            TIMES,
        ),
        "search and bind": (
            lambda: sign_in_plain(searching, binding),
            lambda: run(often(lambda: sign_in(ours))),
            TIMES,
        ),
        f"{CROWD + len(PEOPLE)} people in pages of {PAGE}": (
            lambda: read_plain(searching),
            lambda: run(read(ours)),
            1,
        ),
    }
    print("| what | library alone, ms | ours, ms | ratio |\n|---|---|---|---|")
    for name, (theirs, mine, times) in pairs.items():
        theirs(), mine()
        measured = [(cpu_ms(theirs, times), cpu_ms(mine, 1) / times) for _ in range(rounds)]
        alone = statistics.median(one for one, _ in measured)
        with_us = statistics.median(two for _, two in measured)
        print(f"| {name} | {alone:.3f} | {with_us:.3f} | {with_us / alone:.2f} |")


def main() -> None:
    """Start a server, measure, stop it."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    server = Slapd.create(content=region_ldif([*PEOPLE, *crowd()]))
    try:
        server.start()
        print(f"CPU of the client; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n")
        reach = Reach(
            servers=[Server(server.ldaps)],
            bind_dn=SERVICE,
            bind_password=lambda: Secret(SERVICE_PASSWORD),
            ca_file=server.authority.ca_file,
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:

            async def prepare() -> Ldap:
                return Ldap(reach)

            ours = loop.run(prepare())
            compare(server, ours, loop, rounds)
            loop.run(ours.close())
    finally:
        server.remove()


if __name__ == "__main__":
    main()
