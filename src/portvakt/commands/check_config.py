"""`portvakt check-config`: the settings as `serve` would read them."""

import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from portvakt.commands.shell import Shell, print_json
from portvakt.crypto.sealing import MasterKeyFileError, read_master_keys
from portvakt.settings import Examined, examine
from portvakt.strict_toml import Problem

EXAMPLE = "portvakt check-config --config /etc/portvakt/portvakt.toml"


def arguments(parser: ArgumentParser) -> None:
    """Take `--json` and nothing else."""
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """Print every error and warning with its line; 1 where there is an error."""
    found = examine(shell.config, shell.environ)
    errors = (*found.errors, *_key_problems(found))
    if args.json:
        print_json(
            {
                "file": found.source,
                "ok": not errors,
                "errors": [asdict(each) for each in errors],
                "warnings": [asdict(each) for each in found.warnings],
            }
        )
        return 1 if errors else 0
    for each in found.warnings:
        print(f"{found.source}: warning: {each}", file=sys.stderr)
    for each in errors:
        print(f"{found.source}: error: {each}", file=sys.stderr)
    if errors:
        return 1
    print(f"{found.source}: good" + (", with warnings" if found.warnings else ""))
    return 0


def _key_problems(found: Examined) -> tuple[Problem, ...]:
    """Say what is wrong inside the master key file, where there is one."""
    if found.settings is None or not Path(found.settings.keys.master_file).exists():
        return ()
    try:
        read_master_keys(Path(found.settings.keys.master_file))
    except MasterKeyFileError as error:
        return (Problem("keys.master_file", None, str(error)),)
    return ()
