"""`portvakt people --one-proof`: who is one lost phone away from being locked out."""

import json
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from portvakt.commands.opening import Opened, in_records, note_protected
from portvakt.commands.shell import Progress, Shell
from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.method_rules import is_left_out
from portvakt.core.one_proof import OneProof, hangs_on
from portvakt.phone_numbers import partly_hidden
from portvakt.records import Unit
from portvakt.records.people import Equipped

_PAGE: Final = 2000
_NO_UNIT: Final = "(no unit)"


@dataclass(slots=True)
class _Tally:
    """What is known when everybody has been looked at: three numbers for each unit."""

    people: Counter[str] = field(default_factory=Counter)
    one_proof: Counter[str] = field(default_factory=Counter)
    without: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    protected: int = 0

    def units(self) -> list[dict[str, Any]]:
        """List units with somebody to help, most of them first."""
        return [
            {
                "unit": unit,
                "people": self.people[unit],
                "one_proof": self.one_proof[unit],
                "no_second_factor": self.without[unit],
                "nothing_allowed": self.left_out[unit],
            }
            for unit, _ in sorted(
                (self.one_proof + self.left_out).items(), key=lambda each: (-each[1], each[0])
            )
        ]


def run(args: Namespace, shell: Shell) -> int:
    """Write people as they are found, so that a hundred thousand need no more room than one."""

    async def work(opened: Opened) -> None:
        tally = _Tally()
        write = _Json() if args.json else _Text()
        progress, seen = Progress("people"), 0
        of = await opened.records.read(lambda unit: unit.people.in_use())
        rules = (await opened.records.read(lambda unit: unit.configuration.load())).method_rules
        async for person in _everybody(opened, include_protected=args.include_protected):
            unit = person.unit or _NO_UNIT
            tally.people[unit] += 1
            held = tuple(map(rules.of(person.groups).at_sign_in, person.bound))
            found = hangs_on(held, person.cards, shell.clock())
            if found is not None:
                tally.one_proof[unit] += 1
                tally.protected += person.protected
                write.person(person, found)
            elif is_left_out(held, shell.clock()):
                tally.left_out[unit] += 1
                tally.protected += person.protected
                write.left_out(person, held)
            elif not person.bound:
                tally.without[unit] += 1
            seen += 1
            if seen % _PAGE == 0 and not sys.stdout.isatty():  # there the lines show how far it is
                progress(seen, of)
        progress.end()
        if args.include_protected:
            await note_protected(opened, tally.protected)
        write.end(tally)

    in_records(shell, work)
    return 0


async def _everybody(opened: Opened, *, include_protected: bool) -> AsyncIterator[Equipped]:
    last: Equipped | None = None
    while True:

        async def page(unit: Unit, last: Equipped | None = last) -> list[Equipped]:
            return await unit.people.second_factors(
                include_protected=include_protected,
                after=None if last is None else last.id,
                limit=_PAGE,
            )

        found = await opened.records.read(page)
        for each in found:
            yield each
        if len(found) < _PAGE:
            return
        last = found[-1]


class _Json:
    """One document, written person by person."""

    def __init__(self) -> None:
        self._first = True
        sys.stdout.write('{"people": [')

    def person(self, person: Equipped, found: OneProof) -> None:
        """Write one person."""
        self._write(_as_json(person, found))

    def _write(self, told: dict[str, Any]) -> None:
        sys.stdout.write(("" if self._first else ",") + "\n  " + _dumped(told))
        self._first = False

    def left_out(self, person: Equipped, held: Iterable[Authenticator]) -> None:
        """Write somebody who has nothing left that their groups may use."""
        self._write(_told(person) | {"hangs_on": "nothing", "sure": True, "methods": _said(held)})

    def end(self, tally: _Tally) -> None:
        """Write the units, and what everybody is together."""
        units = ",\n  ".join(_dumped(each) for each in tally.units())
        total = {
            "people": tally.people.total(),
            "one_proof": tally.one_proof.total(),
            "no_second_factor": tally.without.total(),
            "nothing_allowed": tally.left_out.total(),
        }
        print(f'\n], "units": [\n  {units}\n], "total": {_dumped(total)}}}')


class _Text:
    """A line for each person, then a table of units."""

    def person(self, person: Equipped, found: OneProof) -> None:
        """Write one person."""
        sure = "" if found.sure else ", maybe"
        print(
            f"{person.user_name:24}  {person.display_name:24}  {person.unit or _NO_UNIT:24}  "
            f"one {found.thing}{sure}: {', '.join(_said(found.methods))}"
        )

    def left_out(self, person: Equipped, held: Iterable[Authenticator]) -> None:
        """Write somebody who has nothing left that their groups may use."""
        print(
            f"{person.user_name:24}  {person.display_name:24}  {person.unit or _NO_UNIT:24}  "
            f"nothing that may be used: {', '.join(_said(held))}"
        )

    def end(self, tally: _Tally) -> None:
        """Write the units, and what everybody is together."""
        total, of = tally.one_proof.total(), tally.people.total()
        print(f"\n{total} of {of} people are one loss away from being locked out")
        for each in tally.units():
            print(f"{each['one_proof']:6} of {each['people']:6}  {each['unit']}")
        if tally.left_out:
            print(f"{tally.left_out.total()} have nothing left that their groups may use")
        if tally.without:
            print(f"{tally.without.total()} have no second factor yet, and are not counted")


def _as_json(person: Equipped, found: OneProof) -> dict[str, Any]:
    hangs = {"hangs_on": found.thing, "sure": found.sure, "methods": _said(found.methods)}
    return _told(person) | hangs


def _told(person: Equipped) -> dict[str, Any]:
    return {
        "id": person.external_id,
        "source": person.source,
        "user_name": person.user_name,
        "name": person.display_name,
        "unit": person.unit,
    }


def _said(methods: Iterable[Authenticator]) -> list[str]:
    """Name methods as `portvakt person` does: numbers partly hidden."""
    return [
        " ".join(
            filter(
                None,
                (
                    each.type.value,
                    partly_hidden(each.detail) if each.type is AuthenticatorType.SMS_CODE else "",
                    each.label,
                ),
            )
        )
        for each in methods
    ]


def _dumped(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
