"""What following a directory costs, beside a bare paged read by the same library.

    .venv/bin/python -m bench.sync [PEOPLE]

OpenLDAP with TLS, started and stopped here; its time is not counted. Each figure is user and system
time of one process with its start, in seconds, and the most memory it had: everybody new with
groups, managers and phones, on SQLite and on PostgreSQL; the same without phones; nothing changed;
100 people changed; everybody read again; also as time on the clock. The bare read is taken before
and after, and the mean of both is what the others are compared with.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.import_people import Cost, cost, installation
from tests.servers import slapd as openldap
from tests.servers.postgres import Postgres
from tests.servers.slapd import Slapd, ldif

PEOPLE = 10_000
CHANGED = 100
BEFORE = "bare paged read"
AFTER = "bare paged read, afterwards"
BARE = """
import sys, ldap, ldap.controls
url, ca, dn, password, base, *attributes = sys.argv[1:]
ldap.set_option(ldap.OPT_X_TLS_CACERTFILE, ca)
line = ldap.initialize(url)
line.simple_bind_s(dn, password)
paged = ldap.controls.SimplePagedResultsControl(True, size=500, cookie="")
found = 0
while True:
    number = line.search_ext(
        base, ldap.SCOPE_SUBTREE, "(objectClass=inetOrgPerson)", attributes, serverctrls=[paged]
    )
    _, data, _, controls = line.result3(number)
    found += len(data)
    paged.cookie = controls[0].cookie
    if not paged.cookie:
        break
assert found == int({people}), found
"""
ATTRIBUTES = (
    "uid", "mail", "givenName", "sn", "cn", "title", "departmentNumber", "ou", "mobile", "manager",
    "entryUUID", "pwdAccountLockedTime",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A server with its people, and an installation that follows it."""

    server: Slapd
    folder: Path
    people: int

    def bare(self) -> Cost:
        """Read everybody with the library alone."""
        code = BARE.replace("{people}", str(self.people))
        server = self.server
        account = (openldap.SERVICE, openldap.SERVICE_PASSWORD, openldap.PEOPLE_BASE)
        ca_file = str(server.authority.ca_file)
        command = [sys.executable, "-c", code, server.ldaps, ca_file, *account, *ATTRIBUTES]
        return cost(command, dict(os.environ))

    def installed(self, name: str, more: str = "", url: str | None = None) -> dict[str, str]:
        """Lay out an installation, on SQLite where `url` names no other database."""
        folder = self.folder / name
        environ = installation(folder, url or f"sqlite:///{folder}/p.db")
        (folder / "service").write_text(openldap.SERVICE_PASSWORD, encoding="utf-8")
        settings = f"""
[[directories]]
name = "region"
kind = "ldap"
servers = ["{self.server.ldaps}"]
ca_file = "{self.server.authority.ca_file}"
bind_dn = "{openldap.SERVICE}"
bind_password = {{ file = "{folder}/service" }}
base = "{openldap.PEOPLE_BASE}"
group_base = "{openldap.GROUP_BASE}"
group_pattern = "*"
{more}
"""
        with (folder / "portvakt.toml").open("a", encoding="utf-8") as file:
            file.write(settings)
        return environ

    def change(self) -> None:
        """Give some people another title."""
        for number in range(CHANGED):
            dn = openldap.person_dn(f"karin{number * self.people // CHANGED}")
            self.server.modify(dn, "replace: title\ntitle: Barnmorska")


def person(number: int) -> str:
    """Write one of them: just over half have a mobile."""
    values: dict[str, str | list[str]] = {
        "objectClass": "inetOrgPerson",
        "uid": f"karin{number}",
        "cn": f"Karin Åström-{number}",
        "givenName": "Karin",
        "sn": f"Åström-{number}",
        "mail": f"karin{number}@region.example",
        "title": "Sjuksköterska",
        "departmentNumber": "Akutmottagningen",
        "manager": openldap.person_dn(f"karin{number // 12}"),
        "userPassword": "{SSHA}none",
    }
    if number % 100 < 56:
        values["mobile"] = f"07{number % 9 // 3 * 3}-{number:07}"
    return ldif(openldap.person_dn(f"karin{number}"), values)


def content(folder: Path, people: int) -> Path:
    """Write everybody, and the groups that all and a third of them are in."""
    file = folder / "content.ldif"
    with file.open("w", encoding="utf-8") as out:
        out.write(openldap.region_ldif(()))
        for number in range(people):
            out.write(person(number))
        for name, step in (("alla", 1), ("tredje", 3)):
            members = [openldap.person_dn(f"karin{each}") for each in range(0, people, step)]
            dn = f"cn={name},{openldap.GROUP_BASE}"
            out.write(ldif(dn, {"objectClass": "groupOfNames", "cn": name, "member": members}))
    return file


def measure(place: Place, server: Postgres) -> dict[str, tuple[Cost, float]]:
    """Follow it in every way; seconds of CPU and on the clock."""
    sync = [sys.executable, "-m", "portvakt", "sync"]
    found: dict[str, tuple[Cost, float]] = {}

    def run(what: str, work: Callable[[], Cost]) -> None:
        began = time.perf_counter()
        used = work()
        found[what] = (used, time.perf_counter() - began)

    run(BEFORE, place.bare)
    environ = place.installed("with")
    run("everybody, new", lambda: cost(sync, environ))
    run("nothing changed", lambda: cost(sync, environ))
    place.change()
    run(f"{CHANGED} changed", lambda: cost(sync, environ))
    run("everybody, read again", lambda: cost([*sync, "--full"], environ))
    without = place.installed("without", 'mapping = { work_mobile = "" }')
    run("everybody, without phones", lambda: cost(sync, without))
    other = place.installed("postgresql", url=server.url(server.fresh()))
    run("everybody, new, PostgreSQL", lambda: cost(sync, other))
    run(AFTER, place.bare)
    return found


def main() -> None:
    """Measure, and print a table."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    with tempfile.TemporaryDirectory(prefix="portvakt-bench-") as folder:
        server = Slapd.create(content=content(Path(folder), people))
        database = Postgres.create()
        try:
            server.start()
            database.start()
            found = measure(Place(server, Path(folder), people), database)
        finally:
            server.remove()
            database.remove()
    print(f"\n{people} people, load {os.getloadavg()[0]:.1f}\n")
    print("| run | CPU s | times bare | clock s | MB |\n|---|---|---|---|---|")
    bare = (found[BEFORE][0].seconds + found[AFTER][0].seconds) / 2
    for what, (used, clock) in found.items():
        print(
            f"| {what} | {used.seconds:.2f} | {used.seconds / bare:.1f} | {clock:.1f} "
            f"| {used.megabytes:.0f} |"
        )


if __name__ == "__main__":
    main()
