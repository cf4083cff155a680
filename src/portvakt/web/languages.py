"""Which language a page speaks: what was chosen, else what the browser prefers, else Swedish."""

import re
from functools import lru_cache

from portvakt.texts import LANGUAGES

DEFAULT_LANGUAGE = LANGUAGES[0]

_LONGEST = 400
_RANGE = re.compile(
    r"\s*(?P<tag>[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)"
    r"(?:\s*;\s*q=(?P<q>0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?\s*"
)


@lru_cache(maxsize=256)
def preferred_language(accept_language: str) -> str:
    """Return the language of ours that the header likes best (RFC 9110 section 12.5.4).

    A header that cannot be read says nothing, and Swedish is what is spoken here.
    """
    best, best_weight = DEFAULT_LANGUAGE, 0.0
    for part in accept_language.split(","):
        matched = _RANGE.fullmatch(part)
        if matched is None:
            continue
        language = matched["tag"].partition("-")[0].lower()
        weight = float(matched["q"] or 1)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def chosen_language(cookie: str | None, accept_language: str) -> str:
    """Return the language to answer in; a cookie that names no language of ours is ignored."""
    return cookie if cookie in LANGUAGES else preferred_language(accept_language[:_LONGEST])
