"""`portvakt migrate`: the tables that this program needs, and the master key of a new database."""

from argparse import ArgumentParser, Namespace

from portvakt.commands.opening import make_key
from portvakt.commands.shell import Progress, Shell
from portvakt.records.migrate import current, migrate

EXAMPLE = "portvakt migrate --config /etc/portvakt/portvakt.toml"


def arguments(parser: ArgumentParser) -> None:
    """Take nothing."""
    del parser


def run(args: Namespace, shell: Shell) -> int:
    """Migrate. Running it again does nothing."""
    del args
    settings = shell.settings()
    make_key(settings, shell.clock().date(), new=current(settings.database_url) is None)
    bar = Progress("migrating")
    migrate(settings.database_url, print, bar)
    bar.end()
    return 0
