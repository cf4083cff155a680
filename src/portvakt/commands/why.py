"""`portvakt why NUMBER|PERSON`: why somebody was let in, or was not."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from portvakt.commands.opening import (
    Opened,
    find_person,
    in_records,
    protected_argument,
    told_of_protected,
)
from portvakt.commands.shell import CommandError, Progress, Shell, print_json
from portvakt.core.explaining import DECISIONS, Explained, case_number, explain
from portvakt.core.ids import AccountId
from portvakt.core.people import Account
from portvakt.records import Standing, StoredEvent, Unit
from portvakt.records.attempts import Stop
from portvakt.records.audit import STRETCH

EXAMPLE = "portvakt why 7K3M-9XQP-2HD4"
_AROUND: Final = 10
"""Events right before the one that was asked for, and right after: what led to it, and on."""
_SOON: Final = timedelta(minutes=10)
_PROTECTED: Final = "somebody with protected identity"


def arguments(parser: ArgumentParser) -> None:
    """Take whom or what it is about."""
    parser.add_argument(
        "about",
        nargs="+",
        metavar="NUMBER|PERSON",
        help="the number that a page showed, or a user name, e-mail address or id",
    )
    parser.add_argument(
        "--last", type=int, default=10, metavar="N", help="how many events about PERSON (10)"
    )
    protected_argument(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    number: str | None
    account: Account | None
    hidden: bool
    """Whether it is about somebody with protected identity whom nobody asked to see."""
    events: Sequence[StoredEvent]
    before: Sequence[StoredEvent] = ()
    after: Sequence[StoredEvent] = ()
    stops: Sequence[Stop] = field(default=())


def run(args: Namespace, shell: Shell) -> int:
    """Explain a case number, or the latest sign-ins and refusals of a person."""
    if args.last < 1:
        raise CommandError("--last is 1 or more")
    args.person = args.about = " ".join(args.about)

    async def work(opened: Opened) -> _Answer:
        number = case_number(args.about)
        events = [] if number is None else await _of_number(opened, number)
        if number is not None and events:
            return await _about_number(opened, args, number, events)
        return await _about_person(opened, args, number)

    answer = in_records(shell, work)
    if args.json:
        print_json(_as_json(answer, shell.clock()))
    else:
        _print(answer)
    return 0


async def _of_number(opened: Opened, number: str) -> list[StoredEvent]:
    """Look through the trail from its end, one stretch at a time."""
    newest = await opened.records.read(lambda unit: unit.audit.newest())
    progress = Progress("looking")
    try:
        for end in range(newest, 0, -STRETCH):
            found = await _stretch(opened, number, end)
            if found:  # what a request writes stands close together
                return [*await _stretch(opened, number, end - STRETCH), *found]
            progress(newest - end, newest)
    finally:
        progress.end()
    return []


async def _stretch(opened: Opened, number: str, end: int) -> list[StoredEvent]:
    return await opened.records.read(lambda unit: unit.audit.of_request(number, end))


async def _about_number(
    opened: Opened, args: Namespace, number: str, events: list[StoredEvent]
) -> _Answer:
    mine = [each for each in events if each.account_id is not None]
    first, last = (mine or events)[0], (mine or events)[-1]
    about = first.account_id

    async def act(unit: Unit) -> _Answer:
        standing = None if about is None else await unit.people.load(about)
        hidden = await _hidden(unit, standing, args, opened.shell)
        account = None if standing is None or hidden else standing.account
        before = [] if hidden else await unit.audit.before(first, _AROUND)
        after = [] if hidden else await unit.audit.after(last, _SOON, _AROUND)
        stops = [] if about is None or hidden else await _stops(unit, about, opened.shell)
        return _Answer(
            number=number,
            account=account,
            hidden=hidden,
            events=events,
            before=before,
            after=after,
            stops=stops,
        )

    return await opened.records.write(act)


async def _hidden(unit: Unit, standing: Standing | None, args: Namespace, shell: Shell) -> bool:
    """Say whether a person is not to be shown; that they were shown is written."""
    if standing is None or not standing.account.protected:
        return False
    if not args.include_protected:
        return True
    await told_of_protected(unit, standing.account, shell)
    return False


async def _about_person(opened: Opened, args: Namespace, number: str | None) -> _Answer:
    async def act(unit: Unit) -> _Answer:
        try:
            standing = await find_person(unit, args, opened.shell, break_glass=True)
        except CommandError as error:
            if number is None:
                raise
            raise CommandError(
                f"nothing is stored under {number}; look for it in the log, where each line of "
                "the request carries it"
            ) from error
        account = standing.account
        return _Answer(
            number=None,
            account=account,
            hidden=False,
            events=await unit.audit.of_kind(account.id, DECISIONS, args.last),
            stops=await _stops(unit, account.id, opened.shell),
        )

    return await opened.records.write(act)


async def _stops(unit: Unit, account_id: AccountId, shell: Shell) -> list[Stop]:
    return await unit.attempts.stops(account_id, shell.clock())


def _as_json(answer: _Answer, now: datetime) -> dict[str, Any]:
    account = answer.account
    return {
        "number": answer.number,
        "person": None if account is None else account.user_name,
        "protected": answer.hidden,
        "state": None if account is None else account.state,
        "asked_at": now,
        "events": [_event(each, hidden=answer.hidden) for each in answer.events],
        "before": [_event(each, hidden=False) for each in answer.before],
        "after": [_event(each, hidden=False) for each in answer.after],
        "limits": [
            {"kind": each.kind, "from": each.familiarity, "until": each.until}
            for each in answer.stops
        ],
    }


def _event(event: StoredEvent, *, hidden: bool) -> dict[str, Any]:
    told = explain(event.name, event.detail, event.trace)
    return {
        "at": event.at,
        "name": event.name,
        "verdict": told.verdict,
        "said": told.said,
        "why": told.why,
        "asked": told.asked,
        "shown": told.shown,
        "rules": [
            {"rule": each.rule, "outcome": each.outcome, "detail": each.detail}
            for each in event.trace or ()
        ],
        "facts": {} if hidden else told.facts,
        "actor": event.actor,
        "number": event.request_id,
        "address": None if hidden else event.address,
    }


def _print(answer: _Answer) -> None:
    account = answer.account
    who = "nobody that is known"
    if account is not None:
        state = "" if account.usable else f", {account.state}"
        who = f"{account.display_name} ({account.user_name}{state})"
    print(f"about {_PROTECTED if answer.hidden else who}")
    for event in answer.events:
        print()
        _print_event(event, hidden=answer.hidden)
    if not answer.events:
        print("no sign-in and no refusal is stored")
    _print_short("right before that", answer.before)
    _print_short("soon after", answer.after)
    if answer.stops:
        print("\nlimits that hold now:")
        for stop in answer.stops:
            print(f"  {stop.kind} from {_FROM[stop.familiarity]}: until {_time(stop.until)}")


def _print_short(head: str, events: Sequence[StoredEvent]) -> None:
    if events:
        print(f"\n{head}:")
    for event in events:
        told = explain(event.name, event.detail, event.trace)
        print(f"  {_time(event.at)}  {event.name}{f': {told.why}' if told.why else ''}")


def _print_event(event: StoredEvent, *, hidden: bool) -> None:
    told = explain(event.name, event.detail, event.trace)
    print(f"{_time(event.at)}  {told.verdict}: {told.said}")
    for name, said in _lines(event, told, hidden=hidden):
        print(f"  {name:8}  {said}")


def _lines(event: StoredEvent, told: Explained, *, hidden: bool) -> list[tuple[str, str]]:
    """List what is said of an event, each under its name."""
    facts = {} if hidden else told.facts
    lines = [("why", told.why), ("asked", told.asked), ("shown", told.shown)]
    lines += [("rule", each) for each in told.rules]
    if event.trace == ():
        lines.append(("rule", "there was no rule that could have counted"))
    lines += [("stored", f"{name}: {value}") for name, value in facts.items()]
    lines.append(("from", "" if hidden else event.address or ""))
    lines.append(("number", event.request_id))
    return [(name, said) for name, said in lines if said]


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


_FROM: Final = {
    "known": "browsers the person has used before",
    "inside": "other browsers on the organisation's networks",
    "unfamiliar": "browsers that are new to the person",
    "any": "everywhere",
}
