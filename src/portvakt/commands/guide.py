"""`portvakt guide`: the illustrated guide of this installation, its PDF and its films."""

import asyncio
import sys
import tomllib
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from time import monotonic
from typing import Any

from portvakt import log
from portvakt.commands.shell import CommandError, Progress, Shell, print_json
from portvakt.guide.errors import GuideError
from portvakt.guide.making import Made, Wanted, make
from portvakt.journeys.apply_state.export import export_state
from portvakt.records import open_records
from portvakt.records.errors import RecordsError
from portvakt.records.migrate import current
from portvakt.settings import Settings
from portvakt.texts import LANGUAGES

EXAMPLE = "portvakt guide --lang sv --out /var/lib/portvakt/guide"


def arguments(parser: ArgumentParser) -> None:
    """Take languages, where to, and what of it."""
    parser.add_argument(
        "--lang",
        metavar="LANG",
        action="append",
        choices=LANGUAGES,
        help="sv or en; may be given twice; without it, both",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="where to (else `folder` in [guide])"
    )
    parser.add_argument("--no-films", action="store_true", help="pages, pictures and PDF only")
    parser.add_argument(
        "--burn", action="store_true", help="also films with the captions in the picture"
    )
    parser.add_argument(
        "--voice",
        metavar="VOICE",
        help="espeak, or a folder with recordings such as register-app-03.wav, for a spoken track",
    )
    parser.add_argument(
        "--journey",
        metavar="NAME",
        action="append",
        default=[],
        help="this journey alone, such as register-texts; may be given several times",
    )
    parser.add_argument(
        "--state",
        metavar="FILE",
        type=Path,
        help="what `portvakt export` wrote, where the database is out of reach",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: Namespace, shell: Shell) -> int:
    """Make it, and say where it is."""
    settings = shell.settings()
    out = args.out or (Path(settings.guide.folder) if settings.guide.folder else None)
    if out is None:
        raise CommandError("say where to, with --out DIR or with folder in [guide] of the settings")
    wanted = Wanted(
        out=out.absolute(),
        languages=tuple(each for each in LANGUAGES if each in (args.lang or LANGUAGES)),
        journeys=tuple(args.journey),
        films=not args.no_films,
        burn=args.burn,
        voice=args.voice,
    )
    said_on_stage = StringIO()  # of use where the making stops, and noise otherwise
    log.configure("text", "error", said_on_stage)
    state = _read(args.state) if args.state else _exported(settings, shell)
    progress, began = Progress("making the guide"), monotonic()

    def tell(what: str, done: int, of: int) -> None:
        progress.label = what
        progress(done, of)

    try:
        made = asyncio.run(make(settings, state, wanted, today=shell.clock().date(), tell=tell))
    except GuideError as error:
        print(said_on_stage.getvalue(), end="", file=sys.stderr)
        raise CommandError(str(error)) from error
    finally:
        progress.end()
    _say(args, wanted, made, monotonic() - began)
    return 0


def _read(file: Path) -> Mapping[str, Any]:
    """Read a state file. Raises `CommandError`."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from error


def _exported(settings: Settings, shell: Shell) -> Mapping[str, Any] | None:
    """Return what `portvakt export` would write; None, and a line, where it cannot be known."""
    try:
        if current(settings.database_url) is not None:
            return tomllib.loads(asyncio.run(_export(settings, shell)))
        why = "the database has none of our tables"
    except (RecordsError, OSError) as error:
        why = str(error)
    print(
        f"the rules cannot be read ({why}), so the guide follows the settings alone; "
        "--state FILE takes what `portvakt export` wrote",
        file=sys.stderr,
    )
    return None


async def _export(settings: Settings, shell: Shell) -> str:
    records = await open_records(settings.database_url, clock=shell.clock)
    try:
        country = settings.organisation.country
        found = await export_state(records, include_protected=False, country=country)
    finally:
        await records.close()
    return found.text


def _say(args: Namespace, wanted: Wanted, made: Made, seconds: float) -> None:
    if args.json:
        print_json(
            {
                "folders": {each: wanted.out / each for each in wanted.languages},
                "journeys": made.journeys,
                "left_out": made.left_out,
                "films": wanted.films,
                "seconds": round(seconds),
            }
        )
        return
    for language in wanted.languages:
        print(f"{language}: {wanted.out / language}")
    print(f"told: {', '.join(made.journeys)}")
    if made.left_out:
        print(f"not allowed here, so not told: {', '.join(made.left_out)}")
