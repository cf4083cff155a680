"""What `[texts]` must not say: shares for what is no prefix, and words that are no text."""

import re
from typing import Final
from urllib.parse import urlsplit

from portvakt import gsm7
from portvakt.settings.structs import Settings, TextWords
from portvakt.sms import CodeText
from portvakt.strict_toml import Problems
from portvakt.texts import LANGUAGES, Texts

PURPOSES: Final = ("sign_in", "methods", "bind", "reset")
_PREFIX: Final = re.compile(r"\+[1-9][0-9]{0,14}")
_ADDRESS: Final = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_LINK: Final = re.compile(r"://|www\.|\b[a-z0-9-]+\.[a-z]{2,}(/|\b)", re.IGNORECASE)
_MOST_PARTS: Final = 3
_DIGITS: Final = "123456"


def own_words(settings: Settings) -> dict[str, dict[str, str]]:
    """Return the organisation's own words by language and purpose."""
    return {language: _of(getattr(settings.texts, language)) for language in LANGUAGES}


def _of(words: TextWords) -> dict[str, str]:
    found = ((purpose, getattr(words, purpose)) for purpose in PURPOSES)
    return {purpose: text for purpose, text in found if text is not None}


def check_texts(settings: Settings, problems: Problems) -> None:
    """Note what cannot be meant in `[texts]`."""
    for prefix in settings.texts.per_prefix:
        if not _PREFIX.fullmatch(prefix):
            where = ("texts", "per_prefix", prefix)
            problems.add(where, f"“{prefix}” is not a prefix such as +47")
    check_addresses(("texts", "warn"), settings.texts.warn, problems)
    own = own_words(settings)
    for language, words in own.items():
        for purpose, text in words.items():
            _words(text, ("texts", language, purpose), problems)
    if any(own.values()):
        _sizes(settings, own, problems)
    name = settings.organisation.name
    if settings.sms and gsm7.written(name) != name:
        problems.warn(
            ("organisation", "name"),
            f"is written “{gsm7.written(name).strip()}” in text messages, whose alphabet lacks a "
            "sign of it",
        )


def check_addresses(where: tuple[str, ...], addresses: tuple[str, ...], problems: Problems) -> None:
    """Note what is no mail address."""
    for at, address in enumerate(addresses):
        if not _ADDRESS.fullmatch(address):
            problems.add((*where, at), f"“{address}” is not a mail address")


def _words(text: str, where: tuple[str, ...], problems: Problems) -> None:
    left = text.replace("{code}", "").replace("{organisation}", "")
    if text.count("{code}") != 1 or text.count("{organisation}") != 1:
        problems.add(where, "must hold {organisation} and {code}, once each")
    elif "{" in left or "}" in left:
        problems.add(where, "knows no other {…} than {organisation} and {code}")
    elif _LINK.search(left):
        problems.add(where, "holds a link, and a text with a code never does")
    elif "@" in left or "#" in left:
        problems.add(where, "must not hold @ or #: the line that fills in the code is added")
    elif re.search(r"[0-9]{4}", left):
        problems.add(where, "holds digits that could be taken for the code")


def _sizes(settings: Settings, own: dict[str, dict[str, str]], problems: Problems) -> None:
    """Count what each of the organisation's own texts costs."""
    host = urlsplit(settings.public_url).hostname or ""
    texts = CodeText(
        texts=Texts.load(), organisation=settings.organisation.name, host=host, own=own
    )
    for language, words in own.items():
        for purpose in words:
            parts = gsm7.parts(texts.code(language, purpose=purpose, digits=_DIGITS))
            where = ("texts", language, purpose)
            if parts > _MOST_PARTS:
                problems.add(where, f"makes {parts} messages of one text; {_MOST_PARTS} at most")
            elif parts > 1:
                problems.warn(where, f"makes {parts} messages of one text, and each is paid for")
