"""From an object of a directory to a person as we see them. Nothing in it is trusted."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from portvakt.core.seen_people import Field, PersonSeen, RowDoubtful, RowRefused, Seen
from portvakt.ldap_people.groups import Groups, place_of
from portvakt.wire.ldap_values import Entry

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # Cc, Zl, Zp and Cs
_INSTANT = re.compile(r"(\d{14})(?:\.\d+)?Z$", re.ASCII)
_DATES = ("%Y%m%d%H%M%SZ", "%Y%m%d%H%M%S.%fZ", "%Y%m%d%H%MZ", "%Y-%m-%d", "%Y%m%d")

# To look a member up in its type takes as long as all else that is done with a value.
_USER_NAME: Final = Field.USER_NAME
_EMAIL: Final = Field.EMAIL
_GIVEN_NAME: Final = Field.GIVEN_NAME
_FAMILY_NAME: Final = Field.FAMILY_NAME
_TITLE: Final = Field.TITLE
_UNIT: Final = Field.UNIT
_WORK_MOBILE: Final = Field.WORK_MOBILE
_MANAGER: Final = Field.MANAGER
_START_DATE: Final = Field.START_DATE
_END_DATE: Final = Field.END_DATE
_PROTECTED: Final = Field.PROTECTED

Attributes = Mapping[Field, Sequence[str]]
"""Which attributes a field is taken from: the first of them that has a value."""


def attributes_of(mapping: Mapping[str, str]) -> Attributes:
    """Read a mapping as settings write it: field = "attribute another"; "" leaves a field out."""
    return {
        Field(name): tuple(written.lower().split())
        for name, written in mapping.items()
        if written.strip()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads persons out of objects, by one directory's settings."""

    attributes: Attributes
    id_of: Callable[[Entry], str | None]
    is_off: Callable[[Entry], bool]
    end_of: Callable[[Entry], date | None]
    """The last day of work, where the directory itself ends accounts."""
    ends: bool = False
    managers: dict[str, str] = field(default_factory=dict)
    """Where managers stand: the place, and how the directory writes it."""

    def fields(self, *, groups: bool) -> frozenset[Field]:
        """Return what is known of people here."""
        found = {Field.EXTERNAL_ID, *self.attributes}
        if self.ends:
            found.add(Field.END_DATE)
        return frozenset(found | {Field.GROUPS} if groups else found)

    def asked(self, *more: str) -> tuple[str, ...]:
        """Return the attributes to ask for."""
        mapped = [name for names in self.attributes.values() for name in names]
        return tuple(dict.fromkeys([*mapped, *more]))

    def read(self, entry: Entry, row: int, groups: Groups | None) -> Iterator[Seen]:
        """Give the person and what is doubtful about them, or why they cannot be taken."""
        external_id = self.id_of(entry)
        if external_id is None:
            yield RowRefused(row, Field.EXTERNAL_ID, "missing", None)
            return
        texts: dict[Field, str] = {}
        for each, names in self.attributes.items():
            text = _text(entry, names)
            if text is None:
                yield RowRefused(row, each, "control_character", external_id)
                return
            texts[each] = text
        start, end = texts.get(_START_DATE), texts.get(_END_DATE)
        start_date = day_of(start) if start else None
        end_date = day_of(end) if end else None
        if start and start_date is None:
            yield RowDoubtful(row, _START_DATE, "not_a_date")
        if end and end_date is None:
            yield RowDoubtful(row, _END_DATE, "not_a_date")
        ends = self.end_of(entry)
        if ends is not None and (end_date is None or ends < end_date):
            end_date = ends
        get = texts.get
        manager = get(_MANAGER)
        if manager:
            place = place_of(manager)
            self.managers[place] = manager
            manager = place
        yield PersonSeen(
            row=row,
            external_id=external_id,
            user_name=get(_USER_NAME, ""),
            email=get(_EMAIL, ""),
            given_name=get(_GIVEN_NAME, ""),
            family_name=get(_FAMILY_NAME, ""),
            title=get(_TITLE),
            unit=get(_UNIT),
            work_mobile=get(_WORK_MOBILE),
            manager=manager,
            start_date=start_date,
            end_date=end_date,
            protected=_truth(get(_PROTECTED)),
            groups=None if groups is None else groups.of(entry),
            off=self.is_off(entry),
        )


def _text(entry: Entry, names: Sequence[str]) -> str | None:
    """Return the first value there is, in NFC and without blanks around it; None for a bad one."""
    values = entry.values
    for name in names:
        found = values.get(name)
        if found:
            text = found[0].decode("utf-8", "replace").strip()
            if not text:
                continue
            if text.isascii() and text.isprintable():
                return text
            return None if _UNSEEN.search(text) else unicodedata.normalize("NFC", text)
    return ""


def _truth(written: str | None) -> bool | None:
    """Read a mark of protection: whoever wrote something there meant something."""
    if written is None:
        return None
    return written.casefold() not in {"", "false", "no", "nej", "0", "n"}


def day_of(written: str) -> date | None:
    """Read a day: generalized time (RFC 4517 §3.3.13) or a date, or None."""
    for pattern in _DATES:
        try:
            return datetime.strptime(written, pattern).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def instant_of(written: str | None) -> datetime | None:
    """Read an instant to the second: `20261122195512Z` (RFC 4517 §3.3.13).

    None for what is none, such as the year 0 that stands for «for good».
    """
    found = _INSTANT.match(written or "")
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
