"""What a new password must be. Applied when one is chosen, never at sign-in.

Length and a blocklist, and no rules of composition (NIST SP 800-63B-4 section 3.1.1.2, OWASP ASVS
5.0 6.2). Every violation is returned, not the first.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from portvakt.core.messages import MessageId
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
    BREACHED = "breached"
    """It stands in a list of passwords that have leaked."""
    CONTEXT_WORD = "context_word"
    OWN_NAME = "own_name"
    LIKE_CURRENT = "like_current"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and the words that are all there is to the password."""

    violation: Violation
    parts: tuple[str, ...] = ()
    """As the organisation, the account or the calendar writes them, and not as they were typed."""


def _never(_: str) -> bool:
    return False


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
        """Return every kind of thing that is wrong: `review` without the words."""
        found = self.review(typed, is_common=is_common, own_words=own_words, current=current)
        return tuple(each.violation for each in found)

    def review(
        self,
        typed: str,
        *,
        is_common: Callable[[str], bool],
        is_breached: Callable[[str], bool] = _never,
        own_words: Iterable[str] = (),
        place_words: Iterable[str] = (),
        current: str | None = None,
    ) -> tuple[Finding, ...]:
        """Return everything that is wrong with a new password; nothing if it may be taken.

        `is_common` and `is_breached` look the whole password up, as `prepare` made it.
        `place_words` are the organisation's for this person (`place_words_of`). `current` is the
        password that it replaces, where that is known.
        """
        password = prepare(typed)
        if password is None:
            long = len(typed.encode("utf-8", "surrogatepass")) > MOST_BYTES
            return (Finding(Violation.TOO_LONG if long else Violation.UNREADABLE),)
        context = {**_plain_context(self.context_words), **_plain_words(frozenset(place_words))}
        own = _plain_words(frozenset(own_words))
        of_place, of_name = _made_of(password, context), _made_of(password, own)
        if not of_place and not of_name:
            of_name = _made_of(password, {**context, **own})  # one word of each
        holds = {
            Violation.TOO_SHORT: len(password) < self.minimum,
            Violation.TOO_LONG: len(password) > LONGEST,
            Violation.COMMON: is_common(password),
            Violation.BREACHED: is_breached(password),
            Violation.CONTEXT_WORD: of_place,
            Violation.OWN_NAME: of_name,
            Violation.LIKE_CURRENT: current is not None and _is_like(password, prepare(current)),
        }
        return tuple(
            Finding(violation, held if isinstance(held, tuple) else ())
            for violation, held in holds.items()
            if held
        )

    def said(self, finding: Finding) -> tuple[MessageId, Mapping[str, object]]:
        """Give the sentence for one finding, and what is put into it."""
        values: dict[str, object] = {}
        match finding.violation:
            case Violation.TOO_SHORT:
                values = {"least": self.minimum}
            case Violation.TOO_LONG:
                values = {"most": LONGEST}
            case Violation.CONTEXT_WORD | Violation.OWN_NAME:
                values = {"parts": ", ".join(finding.parts)}
            case _:
                pass
        return MessageId(f"passwords.wrong_{finding.violation}"), values


def minimum_of(*, always_multifactor: bool) -> int:
    """Say how many characters are asked for.

    `always_multifactor` is whether no path at all lets the password stand alone: not from inside,
    not for any app.
    """
    return ALWAYS_MULTIFACTOR if always_multifactor else ALONE


def words_of(account: Account) -> frozenset[str]:
    """List the words that are somebody's own: names and their parts, user name, address."""
    local, _, _ = account.email.partition("@")
    whole = [account.given_name, account.family_name, account.display_name]
    whole += [account.user_name, local, account.email]
    parts = (part for each in whole for part in each.replace("-", " ").replace(".", " ").split())
    return frozenset(each for each in (*whole, *parts) if each)


def place_words_of(account: Account) -> frozenset[str]:
    """List the words of where somebody works: the unit and the title, and their longer parts."""
    parts = (part for each in (account.unit, account.title) for part in re.split(r"\W+", each))
    whole = (account.unit, account.title)
    return frozenset(each for each in (*whole, *parts) if len(each) >= _PLACE_LETTERS)


_PLACE_LETTERS = 4
"""Shorter parts of a unit's name are «och», «vid» and the like."""


def _made_of(password: str, words: Mapping[str, str]) -> tuple[str, ...]:
    """Name the one or two words that are all there is to the password; nothing if there is more.

    Digits and punctuation at the ends and between the words, digits that stand for letters,
    repetition, reversal, letter case and dots over letters do not hide a word (rule R23). A word
    inside a longer phrase is allowed.
    """
    for spelt in (password, *(_unmasked(password, table) for table in _MASKS)):
        letters = _plain(spelt)
        for way in (letters, letters[::-1]):
            used = _covered(way, words) if way else frozenset()
            if used:
                return tuple(sorted(words[each] for each in used))
    return ()


_MOST_WORDS = 2
_MASKED = re.compile(r"(?<=[^\W\d_])[013457@$!]+(?=[^\W\d_])")
_MASKS = (str.maketrans("013457@$!", "oieastasi"), str.maketrans("013457@$!", "oleastasl"))
"""What people write for a letter in the middle of a word: 0 for o, 1 for i or l, @ for a."""


def _unmasked(password: str, table: dict[int, int]) -> str:
    return _MASKED.sub(lambda found: found.group().translate(table), password)


def _covered(letters: str, words: Iterable[str]) -> frozenset[str]:
    """Find at most two different words that the letters are, in any order and number."""
    reached: dict[int, set[frozenset[str]]] = {0: {frozenset()}}
    for start in range(len(letters)):
        for word in words if start in reached else ():
            if not letters.startswith(word, start):
                continue
            for used in reached[start]:
                grown = used | {word}
                if len(grown) <= _MOST_WORDS:
                    reached.setdefault(start + len(word), set()).add(grown)
    found = reached.get(len(letters), set())
    return min(found, key=lambda used: (len(used), sorted(used)), default=frozenset())


@lru_cache(maxsize=4)
def _plain_context(words: frozenset[str]) -> Mapping[str, str]:
    return _plain_words(words | CALENDAR)


def _plain_words(words: frozenset[str]) -> Mapping[str, str]:
    """Map each word's bare letters to the word as it is written, with a capital if it has one."""
    ordered = sorted(words, reverse=True)
    return {plain: word for word in ordered if len(plain := _plain(word)) > 1}


def _plain(text: str) -> str:
    """Keep the letters only, in lower case and without what stands over or under them."""
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(each for each in apart if each.isalpha())


def _is_like(password: str, current: str | None) -> bool:
    if not current or len(password) > len(current) + NEARLY:
        return False
    return password.startswith(current) or password.endswith(current)
