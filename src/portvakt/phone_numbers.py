"""Telephone numbers as people write them, turned into E.164, and which of them may get a text.

Kinds come from Google's metadata by way of `phonenumbers`. Two of its kindnesses are refused: it
reads letters as the digits of old telephone keys, and digits of every script as digits, so a note
such as “070-ABC DE FG” would become somebody's number.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

_AS_WRITTEN = re.compile(r"[0-9+()/. \t\u00a0\u2007\u2009\u202f\u2010-\u2015-]+")
_PLAIN = re.compile(r"(?:\+46[ -]?|0)(7[02369](?:[ -]?[0-9]){7})")
"""Swedish mobiles as nearly everybody writes them. All of these are mobiles to `phonenumbers` too,
and the same ones (a test compares), so that it need not be asked, which takes ten times as long.
"""
_NO_SEPARATORS = str.maketrans("", "", " -")
_LONGEST = 40
_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_MEANT = {1: frozenset({"US", "CA"})}
"""Whose numbers a bare country code means, where that is more than one country.

Several countries share a code, and texts to the small ones (the Caribbean in +1, the islands of
+44) are what toll fraud lives on. They are reached by a prefix that names them, such as +1876.
"""


class Reason(StrEnum):
    """Why a number gets no text. The words are those of the import report."""

    NO_NUMBER = "no_number"
    BAD_NUMBER = "bad_number"
    LANDLINE = "landline"
    FOREIGN = "foreign"
    """Outside the prefixes that the organisation allows."""
    NOT_MOBILE = "not_mobile"
    """A number of the right country that is neither mobile nor landline: premium, pager, …"""


@dataclass(frozen=True, slots=True)
class Usable:
    """A number that may get a text, in E.164."""

    number: str


@dataclass(frozen=True, slots=True)
class NotUsable:
    """A number, or none, that gets no text."""

    reason: Reason


def usable_for_text(
    written: str | None, allowed_prefixes: Collection[str], region: str = "SE"
) -> Usable | NotUsable:
    """Judge a number as somebody wrote it; `region` is the country (ISO 3166) of national forms."""
    if written is None or not written.strip():
        return NotUsable(Reason.NO_NUMBER)
    allowed = tuple(allowed_prefixes)
    plain = _plain_mobile(written, region)
    if plain is not None and plain.startswith(allowed) and _is_allowed("+46", allowed):
        return Usable(plain)
    parsed = _parse(written, region)
    if parsed is None:
        return NotUsable(Reason.BAD_NUMBER)
    number = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    reason = _reason_against(parsed, number, allowed)
    return Usable(number) if reason is None else NotUsable(reason)


def _plain_mobile(written: str, region: str) -> str | None:
    """Return a Swedish mobile in E.164 where that takes no thought, else None."""
    found = _PLAIN.fullmatch(written)
    if found is None or (written[0] == "0" and region != "SE"):
        return None
    return f"+46{found[1].translate(_NO_SEPARATORS)}"


def _is_allowed(country: str, allowed_prefixes: tuple[str, ...]) -> bool:
    """Say whether numbers of a country may get texts at all."""
    return any(prefix.startswith(country) for prefix in allowed_prefixes)


def _reason_against(
    parsed: PhoneNumber, number: str, allowed_prefixes: tuple[str, ...]
) -> Reason | None:
    """Name the country first: which numbers are real abroad is not for us to know."""
    if not _is_allowed(f"+{parsed.country_code}", allowed_prefixes):
        return Reason.FOREIGN
    kind = phonenumbers.number_type(parsed)
    if kind == PhoneNumberType.UNKNOWN:  # what `is_valid_number` asks, by the same way
        return Reason.BAD_NUMBER
    if kind == PhoneNumberType.FIXED_LINE:
        return Reason.LANDLINE
    if kind not in _MOBILE:
        return Reason.NOT_MOBILE
    reached = any(
        number.startswith(prefix) and _is_meant(parsed, prefix) for prefix in allowed_prefixes
    )
    return None if reached else Reason.FOREIGN


def _is_meant(parsed: PhoneNumber, prefix: str) -> bool:
    """Say whether a prefix that a number has also means its country."""
    code = parsed.country_code
    if code is None or prefix != f"+{code}":
        return True
    meant = _MEANT.get(code, frozenset({phonenumbers.region_code_for_country_code(code)}))
    return phonenumbers.region_code_for_number(parsed) in meant


def to_e164(written: str, region: str = "SE") -> str | None:
    """Return a number of any kind in E.164, or None where it is no number at all."""
    parsed = _parse(written, region)
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def _parse(written: str, region: str) -> PhoneNumber | None:
    """Read a number that is at least possible somewhere."""
    if len(written) > _LONGEST or not _AS_WRITTEN.fullmatch(written.strip()):
        return None
    try:
        parsed = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    return parsed if phonenumbers.is_possible_number(parsed) else None


def partly_hidden(number: str) -> str:
    """Return a number as its owner may be shown it: `••• 05`."""
    return f"••• {number[-2:]}"


def written_for_people(number: str, region: str = "SE") -> str:
    """Return an E.164 number as people of the region write it: `070-174 06 05`."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    home = phonenumbers.country_code_for_region(region) == parsed.country_code
    form = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)


def country_prefix(region: str) -> str:
    """Return how numbers of a country (ISO 3166) begin in E.164: `+46`."""
    return f"+{phonenumbers.country_code_for_region(region)}"


def is_prefix(text: str) -> bool:
    """Say whether a text can be a prefix of E.164 numbers, such as `+467`."""
    return re.fullmatch(r"\+[1-9][0-9]{0,14}", text) is not None
