"""One judge of new passwords for every page that asks for one: the rules, and what is looked up."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from portvakt.common_passwords.blocklist import Blocklist
from portvakt.common_passwords.guessing import Strength, estimate, is_common
from portvakt.core.password_rules import (
    ALONE,
    LONGEST,
    Finding,
    PasswordRules,
    place_words_of,
    prepare,
    words_of,
)
from portvakt.core.people import Account

MEASURED: Final = 100
"""Characters that are looked at while somebody types: the time for it grows with them."""
_BEST: Final = 4


class Level(StrEnum):
    """What the meter says; also the end of its word's name."""

    WEAK = "weak"
    """It would not be taken."""
    FAIR = "fair"
    STRONG = "strong"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Measure:
    """What the meter shows while somebody types."""

    level: Level
    missing: int
    """How many characters more it needs to be long enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordJudge:
    """Says everything that is wrong with a new password. Every call takes CPU: use a thread."""

    rules: PasswordRules
    breached: Blocklist | None = None

    @classmethod
    def over(
        cls,
        *,
        organisation: str,
        words: Iterable[str] = (),
        least: int = ALONE,
        breached_file: str | None = None,
    ) -> Self:
        """Make one from the settings. Raises `BrokenListError`, and OSError for a missing file."""
        context = frozenset({organisation, *organisation.split(), *words})
        breached = None if breached_file is None else Blocklist.open(Path(breached_file))
        return cls(rules=PasswordRules(minimum=least, context_words=context), breached=breached)

    def review(
        self, typed: str, account: Account, *, current: str | None = None, least: int = 0
    ) -> tuple[Finding, ...]:
        """Return everything that is wrong; nothing if it may be taken.

        `least` is what the person's directory asks for, where that is more. `rules.said` gives the
        sentences.
        """
        own = words_of(account)
        return self.asking(least).review(
            typed,
            is_common=lambda password: is_common(password, own),
            is_breached=lambda password: self.breached is not None and password in self.breached,
            own_words=own,
            place_words=place_words_of(account),
            current=current,
        )

    def measure(self, typed: str, account: Account, *, least: int = 0) -> Measure:
        """Say for the meter whether a password would be taken, as far as can be told cheaply.

        Of a long one only the beginning is looked at. `least` is as for `review`.
        """
        password = prepare(typed)
        if password is None:
            return Measure(Level.WEAK, 0)
        missing = max(0, self.asking(least).minimum - len(password))
        leaked = self.breached is not None and password in self.breached
        if len(password) > LONGEST:
            return Measure(Level.TOO_LONG, 0)
        if missing or leaked:
            return Measure(Level.WEAK, missing)
        strength = self.strength(password[:MEASURED], account)
        if not strength.enough:
            return Measure(Level.WEAK, 0)
        return Measure(Level.STRONG if strength.score == _BEST else Level.FAIR, 0)

    def asking(self, least: int) -> PasswordRules:
        """Give the rules with a directory's shortest length, where that is more than ours."""
        return replace(self.rules, minimum=max(self.rules.minimum, least))

    def strength(self, typed: str, account: Account | None = None) -> Strength:
        """Estimate a password for the meter: what is shown while somebody types.

        Nothing but known words is nought, as it would be refused. How long it must be is told
        beside the meter and does not move it.
        """
        own = frozenset[str]() if account is None else words_of(account)
        place = frozenset[str]() if account is None else place_words_of(account)
        found = self.rules.review(
            typed, is_common=lambda _: False, own_words=own, place_words=place
        )
        if any(each.parts for each in found):
            return Strength(0)
        return estimate(typed, own | place | self.rules.context_words)
