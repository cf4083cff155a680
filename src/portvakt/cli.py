"""`portvakt`: one command for each thing an operator does.

Each command is a module of `portvakt.commands`, imported only when it is called: `--help` must not
wait for drivers. A module has `EXAMPLE`, `arguments(parser)` and `run(args, shell) -> int`.
"""

import argparse
import difflib
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from portvakt import __version__

OK, FAILED, MISUSED = 0, 1, 2
"""What every command exits with: done; failed, and said why; called wrongly."""

COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("serve", "answer requests, and on the embedded database do the background work"),
    "work": ("work", "do the background work: send texts and mail, sweep what has expired"),
    "demo": ("", "run the whole product with a small fictional region"),
    "migrate": ("migrate", "bring the database to the version that this program needs"),
    "check-config": ("check_config", "say everything that is wrong or unwise in the settings"),
    "texts": ("texts", "show every text with a code, as it leaves, and what it costs"),
    "apply": ("apply", "make the stored state match a file"),
    "rules": ("rules", "show the rules, their versions and ready-made ones, or go back to one"),
    "export": ("export", "write such a file, without secrets"),
    "import-staff": ("import_staff", "take people from an export of the HR system"),
    "sync": ("sync", "follow the directories now, or say what would change"),
    "start-code": ("start_code", "make a code with which somebody can register, once"),
    "tokens": ("tokens", "read hardware tokens in, keep one for somebody, list them"),
    "invite": ("invite", "let the welcome window of somebody begin now"),
    "grant-role": ("grant_role", "give somebody a role, or take it away"),
    "break-glass": ("break_glass", "keep accounts for the day on which nobody else gets in"),
    "people": ("people", "list people, or those who are one lost phone from locked out"),
    "person": ("person", "show, copy or erase what is stored of a person; remove a lost method"),
    "sessions": ("sessions", "list somebody's sessions, or end one, theirs, or all there are"),
    "known-browsers": (
        "known_browsers",
        "list where somebody is not asked for a second factor again, or ask there",
    ),
    "why": ("why", "explain a sign-in or a refusal, by the number of a page or by person"),
    "what-if": ("what_if", "say what would be asked of somebody somewhere, and what would do"),
    "messages": ("messages", "list what was sent lately, by which gateway, and what became of it"),
    "keys": ("keys", "list the keys that seal and the keys that sign, with their ages"),
    "key-models": ("key_models", "show what is known of models of keys, and who holds bad ones"),
    "rotate-keys": ("rotate_keys", "take new keys into use, while everything runs"),
    "backup": ("backup", "copy everything into one sealed file, while everything runs"),
    "restore": ("restore", "put back what a backup holds, all of it or nothing"),
    "audit": ("audit", "see whether the audit trail was changed, copy it, keep it small"),
    "breached-passwords": ("breached_passwords", "make a list of leaked passwords to look up here"),
    "doctor": (
        "doctor",
        "look at everything an installation needs, and say what mends it",
    ),
    "app": ("app", "connect an app: make its entry and secret, and print its settings"),
    "guide": ("guide", "make the illustrated guide of this installation, its PDF and its films"),
    "phone": ("phone", "be a phone: pair it, and approve sign-ins; it has no real screen lock"),
}
"""Name, module in `portvakt.commands`, and what it does. The demo is a package of its own."""


def now() -> datetime:
    """Read the clock. Commands are roots; what they call takes the time as an argument."""
    return datetime.now(UTC)


def main(
    argv: Sequence[str] | None = None,
    *,
    clock: Callable[[], datetime] = now,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Run one command and return its exit status. Tests give their own clock and environment."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in {"-h", "--help", "help"}:
        print(overview(), file=sys.stdout if words else sys.stderr)
        return OK if words else MISUSED
    if words[0] == "--version":
        print(f"portvakt {__version__}")
        return OK
    if words[0] not in COMMANDS:
        print(f"portvakt: {_unknown(words[0])}", file=sys.stderr)
        return MISUSED
    return _run(words[0], words[1:], clock, os.environ if environ is None else environ)


def _run(
    name: str, words: list[str], clock: Callable[[], datetime], environ: Mapping[str, str]
) -> int:
    if name == "demo":
        demo: Callable[[list[str]], int] = importlib.import_module("portvakt.demo.run").main
        return demo(words)
    shell = importlib.import_module("portvakt.commands.shell")
    module, summary = COMMANDS[name]
    command = importlib.import_module(f"portvakt.commands.{module}")
    parser = argparse.ArgumentParser(
        prog=f"portvakt {name}",
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"example:\n  {command.EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.arguments(parser)
    if not getattr(command, "STANDS_ALONE", False):
        parser.add_argument(
            "--config",
            metavar="FILE",
            help="the settings (else PORTVAKT_CONFIG, else ./portvakt.toml)",
        )
    try:
        args = parser.parse_args(words)
    except SystemExit as end:  # argparse has said what it had to say
        return OK if end.code in {None, OK} else MISUSED
    status: int = shell.run(command.run, args, name, clock, environ)
    return status


def overview() -> str:
    """Return what `portvakt --help` says."""
    width = max(len(name) for name in COMMANDS)
    lines = [f"  {name:{width}}  {summary}" for name, (_, summary) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: portvakt COMMAND [options]",
            "",
            "Multifactor sign-in that an organisation runs itself.",
            "",
            *lines,
            "",
            "`portvakt COMMAND --help` tells more, with an example.",
        ]
    )


def _unknown(word: str) -> str:
    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"; did you mean “{near[0]}”?" if near else "; `portvakt --help` lists them"
    return f"there is no command “{word}”{hint}"
