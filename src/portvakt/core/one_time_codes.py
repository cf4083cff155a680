"""Codes that people type: how they are shown, and which ways of typing them are taken.

Anything outside the written form is refused and never repaired (rule R4): no other digits than
ASCII, no letters that merely look right, no spaces but those that the code is shown with.
"""

import hmac

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
"""The alphabet of RFC 4648 section 6: no 0, 1, 8 or 9 to be mistaken for letters."""


def normalise_digits(typed: str, length: int) -> str | None:
    """Read a code of digits: exactly `length`, in ASCII.

    Space round it and single spaces or hyphens within it are what phones and people add; None for
    anything else.
    """
    bare = _without_separators(typed)
    if bare is None or len(bare) != length or not (bare.isascii() and bare.isdigit()):
        return None
    return bare


def normalise_base32(typed: str, length: int) -> str | None:
    """Read a printed or handed-out code: exactly `length` characters of base32, in any case.

    Given in upper case, as codes are drawn and printed; None for anything else.
    """
    bare = _without_separators(typed)
    if bare is None or len(bare) != length or not bare.isascii():
        return None
    upper = bare.upper()
    return upper if all(each in BASE32 for each in upper) else None


def group(code: str, size: int = 4) -> str:
    """Write a code as people read it: in groups with a hyphen between, the last one the longest.

    A rest of one or two characters joins the group before it.
    """
    ends = list(range(size, len(code), size))
    if ends and len(code) - ends[-1] < min(size, 3):
        ends.pop()
    starts = [0, *ends]
    return "-".join(code[start:end] for start, end in zip(starts, [*ends, len(code)], strict=True))


def same(one: str, other: str) -> bool:
    """Compare two codes in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


_LONGEST = 128
"""More than any code with its separators; what is longer is not looked at."""


def _without_separators(typed: str) -> str | None:
    """Take away the spaces round a code and the single spaces or hyphens between its characters."""
    if len(typed) > _LONGEST:
        return None
    trimmed = typed.strip(" ")
    parts = trimmed.replace("-", " ").split(" ")
    return "".join(parts) if all(parts) else None
