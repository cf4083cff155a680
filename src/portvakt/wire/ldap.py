"""The only way to an organisation's directory: searches, binds and changes, over LDAP.

What a directory may answer is a value. Servers are tried in the order of the settings; a bind is
sent once only, so that one wrong password counts once. People's binds have connections of their
own, which nothing else ever uses: a search never runs with the rights of whoever signed in last.
"""

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Final, TypeVar

from portvakt.core.secret import Secret
from portvakt.wire.ldap_connection import (
    PASSWORD_POLICY,
    BrokenError,
    Connection,
    Steps,
    escape_dn,
    escape_filter,
)
from portvakt.wire.ldap_line import Lines, NoLineError, tls_context
from portvakt.wire.ldap_pool import NobodyAnswersError, Open, Pool, Servers
from portvakt.wire.ldap_values import (
    BadCredentials,
    Bound,
    Change,
    Control,
    Done,
    Entry,
    Found,
    Modification,
    Modify,
    ModifyPassword,
    Page,
    Policy,
    PolicyError,
    Query,
    Reach,
    Refused,
    Scope,
    Server,
    ServerSeen,
    ServiceRefused,
    Unclear,
    Unreachable,
    UnsafeServerError,
    Why,
    Write,
    sub_code,
)

__all__ = [
    "PASSWORD_POLICY_CONTROL",
    "BadCredentials",
    "Bound",
    "Change",
    "Control",
    "Done",
    "Entry",
    "Found",
    "Ldap",
    "Modification",
    "Modify",
    "ModifyPassword",
    "Page",
    "Policy",
    "PolicyError",
    "Query",
    "Reach",
    "Refused",
    "Scope",
    "Server",
    "ServerSeen",
    "ServiceRefused",
    "Unclear",
    "Unreachable",
    "UnsafeServerError",
    "Why",
    "Write",
    "escape_dn",
    "escape_filter",
    "sub_code",
]

T = TypeVar("T")
PASSWORD_POLICY_CONTROL: Final = Control(PASSWORD_POLICY)
"""Asks for the password policy's answer; a server without one does not mind."""
PAGE_WITHIN: Final = 30.0
"""Seconds for one page of a long search."""
MOST_EMPTY: Final = 1_000
"""Pages without anything on them in a row, as Active Directory may send some."""
PATIENCE: Final = 8.0
"""Seconds for all servers together, until one is connected."""
PAUSES: Final = (60.0, 60.0, 60.0, 600.0)
"""Seconds for which a service account that was refused is left alone, the first time and so on.

Directories lock an account after some wrong passwords in half an hour or so.
"""


class _ServiceRefusedError(Exception):
    """The service account may not bind."""

    def __init__(self, outcome: ServiceRefused) -> None:
        super().__init__(outcome.why)
        self.outcome = outcome


class _Manners:
    """Leaves the service account alone after a refusal, so that nobody locks it by trying (F30)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: ServiceRefused | None = None
        self._password: Secret | None = None
        self._times = 0
        self._until = 0.0

    def check(self, password: Secret) -> None:
        """Raise what was answered last, where that is too recent. Another password is welcome."""
        if self._last is None or password != self._password or self._clock() >= self._until:
            return
        last = self._last
        raise _ServiceRefusedError(ServiceRefused(last.server, last.why, last.code, asked=False))

    def refused(self, password: Secret, outcome: ServiceRefused) -> None:
        self._times = self._times + 1 if password == self._password else 1
        self._last, self._password = outcome, password
        self._until = self._clock() + PAUSES[min(self._times, len(PAUSES)) - 1]

    def well(self) -> None:
        self._last = self._password = None
        self._times = 0


class Ldap:
    """One directory. It belongs to the event loop that first uses it; `close` it there."""

    def __init__(self, reach: Reach, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; nothing is connected yet. Raises `OSError` for an unusable `ca_file`."""
        self._reach = reach
        self._within = reach.answer_within
        self._lines = Lines(
            tls_context(reach.ca_file), start_tls=reach.start_tls, within=reach.connect_within
        )
        self._servers = Servers(reach.servers, clock)
        self._manners = _Manners(clock)
        self._service = self._pool(self._open_service, clock)
        self._people = self._pool(self._open, clock)

    def troubles(self) -> Mapping[Server, str]:
        """Say which servers failed within the last half minute, and how."""
        return self._servers.troubles()

    async def close(self) -> None:
        """Hang up."""
        self._service.close()
        self._people.close()
        await self._lines.close()

    async def bind(
        self,
        dn: str,
        password: Secret,
        *,
        controls: Sequence[Control] = (),
        then: Write | None = None,
        server: Server | None = None,
    ) -> Bound | BadCredentials | Refused | Unreachable:
        """Ask whether a password is right; `dn` is what a search returned.

        With `then`, a change follows with that person's own rights (`Bound.then`). `server` is
        tried first: the one that took a change knows of it. An empty password is never sent (A001).
        """
        if not dn:
            raise ValueError("a bind without a name asks nothing")
        if not password.open():
            return BadCredentials(Why.EMPTY)
        try:
            async with self._people.lease(server) as connection:
                bound = await self._people.run(
                    connection, connection.bind(dn, password, controls), self._within
                )
                if then is None or not isinstance(bound, Bound):
                    return bound
                try:
                    made = await self._write(self._people, connection, then)
                finally:
                    connection.close()  # it has somebody's rights
                return Bound(bound.server, bound.policy, made)
        except (NobodyAnswersError, BrokenError) as error:
            return Unreachable(str(error))

    async def search(
        self, query: Query, *, most: int = 100, server: Server | None = None
    ) -> Found | Refused | Unreachable | ServiceRefused:
        """Search with the service account's rights, for at most `most` objects."""
        return await self._ask(lambda using: using.search(query, most), server)

    async def pages(
        self, query: Query, *, size: int = 500, server: Server | None = None
    ) -> AsyncGenerator[Page | Refused | Unreachable | ServiceRefused, None]:
        """Read everything that a search finds, a page at a time, all from one server.

        It is whole only where the last thing yielded is a `Page` with `last`. Memory is bounded by
        `size`: a server that sends more on one page is not believed. Close it when leaving early.
        """
        try:
            async with self._service.lease(server) as connection:
                cookie, more, empty = b"", True, 0
                while more:
                    came = await self._service.run(
                        connection, connection.page(query, size, cookie), PAGE_WITHIN
                    )
                    if isinstance(came, Refused):
                        yield came
                        return
                    page, following = came
                    cookie, more = following, not page.last
                    empty = 0 if page.entries else empty + 1
                    if empty > MOST_EMPTY:
                        connection.close()
                        yield Unreachable(f"{connection.server}: nothing but empty pages")
                        return
                    yield page
        except (NobodyAnswersError, BrokenError) as error:
            yield Unreachable(str(error))
        except _ServiceRefusedError as error:
            yield error.outcome

    async def write(
        self, write: Write, *, server: Server | None = None
    ) -> Done | Refused | Unreachable | Unclear | ServiceRefused:
        """Change something with the service account's rights, once: nothing is sent again."""
        try:
            async with self._service.lease(server) as connection:
                return await self._write(self._service, connection, write)
        except NobodyAnswersError as error:
            return Unreachable(str(error))
        except _ServiceRefusedError as error:
            return error.outcome

    async def who_am_i(self) -> str | Refused | Unreachable | ServiceRefused:
        """Ask as whom we search (RFC 4532); Active Directory may refuse to say."""
        return await self._ask(lambda using: using.who_am_i(), None)

    async def look(self, server: Server) -> ServerSeen | Unreachable:
        """Look at one server closely, on a connection of its own: for `doctor` and health."""
        reach = self._reach
        root = Query(base="", scope=Scope.BASE, attributes=("*", "+"))
        try:
            connection = await self._open(server)
            try:
                password = reach.bind_password()
                bound = await self._people.run(
                    connection, connection.bind(reach.bind_dn, password), self._within
                )
                found = await self._people.run(connection, connection.search(root, 1), self._within)
            finally:
                connection.close()
        except (NoLineError, BrokenError) as error:
            return Unreachable(f"{server}: {error}")
        if not isinstance(found, Found) or not found.entries:
            return Unreachable(f"{server}: it does not show its root")
        line = connection.line
        service = ServiceRefused(server, bound.why) if isinstance(bound, BadCredentials) else bound
        return ServerSeen(server, found.entries[0], line.certificate, line.tls, service)

    async def _ask(
        self, work: Callable[[Connection], Steps[T]], server: Server | None
    ) -> T | Unreachable | ServiceRefused:
        """Ask something that changes nothing: on a new connection again, where a kept one broke."""
        said = ""
        for fresh in (False, True):
            try:
                async with self._service.lease(server, fresh=fresh) as connection:
                    return await self._service.run(connection, work(connection), self._within)
            except BrokenError as error:
                said = str(error)
            except NobodyAnswersError as error:
                return Unreachable(str(error))
            except _ServiceRefusedError as error:
                return error.outcome
        return Unreachable(said)

    async def _write(
        self, pool: Pool, connection: Connection, write: Write
    ) -> Done | Refused | Unclear:
        try:
            return await pool.run(connection, connection.write(write), self._within)
        except BrokenError as error:
            return Unclear(connection.server, str(error))

    async def _open(self, server: Server) -> Connection:
        line = await self._lines.open(server)
        return Connection(server, line)

    async def _open_service(self, server: Server) -> Connection:
        """Connect and bind the service account. Raises `_ServiceRefusedError` too."""
        reach = self._reach
        password = reach.bind_password()
        self._manners.check(password)
        connection = await self._open(server)
        whole = False
        try:
            bound = await self._service.run(
                connection, connection.bind(reach.bind_dn, password), self._within
            )
            whole = isinstance(bound, Bound)
        finally:
            if not whole:
                connection.close()
        if isinstance(bound, Bound):
            self._manners.well()
            return connection
        code, why = (
            (49, bound.why) if isinstance(bound, BadCredentials) else (bound.code, Why.UNKNOWN)
        )
        refused = ServiceRefused(server, why, code)
        self._manners.refused(password, refused)
        raise _ServiceRefusedError(refused)

    def _pool(
        self,
        opening: Open,
        clock: Callable[[], float],
    ) -> Pool:
        return Pool(
            self._servers,
            opening,
            connections=self._reach.connections,
            patience=PATIENCE,
            clock=clock,
        )
