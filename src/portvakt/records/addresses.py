"""Where the records are: `database_url` taken apart."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """One file, beside which SQLite keeps its write-ahead log."""

    path: Path


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A libpq connection address; several hosts may be given, separated by commas."""

    dsn: str


def address_of(url: str) -> SqliteFile | PostgresServer:
    """Read `sqlite:////absolute/file`, `sqlite:///relative/file` or `postgresql://user@host/name`.

    A Unix socket is `postgresql://user@/name?host=/folder`. Raises ValueError, with a sentence
    for whoever wrote the settings.
    """
    scheme, _, rest = url.partition("://")
    match scheme:
        case "sqlite":
            if not rest.startswith("/") or len(rest) == 1 or rest.startswith("/:"):
                raise ValueError("a SQLite database is a file: sqlite:////var/lib/portvakt/p.db")
            return SqliteFile(Path(unquote(rest[1:])))
        case "postgresql" | "postgres":
            if len(urlsplit(url).path) <= 1:
                raise ValueError("the name of the database is missing: postgresql://user@host/name")
            _check_hosts(url)
            return PostgresServer(url)
        case _:
            raise ValueError(f"{scheme or url!r} is neither sqlite nor postgresql")


def each_host(dsn: str) -> tuple[str, ...]:
    """Split a libpq address that names several hosts into one address for each.

    Both spellings are known: `postgresql://user@one:5432,two:5433/name`, and
    `postgresql://user@/name?host=one,two&port=5432,5433` (one port may stand for all).
    """
    parts = urlsplit(dsn)
    user, at, named = parts.netloc.rpartition("@")
    if "," in named:
        hosts = named.split(",")
        return tuple(parts._replace(netloc=f"{user}{at}{host}").geturl() for host in hosts)
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    hosts, ports = asked.get("host", "").split(","), asked.get("port", "").split(",")
    if len(hosts) == 1:
        return (dsn,)
    if len(ports) == 1:
        ports *= len(hosts)
    return tuple(
        parts._replace(query=_query(asked, host, port)).geturl()
        for host, port in zip(hosts, ports, strict=True)
    )


def _check_hosts(url: str) -> None:
    try:
        each_host(url)
    except ValueError as error:
        raise ValueError("there are not as many ports as hosts, and not one for all") from error


def _query(asked: dict[str, str], host: str, port: str) -> str:
    own = asked | {"host": host} | ({"port": port} if port else {})
    return urlencode(own, safe="/")


def host_of(dsn: str) -> str:
    """Name the host of an address of one host, and its port, for whoever reads a log."""
    parts = urlsplit(dsn)
    named = parts.netloc.rpartition("@")[2]
    asked = dict(parse_qsl(parts.query))
    return named or ":".join(filter(None, (asked.get("host"), asked.get("port"))))
