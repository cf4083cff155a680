"""`portvakt key-models`: what the metadata of the FIDO Alliance says of models of keys."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from datetime import date
from typing import Any

from portvakt.commands.opening import Opened, in_records, note_protected, protected_argument
from portvakt.commands.shell import CommandError, Shell, print_json, print_table
from portvakt.core.key_models import KeyModel, KeyModels
from portvakt.crypto.key_metadata import KeyMetadata
from portvakt.known_key_models import key_metadata
from portvakt.records.keys import HeldKey

EXAMPLE = "portvakt key-models yubikey"
_PAGE = 1000


def arguments(parser: ArgumentParser) -> None:
    """Take a model to look for."""
    parser.add_argument(
        "model", nargs="?", metavar="AAGUID|NAME", help="only models with that number or name"
    )
    parser.add_argument(
        "--holders",
        action="store_true",
        help="list who has keys of models that cannot be trusted any more",
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    protected_argument(parser)


def run(args: Namespace, shell: Shell) -> int:
    """Show the file, models that fit, or who holds bad ones; 1 where somebody does."""
    today = shell.clock().date()
    found = _read(shell)
    if args.holders:
        return _holders(args, shell, found.models, today)
    if args.model is None:
        return _file(args, found, today)
    return _models(args, found.models, today)


def _read(shell: Shell) -> KeyMetadata:
    try:
        found = key_metadata(shell.settings(), shell.clock())
    except ValueError as error:
        raise CommandError(str(error)) from error
    if found is None:
        raise CommandError("no file tells of models of keys: set [passkeys] metadata")
    return found


def _file(args: Namespace, found: KeyMetadata, today: date) -> int:
    told = {
        "number": found.number,
        "models": len(found.models),
        "not_taken": len(found.models.in_trouble(today)),
        "next_update": found.next_update,
    }
    if args.json:
        print_json(told)
    else:
        row = tuple(map(str, told.values()))
        print_table(("number", "models", "not taken", "next update"), [row])
    return 0


def _models(args: Namespace, models: KeyModels, today: date) -> int:
    fit = models.find(args.model)
    if not fit:
        raise CommandError(f"no model is “{args.model}”, or has that in its name")
    if args.json:
        print_json([_as_json(each, today) for each in fit])
        return 0
    rows = [(each.id, each.name, _level(each, today), each.trouble(today) or "") for each in fit]
    print_table(("model", "name", "certified", "not taken, for"), rows)
    return 0


def _level(model: KeyModel, today: date) -> str:
    level = model.level(today)
    return "no" if level is None else f"level {level}" if level else "yes"


def _as_json(model: KeyModel, today: date) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        "level": model.level(today),
        "trouble": model.trouble(today),
        "reports": [{"status": each.status, "since": each.since} for each in model.reports],
    }


def _holders(args: Namespace, shell: Shell, models: KeyModels, today: date) -> int:
    bad: Mapping[str, str] = models.in_trouble(today)

    async def work(opened: Opened) -> list[HeldKey]:
        found: list[HeldKey] = []
        while True:
            after = found[-1].id if found else ""
            more = await opened.records.read(
                lambda unit, after=after: unit.keys.held(bad, after=after, most=_PAGE)
            )
            found += more
            if len(more) < _PAGE:
                break
        if args.include_protected:
            await note_protected(opened, sum(1 for each in found if each.protected))
        return [each for each in found if args.include_protected or not each.protected]

    held = in_records(shell, work)
    if args.json:
        print_json(
            [
                {
                    "user_name": each.user_name,
                    "method": each.id,
                    "label": each.label,
                    "model": models.name(each.model),
                    "trouble": bad[each.model],
                }
                for each in held
            ]
        )
    else:
        rows = [
            (each.user_name, each.id, each.label, models.name(each.model), bad[each.model])
            for each in held
        ]
        print_table(("user name", "method", "called", "model", "not taken, for"), rows)
    return 1 if held else 0
