"""Which language a page speaks: Swedish, until somebody chooses otherwise.

What the browser says it prefers is not heard. Work computers are often installed in English for
people who read Swedish, and the organisation's instructions quote Swedish buttons; one button on
every page changes the language, and the choice is kept (docs/adr/0015-texts-by-id.md).
"""

from portvakt.texts import LANGUAGES

DEFAULT_LANGUAGE = LANGUAGES[0]


def chosen_language(cookie: str | None) -> str:
    """Return the language to answer in; a cookie that names no language of ours is ignored."""
    return cookie if cookie is not None and cookie in LANGUAGES else DEFAULT_LANGUAGE
