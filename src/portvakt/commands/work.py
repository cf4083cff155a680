"""`portvakt work`: the background work, in a process of its own. Any number of them may run."""

import asyncio
import signal
import sys
from argparse import ArgumentParser, Namespace

from portvakt import log
from portvakt.commands.opening import is_embedded, make_ready, read_keys, refuse_what_is_not_ours
from portvakt.commands.shell import CommandError, Shell
from portvakt.settings import Settings
from portvakt.worker import work

EXAMPLE = "portvakt work --config /etc/portvakt/portvakt.toml"


def arguments(parser: ArgumentParser) -> None:
    """Take nothing."""
    del parser


def run(args: Namespace, shell: Shell) -> int:
    """Work until SIGINT or SIGTERM."""
    del args
    settings = shell.settings()
    if is_embedded(settings):
        raise CommandError("on the embedded database `portvakt serve` does the background work")
    make_ready(settings, shell.clock().date())
    read_keys(settings)
    log.configure(settings.log.format, settings.log.level)
    print("portvakt: working", file=sys.stderr, flush=True)
    asyncio.run(_until_stopped(settings, shell))
    return 0


async def _until_stopped(settings: Settings, shell: Shell) -> None:
    await refuse_what_is_not_ours(settings, shell)
    working = asyncio.create_task(work(settings, clock=shell.clock))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, working.cancel)
    try:
        await working
    except asyncio.CancelledError:
        if not working.cancelled():  # it was we who were cancelled, not the work
            raise
