"""Where the records are: `database_url` taken apart."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit


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
            return PostgresServer(url)
        case _:
            raise ValueError(f"{scheme or url!r} is neither sqlite nor postgresql")
