"""The first reading of a source: what can only be known when all of it was seen.

Who is in it twice, which numbers several people have, which names two people claim, and who is
gone. Keeps a few machine words for each person, so that a source of 100,000 fits anywhere.
"""

import asyncio
import itertools
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from portvakt.core.people import canonical_identifier
from portvakt.directories import (
    Field,
    PeopleSource,
    PersonSeen,
    RowDoubtful,
    RowRefused,
)
from portvakt.journeys.sync_people.report import Kind, Report, RowReport
from portvakt.phone_numbers import Reason, Usable, usable_for_text

_KINDS = {
    Reason.NO_NUMBER: Kind.NO_NUMBER,
    Reason.BAD_NUMBER: Kind.BAD_NUMBER,
    Reason.NOT_MOBILE: Kind.BAD_NUMBER,
    Reason.LANDLINE: Kind.LANDLINE_ONLY,
    Reason.FOREIGN: Kind.FOREIGN_MOBILE,
}
_BREATH = 200  # rows, some 10 ms
_LONGEST = 200  # characters of a name, a title or a unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """By what an organisation judges its source."""

    today: date
    """In the time zone of the organisation: an end date is the last day of work."""
    allowed_prefixes: tuple[str, ...]
    country: str


class Survey:
    """What a first reading found out. `walk` gives the second one, in the same order.

    Names and ids are kept as their hashes of 64 bits: two that meet by chance would leave two
    people out of one run, and the report would say so.
    """

    def __init__(self, source: PeopleSource, judgement: Judgement, report: Report) -> None:
        self._source = source
        self._judgement = judgement
        self._report = report
        self.leaving: set[str] = set()
        """Whom the source says have left."""
        self.anonymous = 0
        """Rows that cannot be tied to anybody."""
        self._refused: set[int] = set()
        self._rows = array("l")
        self._numbers = array("q")
        self._ids = array("q")
        self._names = array("q")
        self._present = array("q")
        self._contested: set[int] = set()
        self._shared: set[int] = set()

    async def read(self, progress: Callable[[], None]) -> None:
        """Read the source once, and let others go on meanwhile. Raises `UnusableSourceError`."""
        for at, seen in enumerate(self._source.people()):
            if at % _BREATH == 0:
                progress()
                await asyncio.sleep(0)
            match seen:
                case PersonSeen():
                    self._person(seen)
                case RowRefused():
                    self._refuse(seen.row, seen.field, seen.reason, seen.external_id)
                case RowDoubtful():
                    self._report.rows.append(RowReport(seen.row, seen.field, seen.reason))
        self._repeat()
        self._share()
        self._contested = _twice(self._names)
        self._names = array("q")
        self._present = array("q", sorted({*self._ids, *self._refused}))

    def walk(self) -> Iterator[tuple[PersonSeen, str | None]]:
        """Read the source again: everybody who can be taken, with their number in E.164."""
        numbers = iter(self._numbers)
        for seen in self._source.people():
            if isinstance(seen, PersonSeen):
                number = next(numbers)
                if not self.refuses(seen.external_id):
                    usable = number > 0 and number not in self._shared
                    yield seen, f"+{number}" if usable else None

    def knows(self, external_id: str) -> bool:
        """Say whether the source names somebody, in a row that can be used or not."""
        key = hash(external_id)
        at = bisect_left(self._present, key)
        return at < len(self._present) and self._present[at] == key

    def refuses(self, external_id: str) -> bool:
        """Say whether somebody's row cannot be used, so that they stay as they are stored."""
        return hash(external_id) in self._refused

    def left(self, seen: PersonSeen) -> bool:
        """Say whether somebody's last day of work is over, or the source lets them do nothing."""
        return seen.off or (seen.end_date is not None and seen.end_date < self._judgement.today)

    def contested(self, name: str) -> bool:
        """Say whether two people of the source claim a name, given in its canonical form."""
        return hash(name) in self._contested

    def _person(self, seen: PersonSeen) -> None:
        report = self._report
        report.people += 1
        report.protected += seen.protected is True
        left = self.left(seen)
        report.left += left
        self._number(seen)
        self._ids.append(hash(seen.external_id))
        names = (canonical_identifier(seen.user_name), canonical_identifier(seen.email))
        wrong = _unusable(seen, *names)
        if wrong is not None:
            self._refuse(seen.row, *wrong, seen.external_id)
        elif left:
            self.leaving.add(seen.external_id)
        else:
            self._names.extend({hash(each) for each in names if each is not None})

    def _number(self, seen: PersonSeen) -> None:
        """Judge the number, and keep it as a whole number; 0 where no text can be sent."""
        judged = usable_for_text(
            seen.work_mobile, self._judgement.allowed_prefixes, self._judgement.country
        )
        self._rows.append(seen.row)
        if isinstance(judged, Usable):
            self._numbers.append(int(judged.number.removeprefix("+")))
            return
        self._numbers.append(0)
        self._report.kinds[_KINDS[judged.reason]] += 1
        if judged.reason is not Reason.NO_NUMBER:
            reason = judged.reason if judged.reason is Reason.NOT_MOBILE else None
            self._report.rows.append(
                RowReport(seen.row, Field.WORK_MOBILE, reason or _KINDS[judged.reason])
            )

    def _repeat(self) -> None:
        """Refuse people who come twice: nobody can say which row is true."""
        repeated = _twice(self._ids)
        if not repeated:
            return
        first: set[int] = set()
        for row, key in zip(self._rows, self._ids, strict=True):
            if key in repeated:
                if key in first:
                    self._report.rows.append(RowReport(row, Field.EXTERNAL_ID, "repeated"))
                first.add(key)
                self._report.refused += 1
        self._refused |= repeated

    def _share(self) -> None:
        """Find the numbers that several people have: a code to one would reach the others."""
        self._shared = _twice(array("q", filter(None, self._numbers)))
        several = 0
        if self._shared:
            for row, number in zip(self._rows, self._numbers, strict=True):
                if number in self._shared:
                    several += 1
                    self._report.rows.append(RowReport(row, Field.WORK_MOBILE, Kind.SHARED_MOBILE))
            self._report.kinds[Kind.SHARED_MOBILE] = several
        self._report.kinds[Kind.SMS_READY] = len(self._numbers) - self._numbers.count(0) - several

    def _refuse(self, row: int, field: str, reason: str, external_id: str | None) -> None:
        self._report.rows.append(RowReport(row, field, reason))
        self._report.refused += 1
        if external_id is None:
            self.anonymous += 1
        else:
            self._refused.add(hash(external_id))


def _twice(values: "array[int]") -> set[int]:
    """Return what comes more than once, in little memory."""
    if len(set(values)) == len(values):  # as it should be
        return set()
    ordered = sorted(values)
    return {one for one, other in itertools.pairwise(ordered) if one == other}


def names_of(*written: str) -> set[str]:
    """Return the canonical forms of what somebody may type to say who they are."""
    return {name for each in written if (name := canonical_identifier(each)) is not None}


def _unusable(seen: PersonSeen, user_name: str | None, email: str | None) -> tuple[str, str] | None:
    """Name the field, and the reason, for which nobody can be made of this row.

    `user_name` and `email` are the canonical forms.
    """
    if not seen.user_name and not seen.email:
        return Field.USER_NAME, "missing"
    if seen.user_name and user_name is None:
        return Field.USER_NAME, "unusable"
    if seen.email and email is None:
        return Field.EMAIL, "unusable"
    if seen.email and "@" not in seen.email:
        return Field.EMAIL, "not_an_address"
    return _too_long(seen)


def _too_long(seen: PersonSeen) -> tuple[str, str] | None:
    name = f"{seen.external_id}{seen.given_name}{seen.family_name}"
    rest = f"{seen.title}{seen.unit}{seen.manager}"
    if len(name) <= _LONGEST and len(rest) <= _LONGEST:  # nearly always: nothing to look for
        return None
    for field, optional in (
        (Field.EXTERNAL_ID, seen.external_id),
        (Field.GIVEN_NAME, seen.given_name),
        (Field.FAMILY_NAME, seen.family_name),
        (Field.TITLE, seen.title),
        (Field.UNIT, seen.unit),
        (Field.MANAGER, seen.manager),
    ):
        if optional is not None and len(optional) > _LONGEST:
            return field, "too_long"
    return None
