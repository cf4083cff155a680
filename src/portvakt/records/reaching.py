"""Reaching PostgreSQL: one server, or several of which one at a time takes writes.

Each host gets its own time to answer. asyncpg has one time for all of them together, so that a
first host which is frozen, and takes connections without ever speaking, would use up all of it;
and each password file line, certificate and port still is the host's own.
"""

from typing import Any, Final

import asyncpg

from portvakt.records.addresses import each_host, host_of
from portvakt.records.errors import RecordsUnavailable

CONNECT_SECONDS: Final = 2.0
"""Until a host that does not answer is left for the next one."""
# https://www.postgresql.org/docs/15/errcodes-appendix.html
_AWAY_CLASSES: Final = ("08", "28", "3D", "53", "57", "58")
_READ_ONLY: Final = "25006"  # a standby, or a server that was told to take no writes


def is_away(error: BaseException, *, connecting: bool = False, closed: bool = False) -> bool:
    """Whether this says that the database cannot be used, not that we used it wrongly."""
    match error:
        case asyncpg.PostgresError():
            return (error.sqlstate or "").startswith(_AWAY_CLASSES) or is_read_only(error)
        case asyncpg.ClientConfigurationError():  # a certificate that the address names, say
            return connecting
        case asyncpg.InterfaceError() | asyncpg.InternalClientError():
            return connecting or closed
        case OSError():  # TimeoutError is one
            return True
        case _:
            return False


def is_read_only(error: BaseException) -> bool:
    """Whether the server says that it takes no writes (any more)."""
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate == _READ_ONLY


def away(error: BaseException) -> RecordsUnavailable:
    """Say it in the words of the records."""
    return RecordsUnavailable(f"PostgreSQL: {_said(error)}")


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


class Reach:
    """The hosts of one connection address, of which the last that was any good is asked first."""

    def __init__(self, dsn: str) -> None:
        self._dsns = each_host(dsn)
        self._good = 0

    async def connect(self, **options: Any) -> asyncpg.Connection:
        """Open a connection; with several hosts, to the one that takes writes.

        `options` are asyncpg's. Raises RecordsUnavailable where no host can be used, which takes
        at most `CONNECT_SECONDS` for each.
        """
        several = len(self._dsns) > 1
        wanted = {"target_session_attrs": "read-write"} if several else {}
        failed: list[tuple[str, Exception]] = []
        first = self._good
        for turn in range(len(self._dsns)):
            at = (first + turn) % len(self._dsns)
            try:
                connection = await asyncpg.connect(
                    self._dsns[at], timeout=CONNECT_SECONDS, **wanted, **options
                )
            except Exception as error:
                if not is_away(error, connecting=True):
                    raise
                failed.append((self._dsns[at], error))
            else:
                self._good = at
                return connection
        if not several:
            raise away(failed[0][1]) from failed[0][1]
        each = "; ".join(f"{host_of(dsn)}: {_said(error)}" for dsn, error in failed)
        raise RecordsUnavailable(f"PostgreSQL: no host takes writes ({each})") from failed[-1][1]
