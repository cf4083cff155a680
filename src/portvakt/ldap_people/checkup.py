"""Examines one server of a directory: what all kinds have in common.

Nothing is changed, except by `try_account`, which is asked for by name.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from shlex import quote
from typing import Final

from portvakt.core.directory_findings import Finding, Level, good
from portvakt.crypto.certificates import read_certificate
from portvakt.wire.ldap import (
    Bound,
    Entry,
    Found,
    Ldap,
    Page,
    Query,
    Reach,
    Refused,
    ServerSeen,
    ServiceRefused,
    Unreachable,
    Why,
    escape_filter,
)

WITHIN: Final = 2.0
"""Seconds that a server may take to connect, and for each answer."""
SOON: Final = timedelta(days=30)
CLOCKS: Final = timedelta(seconds=60)
LEAST_LOCK: Final = 6
"""A lock-out after fewer wrong passwords leaves people little (docs/operators)."""
_PAGES: Final = 3
"""So many pages show whether the server stops a reading early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the settings take from the directory."""

    base: str
    people_filter: str
    page_size: int
    name_attributes: Sequence[str]
    """In which somebody's user name may stand."""
    phone_attributes: Sequence[str]
    needed: Sequence[str]
    """What nobody can be followed without."""
    more: Sequence[str] = ()
    """What else the checkup reads of people."""
    group_base: str
    group_filter: str
    groups_wanted: bool


class Checkup(ABC):
    """One server. It belongs to one event loop; `close` it there."""

    def __init__(self, reach: Reach, asked: Asked) -> None:
        """Prepare; `reach` has one server. Raises `OSError` for an unusable `ca_file`."""
        self.ldap = Ldap(reach)
        self.reach = reach
        self.server = reach.servers[0]
        self.asked = asked
        self.root = Entry("", {})
        self.person: Entry | None = None
        """Somebody, whose entry shows what may be read."""

    @property
    def url(self) -> str:
        """The server, as the settings write it."""
        return self.server.url

    async def close(self) -> None:
        """Hang up."""
        await self.ldap.close()

    async def examine(self, clock: Callable[[], datetime]) -> list[Finding]:
        """Look at everything, as far as the server lets us come."""
        before = clock()
        seen = await self.ldap.look(self.server)
        if isinstance(seen, Unreachable):
            return [self._unreachable(seen.why)]
        self.root = seen.root
        found = [good("connection", seen.tls or "no TLS: on this machine only")]
        if seen.certificate is not None:
            found.append(self._certificate(seen.certificate, before))
        found.append(self._service(seen))
        if not isinstance(seen.service, Bound):
            return found  # one more try would be one more wrong password
        found.append(self._clock(await self.time(), before, clock()))
        found += [*await self._people(), *await self._groups()]
        found += [await self.deltas(), *await self.policies()]
        if self.person is not None:
            found += await self.rights(self.person)
        return found

    async def find(self, name: str) -> str | None:
        """Find somebody's id by user name; None where there is nobody, or there are two."""
        same = "".join(f"({each}={escape_filter(name)})" for each in self.asked.name_attributes)
        query = Query(
            base=self.asked.base,
            filter=f"(&{self.asked.people_filter}(|{same}))",
            attributes=self._attributes,
        )
        found = await self.ldap.search(query, most=2)
        if not isinstance(found, Found) or len(found.entries) != 1:
            return None
        return self.id_of(found.entries[0])

    @property
    def _attributes(self) -> tuple[str, ...]:
        asked = self.asked
        return (*asked.needed, *asked.name_attributes, *asked.phone_attributes, *asked.more)

    @abstractmethod
    def id_of(self, person: Entry) -> str | None:
        """Return who somebody is, for ever."""

    def is_like_others(self, person: Entry) -> bool:
        """Say whether what holds for this person holds for others."""
        return self.id_of(person) is not None

    @abstractmethod
    async def time(self) -> datetime | None:
        """Read the server's clock."""

    @abstractmethod
    async def deltas(self) -> Finding:
        """Say how changes are found."""

    @abstractmethod
    async def policies(self) -> list[Finding]:
        """Say what is asked of passwords, and when the directory locks an account."""

    @abstractmethod
    async def rights(self, person: Entry) -> list[Finding]:
        """Say whether passwords may be written, as far as asking changes nothing."""

    @abstractmethod
    def renew(self) -> str:
        """Say how its certificate is made anew."""

    @abstractmethod
    def set_clock(self) -> str:
        """Say how its clock is set."""

    @abstractmethod
    def admit(self, why: Why) -> str:
        """Say how the service account is let in again."""

    @abstractmethod
    def grant_reading(self, what: str) -> str:
        """Say how the right to read `user` or `group` is given."""

    def _unreachable(self, why: str) -> Finding:
        place = f"{self.server.host}:{self.server.port}"
        why = why.removeprefix(f"{self.server}: ")
        if "expired" in why:
            return Finding("certificate", Level.PROBLEM, why, self.renew())
        if why.startswith("certificate"):
            show = f"openssl s_client -connect {place} -showcerts </dev/null"
            mend = f"{show}  # its authority belongs in ca_file, its name in servers"
            return Finding("certificate", Level.PROBLEM, why, mend)
        return Finding(
            "connection", Level.PROBLEM, why, f"nc -vz {self.server.host} {self.server.port}"
        )

    def _certificate(self, der: bytes, now: datetime) -> Finding:
        says = read_certificate(der)
        left = says.ends - now
        said = f"{', '.join(says.names)}: the last day is {says.ends:%Y-%m-%d}"
        if left < SOON:
            return Finding(
                "certificate", Level.WARNING, f"{said}, in {left.days} days", self.renew()
            )
        return good("certificate", said)

    def _service(self, seen: ServerSeen) -> Finding:
        bound = seen.service
        if isinstance(bound, Bound):
            return good("service account", "is let in")
        why = bound.why if isinstance(bound, ServiceRefused) else Why.UNKNOWN
        code = bound.code
        known = why.name.lower().replace("_", " ") if why is not Why.UNKNOWN else f"result {code}"
        said = f"{self.reach.bind_dn} is not let in ({known})"
        return Finding("service account", Level.PROBLEM, said, self.admit(why))

    def _clock(self, theirs: datetime | None, before: datetime, after: datetime) -> Finding:
        if theirs is None:
            return Finding(
                "clock", Level.NOTE, "the server does not tell its time", "chronyc tracking"
            )
        # Whole seconds, read at some moment between ours.
        off = max(before - theirs - timedelta(seconds=1), theirs - after, timedelta())
        if off <= CLOCKS:
            return good("clock", f"within {max(1, round(off.total_seconds()))} s of ours")
        side = "behind" if theirs < before else "ahead of"
        said = f"{round(off.total_seconds())} s {side} ours"
        return Finding("clock", Level.WARNING, said, self.set_clock())

    async def _people(self) -> list[Finding]:
        asked = self.asked
        query = Query(base=asked.base, filter=asked.people_filter, attributes=self._attributes)
        people: list[Entry] = []
        pages, last = 0, False
        async with aclosing(self.ldap.pages(query, size=asked.page_size)) as coming:
            async for page in coming:
                if not isinstance(page, Page):
                    return [self._stopped(page, len(people))]
                people += page.entries
                pages, last = pages + 1, page.last
                if pages == _PAGES:
                    break
        if not people:
            text = f"nobody is found below {asked.base} by {asked.people_filter}"
            return [Finding("people", Level.PROBLEM, text, self.grant_reading("user"))]
        self.person = next(filter(self.is_like_others, people), people[0])
        found = [good("page size", f"pages of {asked.page_size} are given")]
        return [*found, *self._seen(people, "" if last else " or more")]

    def _seen(self, people: Sequence[Entry], more: str) -> list[Finding]:
        """Judge what may be read of people."""
        first, many = people[0], len(people)
        missing = [each for each in self.asked.needed if first.raw(each.lower()) is None]
        if missing:
            text = f"{', '.join(missing)} may not be read"
            return [Finding("people", Level.PROBLEM, text, self.grant_reading("user"))]
        found = good("people", f"{many}{more} may be read")
        names = self.asked.phone_attributes
        phones = sum(any(each.raw(name.lower()) for name in names) for each in people)
        if names and not phones:
            text = f"nobody of {many} has a phone that may be read ({', '.join(names)})"
            return [found, Finding("phones", Level.WARNING, text, self.grant_reading("user"))]
        return [found, good("phones", f"{phones} of {many} have one")]

    def _stopped(self, said: Refused | Unreachable | ServiceRefused, seen: int) -> Finding:
        if isinstance(said, Refused):
            text = f"the server stops a reading after {seen} people (result {said.code})"
            return Finding("page size", Level.PROBLEM, text, self.more_at_once())
        why = said.why if isinstance(said, Unreachable) else "the service account is not let in"
        return Finding("people", Level.PROBLEM, why, self.grant_reading("user"))

    @abstractmethod
    def more_at_once(self) -> str:
        """Say how the server is made to give more."""

    async def _groups(self) -> list[Finding]:
        asked = self.asked
        if not asked.groups_wanted:
            return [Finding("groups", Level.NOTE, "none are asked for: groups, group_pattern")]
        query = Query(base=asked.group_base, filter=asked.group_filter, attributes=("cn",))
        found = await self.ldap.search(query, most=100)
        if isinstance(found, Found) and found.entries:
            many = f"{len(found.entries)}{'' if found.complete else ' or more'}"
            return [good("groups", f"{many} may be read")]
        text = f"no group is found below {asked.group_base}"
        return [Finding("groups", Level.PROBLEM, text, self.grant_reading("group"))]


def word(text: str) -> str:
    """Quote a value for a shell."""
    return quote(text)


def policy_said(least: int, history: int, *, complexity: bool) -> str:
    """Put a policy into words."""
    parts = [f"at least {least} characters" if least else "any length"]
    parts.append(f"not one of the last {history}" if history else "earlier ones may come back")
    return ", ".join([*parts, *(["three kinds of characters"] if complexity else [])])


def lock_said(after: int | None, mend: str) -> Finding:
    """Judge after how many wrong passwords an account is locked."""
    if after is None:
        return good("lock-out", "the directory locks no account")
    said = f"after {after} wrong passwords"
    if after < LEAST_LOCK:
        return Finding("lock-out", Level.WARNING, f"{said}: under {LEAST_LOCK} is too few", mend)
    return good("lock-out", said)
