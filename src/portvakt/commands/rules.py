"""`portvakt rules`: what the rules are, what they were, who changed them, and the way back."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final, TypeVar

import tomli_w

from portvakt.commands import rules_replay
from portvakt.commands.apply import reason
from portvakt.commands.opening import Opened, in_records
from portvakt.commands.shell import CommandError, Shell, print_json, print_table
from portvakt.journeys.apply_state.versions import (
    Difference,
    Document,
    NoVersion,
    Returned,
    ReturnRules,
    differences,
    document_of,
    read_document,
)
from portvakt.records import Unit
from portvakt.records.rule_versions import RuleVersion
from portvakt.rule_templates import Template, templates

T = TypeVar("T")
EXAMPLE = "portvakt rules history"
_MOST: Final = {"show": 1, "diff": 2, "return": 1, "templates": 1, "report": 1, "replay": 1}
"""How many words may follow what to do."""
_LATEST: Final = 50
_SIGNS: Final = {"created": "+", "removed": "-", "changed": "~"}


def arguments(parser: ArgumentParser) -> None:
    """Take what to do, and with which versions."""
    parser.add_argument(
        "what",
        choices=["list", "history", "show", "diff", "return", "templates", "report", "replay"],
        help="list the rules that are stored; list their versions; print one as a state file; say "
        "what differs between two; put a former one back; print ready-made rules; say what one "
        "rule would have asked lately; hold a file of rules against what happened lately",
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="`show`: a version (the newest); `diff`: one, against the newest, or two; `return`: "
        "a version (the one before the newest); `templates`: the one to print (a list); "
        "`report`: a rule; `replay`: a state file",
    )
    parser.add_argument(
        "--reason",
        "--why",
        type=reason,
        default="",
        metavar="TEXT",
        help="`return`: why, for whoever looks at the history",
    )
    parser.add_argument(
        "--allow-weaker",
        action="store_true",
        help="`return`: go on although people get in with less",
    )
    rules_replay.arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """Do one of them; 2 where there are too many words."""
    whats: dict[str, Callable[[Namespace, Shell], int]] = {
        "list": _list,
        "history": _history,
        "show": _show,
        "diff": _diff,
        "return": _return,
        "templates": _templates,
        "report": rules_replay.report,
        "replay": rules_replay.replay,
    }
    if len(args.names) > _MOST.get(args.what, 0):
        print(f"portvakt rules {args.what}: {args.names[-1]} is one word too many", file=sys.stderr)
        return 2
    return whats[args.what](args, shell)


def _read(shell: Shell, act: Callable[[Unit], Any]) -> Any:
    async def work(opened: Opened) -> Any:
        return await opened.records.read(act)

    return in_records(shell, work)


def _list(args: Namespace, shell: Shell) -> int:
    async def act(unit: Unit) -> Document:
        return document_of(await unit.configuration.load())

    document: Document = _read(shell, act)
    if args.json:
        print_json(document)
        return 0
    if not document["rules"]:
        print("there is no rule: the password is enough everywhere")
        return 0
    rows = [
        (each["id"], each["state"], _value(each["require"]), _when(each.get("when", {})))
        for each in document["rules"]
    ]
    print_table(("rule", "state", "asks", "when"), rows)
    return 0


def _when(when: dict[str, Any]) -> str:
    return "; ".join(f"{name} {_value(value)}" for name, value in when.items()) or "always"


def _value(value: Any) -> str:
    """Write a value of a state file in one line."""
    if value is None:
        return "nothing"
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    if isinstance(value, dict):
        return "; ".join(f"{name} {_value(each)}" for name, each in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _history(args: Namespace, shell: Shell) -> int:
    async def act(unit: Unit) -> list[RuleVersion]:
        return await unit.rule_versions.latest(_LATEST)

    versions: list[RuleVersion] = _read(shell, act)
    if args.json:
        print_json([_version(each) for each in versions])
        return 0
    if not versions:
        print("no rule has changed since versions are kept")
        return 0
    rows = [
        (str(each.number), f"{each.made_at:%Y-%m-%d %H:%M}Z", each.actor or "-", _why(each))
        for each in versions
    ]
    print_table(("version", "since", "by", "why"), rows)
    return 0


def _why(version: RuleVersion) -> str:
    if not version.actor:
        return "stood before versions were kept"
    back = "" if version.returned_to is None else f"back to version {version.returned_to}"
    return ": ".join(each for each in (back, version.reason) if each)


def _version(version: RuleVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "made_at": version.made_at,
        "actor": version.actor or None,
        "reason": version.reason,
        "returned_to": version.returned_to,
    }


def _show(args: Namespace, shell: Shell) -> int:
    [version] = _versions(shell, args.names[:1] or ["newest"])
    document = read_document(version)
    if args.json:
        print_json(_version(version) | document)
        return 0
    who = f", by {version.actor}" if version.actor else ""
    why = f": {_why(version)}" if _why(version) else ""
    print(f"# Version {version.number}, {version.made_at:%Y-%m-%d %H:%M}Z{who}{why}\n")
    print(tomli_w.dumps({name: rows for name, rows in document.items() if rows}), end="")
    return 0


def _diff(args: Namespace, shell: Shell) -> int:
    names = args.names or ["former"]
    old, new = _versions(shell, [*names, "newest"][:2])
    found = differences(read_document(old), read_document(new))
    if args.json:
        print_json(
            {
                "before": old.number,
                "after": new.number,
                "differences": [_difference(each) for each in found],
            }
        )
        return 0
    print(f"from version {old.number} to {new.number}:")
    for each in found:
        _print_difference(each)
    if not found:
        print("  nothing differs")
    return 0


def _difference(each: Difference) -> dict[str, Any]:
    fields = [{"name": name, "before": old, "after": new} for name, old, new in each.fields]
    return asdict(each) | {"fields": fields}


def _print_difference(each: Difference) -> None:
    print(f"{_SIGNS[each.change]} {each.kind} {each.id}")
    for name, old, new in each.fields:
        before = "" if each.change == "created" else f"{_value(old)} → "
        print(f"    {name}: {before}{_value(new)}")


def _versions(shell: Shell, names: Sequence[str]) -> list[RuleVersion]:
    """Find versions by their numbers; "newest" and "former" are the last two."""
    numbers = {name: _number(name) for name in names if name not in {"newest", "former"}}

    async def act(unit: Unit) -> list[RuleVersion | None]:
        latest = await unit.rule_versions.latest(2)
        ends = {"newest": next(iter(latest), None), "former": latest[1] if latest[1:] else None}
        return [
            await unit.rule_versions.one(numbers[name]) if name in numbers else ends[name]
            for name in names
        ]

    found: list[RuleVersion | None] = _read(shell, act)
    for name, version in zip(names, found, strict=True):
        if version is None:
            raise _absent(numbers.get(name))
    return [each for each in found if each is not None]


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:  # noqa: PLR2004 - what fits in a column
        raise CommandError(f"{text!r} is no version; `portvakt rules history` lists them")
    return int(text)


def _absent(number: int | None) -> CommandError:
    if number is None:
        return CommandError("there is no former version: no rule has changed since they are kept")
    return CommandError(f"there is no version {number}; `portvakt rules history` lists them")


def _return(args: Namespace, shell: Shell) -> int:
    number = _number(args.names[0]) if args.names else None

    async def work(opened: Opened) -> Returned | NoVersion:
        flow = ReturnRules(
            records=opened.records,
            actor=shell.actor,
            reason=args.reason,
            allow_weaker=args.allow_weaker,
        )
        return await flow.run(number, shell.clock())

    outcome = in_records(shell, work)
    if isinstance(outcome, NoVersion):
        raise _absent(outcome.number)
    if args.json:
        print_json(
            {
                "version": outcome.number,
                "returned_to": outcome.to,
                "changes": [asdict(each) for each in outcome.steps],
                "weaker": outcome.weaker,
            }
        )
    if outcome.steps and outcome.number is None:
        for less in outcome.weaker:
            print(f"portvakt rules: stopped: {less} (--allow-weaker goes on)", file=sys.stderr)
        return 1
    if not args.json:
        _print_returned(outcome)
    return 0


def _print_returned(outcome: Returned) -> None:
    if outcome.number is None:
        print(f"nothing differs from version {outcome.to}")
        return
    for step in outcome.steps:
        fields = f": {', '.join(step.fields)}" if step.fields else ""
        print(f"{_SIGNS[step.change]} {step.kind} {step.id}{fields}")
    print(f"version {outcome.number} is the same as version {outcome.to}")
    print(
        "the file that `apply` reads still says otherwise: `portvakt rules show` prints what to "
        "put there"
    )


def _templates(args: Namespace, shell: Shell) -> int:
    del shell  # nothing is stored of them
    known = templates()
    if args.names:
        found = known.get(args.names[0])
        if found is None:
            raise CommandError(f"there is no template {args.names[0]!r}; known are {_names(known)}")
        print_json(asdict(found)) if args.json else print(found.text, end="")
        return 0
    if args.json:
        print_json([asdict(each) for each in known.values()])
        return 0
    print_table(("template", "is"), [(each.name, each.said) for each in known.values()])
    return 0


def _names(known: dict[str, Template]) -> str:
    return ", ".join(known)
