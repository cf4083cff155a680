"""What the directory's part of a sign-in costs, beside a bare search and bind by the library.

    .venv/bin/python -m bench.directory_sign_in [ROUNDS]

CPU (user and system) of this process against an OpenLDAP server on loopback with TLS; A B A B in
one run, with the load of the machine beside it. Our part is everything between «the try is counted»
and «right»: the door with its breaker, the search by id, the bind, and what they mean. The server
is asked how many connections it took for it: none.
"""

import asyncio
import os
import statistics
import sys
import time

import uvloop

from bench.directory import cpu_ms, plain
from portvakt.core.secret import Secret
from portvakt.directories import PasswordRight
from portvakt.directories.ldap.passwords import Passwords
from portvakt.proving.directory_passwords import DirectoryPasswords
from portvakt.wire.ldap import Ldap, Reach, Server
from tests.servers.slapd import (
    ADMIN,
    ADMIN_PASSWORD,
    BASE,
    PASSWORD,
    SERVICE,
    SERVICE_PASSWORD,
    Slapd,
    person_dn,
)

TIMES = 300
NAME = "asa.oberg"


async def tell(directory: str, why: str | None) -> None:
    """Stop where the directory falls silent: the figure would be of something else."""
    raise RuntimeError(directory, why)


def id_of(server: Slapd) -> str:
    """Read somebody's entryUUID."""
    said = server.tool(
        "ldapsearch", "-LLL", "-s", "base", "-b", person_dn(NAME), "entryUUID",
        dn=ADMIN, password=ADMIN_PASSWORD,
    )  # fmt: skip
    return said.partition("entryUUID: ")[2].split()[0]


async def ask(door: DirectoryPasswords, external_id: str) -> None:
    """Ask for one sign-in, many times."""
    for _ in range(TIMES):
        said = await door.check("katalogen", external_id, Secret(PASSWORD))
        if not isinstance(said, PasswordRight):
            raise TypeError(said)


def main() -> None:
    """Measure in turn, and print medians and extremes."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    server = Slapd.region()
    try:
        measure(server, rounds)
    finally:
        server.remove()


def measure(server: Slapd, rounds: int) -> None:
    """Measure `rounds` times and print."""
    external_id = id_of(server)
    reach = Reach(
        servers=[Server(server.ldaps)],
        bind_dn=SERVICE,
        bind_password=lambda: Secret(SERVICE_PASSWORD),
        ca_file=server.authority.ca_file,
    )
    searching, binding = plain(server), plain(server)

    def bare() -> None:
        found = searching.search_ext_s(BASE, 2, f"(entryUUID={external_id})", sizelimit=2)
        binding.simple_bind_s(found[0][0], PASSWORD)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        ldap = Ldap(reach)
        door = DirectoryPasswords({"katalogen": Passwords(ldap, base=BASE)}, tell=tell)
        runner.run(ask(door, external_id))
        cpu_ms(bare, TIMES)
        before = server.connections_so_far()
        taken: list[tuple[float, float]] = []
        for _ in range(rounds):
            theirs = cpu_ms(bare, TIMES)
            began = time.process_time()
            runner.run(ask(door, external_id))
            ours = (time.process_time() - began) * 1_000 / TIMES
            taken.append((theirs, ours))
            print(f"library {theirs:.3f} ms, ours {ours:.3f} ms, {ours / theirs:.2f} times")
        # the question itself is one
        print(f"new connections: {server.connections_so_far() - before - 1}")
        runner.run(ldap.close())
    for name, values in (
        ("library", [theirs for theirs, _ in taken]),
        ("ours", [ours for _, ours in taken]),
        ("times", [ours / theirs for theirs, ours in taken]),
    ):
        print(f"{name}: {statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})")
    print(f"load {os.getloadavg()[0]:.1f}, goal 4 times")


if __name__ == "__main__":
    main()
