"""How soon somebody would guess a password who tries what people choose."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portvakt.common_passwords.patterns import shipped
from portvakt.core.password_rules import prepare

ESTIMATED = 64
"""Characters that are looked at; a long password that begins this weakly is refused as well."""
_MOST_WORK = 100_000
"""What is looked at is shortened until the ways to read its digits and signs as letters, times the
square of its length, are no more: 0.1 s. zxcvbn tries every one, and 64 signs could take 3 s."""
LEAST_SCORE = 3
"""Of 4: more than 10^8 guesses for somebody who tries what people choose (OWASP ASVS 6.2.8)."""
_MOST_WORDS = 50


@dataclass(frozen=True, slots=True)
class Strength:
    """0 (guessed at once) to 4 (not guessed): what the meter shows while somebody types."""

    score: int

    @property
    def enough(self) -> bool:
        """Whether it would be taken, as far as guessing goes."""
        return self.score >= LEAST_SCORE


def estimate(password: str, words: Iterable[str] = ()) -> Strength:
    """Estimate a password; `words` are the person's and the organisation's, which count as known.

    Takes some milliseconds of CPU, and 0.1 s the first time: call it in a thread.
    """
    from zxcvbn import zxcvbn  # noqa: PLC0415 - 10 MB that a start should not pay
    from zxcvbn.matching import L33T_TABLE  # noqa: PLC0415 - as above

    whole = prepare(password)
    if not whole or whole in shipped():
        return Strength(0)
    known = sorted(words)[:_MOST_WORDS]
    score: int = zxcvbn(_begins(whole, L33T_TABLE), user_inputs=known)["score"]
    return Strength(score)


def _begins(password: str, signs: Mapping[str, Sequence[str]]) -> str:
    """Take as much of a password as can be looked at in time. `signs` stand for letters."""
    length = min(len(password), ESTIMATED)
    while length > 1:
        used = frozenset(password[:length])
        readings = math.prod(max(1, len(used.intersection(each))) for each in signs.values())
        if readings * length**2 <= _MOST_WORK:
            break
        length -= 1
    return password[:length]


def is_common(password: str, words: Iterable[str] = ()) -> bool:
    """Whether a password, as `prepare` made it, is among what people choose (ASVS 6.2.4)."""
    return not estimate(password, words).enough
