"""What a new password must be. Applied when one is chosen, never at sign-in.

Length and a blocklist, and no rules of composition (NIST SP 800-63B-4 section 3.1.1.2, OWASP ASVS
5.0 6.2). Every violation is returned, not the first.
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from portvakt.core.people import Account

ALONE = 15
"""Code points of a password that is ever used alone (NIST SP 800-63B-4 section 3.1.1.2)."""
ALWAYS_MULTIFACTOR = 8
"""Code points where every way in asks for a second factor as well."""
LONGEST = 128
MOST_BYTES = 1024
"""What is longer in UTF-8 is refused before anything is made of it."""
NEARLY = 2
"""A new password is more than the current one and this many characters."""

CALENDAR = frozenset(
    """
    vår sommar höst vinter spring summer autumn fall winter
    januari februari mars april maj juni juli augusti september oktober november december
    january february march may june july august october
    måndag tisdag onsdag torsdag fredag lördag söndag
    monday tuesday wednesday thursday friday saturday sunday
    jul påsk midsommar
    lösenord password portvakt välkommen welcome
    """.split()  # noqa: SIM905  # a page of words reads better than a column
)
"""Words that people take when they must choose in a hurry; the organisation adds its own."""


class Violation(StrEnum):
    """One reason why a password is not taken; also the end of its sentence's name."""

    UNREADABLE = "unreadable"
    """Not text: a NUL or half a character."""
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    CONTEXT_WORD = "context_word"
    OWN_NAME = "own_name"
    LIKE_CURRENT = "like_current"


def prepare(typed: str) -> str | None:
    """Bring a typed password to the form that is hashed and compared: NFC and nothing else.

    Never trimmed, folded or cut (A005, A006; NFC is a documented deviation from ASVS 6.2.8). None
    for what cannot be a password: more than 1024 bytes, a NUL, or half a surrogate pair.
    """
    if len(typed) > MOST_BYTES:
        return None
    composed = unicodedata.normalize("NFC", typed)
    try:
        size = len(composed.encode("utf-8"))
    except UnicodeEncodeError:
        return None
    return None if size > MOST_BYTES or "\0" in composed else composed


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """The rules of one installation."""

    minimum: int = ALONE
    context_words: frozenset[str] = frozenset()
    """The organisation, its towns and systems; the calendar is always among them."""

    def check(
        self,
        typed: str,
        *,
        is_common: Callable[[str], bool],
        own_words: Iterable[str] = (),
        current: str | None = None,
    ) -> tuple[Violation, ...]:
        """Return everything that is wrong with a new password; nothing if it may be taken.

        `is_common` looks the whole password up among those that were breached or are often used.
        `current` is the one it replaces, where that is known.
        """
        password = prepare(typed)
        if password is None:
            long = len(typed.encode("utf-8", "surrogatepass")) > MOST_BYTES
            return (Violation.TOO_LONG if long else Violation.UNREADABLE,)
        found = {
            Violation.TOO_SHORT: len(password) < self.minimum,
            Violation.TOO_LONG: len(password) > LONGEST,
            Violation.COMMON: is_common(password),
            Violation.CONTEXT_WORD: _made_of(password, _plain_context(self.context_words)),
            Violation.OWN_NAME: _made_of(password, _plain_words(frozenset(own_words))),
            Violation.LIKE_CURRENT: current is not None and _is_like(password, prepare(current)),
        }
        return tuple(violation for violation, holds in found.items() if holds)


def words_of(account: Account) -> frozenset[str]:
    """List the words that are somebody's own: names and their parts, user name, address."""
    local, _, _ = account.email.partition("@")
    whole = [account.given_name, account.family_name, account.display_name]
    whole += [account.user_name, local, account.email]
    parts = (part for each in whole for part in each.replace("-", " ").replace(".", " ").split())
    return frozenset(each for each in (*whole, *parts) if each)


def _made_of(password: str, words: frozenset[str]) -> bool:
    """Whether nothing is left of the password but one or two of these words.

    Digits and punctuation at the ends and between the words, repetition, reversal, letter case
    and dots over letters do not hide a word (rule R23). A word inside a longer phrase is allowed.
    """
    letters = _plain(password)
    if not letters:
        return False
    return _covered(letters, words) or _covered(letters[::-1], words)


_MOST_WORDS = 2


def _covered(letters: str, words: frozenset[str]) -> bool:
    """Whether the letters are at most two different words, in any order and number."""
    reached: dict[int, set[frozenset[str]]] = {0: {frozenset()}}
    for start in range(len(letters)):
        for word in words if start in reached else ():
            if not letters.startswith(word, start):
                continue
            for used in reached[start]:
                grown = used | {word}
                if len(grown) <= _MOST_WORDS:
                    reached.setdefault(start + len(word), set()).add(grown)
    return len(letters) in reached


@lru_cache(maxsize=4)
def _plain_context(words: frozenset[str]) -> frozenset[str]:
    return _plain_words(words | CALENDAR)


def _plain_words(words: frozenset[str]) -> frozenset[str]:
    return frozenset(plain for plain in map(_plain, words) if len(plain) > 1)


def _plain(text: str) -> str:
    """Keep the letters only, in lower case and without what stands over or under them."""
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(each for each in apart if each.isalpha())


def _is_like(password: str, current: str | None) -> bool:
    if not current or len(password) > len(current) + NEARLY:
        return False
    return password.startswith(current) or password.endswith(current)
