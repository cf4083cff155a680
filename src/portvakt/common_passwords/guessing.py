"""How soon somebody would guess a password who tries what people choose."""

from collections.abc import Iterable
from dataclasses import dataclass

from portvakt.common_passwords.patterns import shipped
from portvakt.core.password_rules import prepare

ESTIMATED = 64
"""Characters that are looked at; a long password that begins this weakly is refused as well."""
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

    whole = prepare(password)
    if not whole or whole in shipped():
        return Strength(0)
    known = sorted(words)[:_MOST_WORDS]
    score: int = zxcvbn(whole[:ESTIMATED], user_inputs=known)["score"]
    return Strength(score)


def is_common(password: str, words: Iterable[str] = ()) -> bool:
    """Whether a password, as `prepare` made it, is among what people choose (ASVS 6.2.4)."""
    return not estimate(password, words).enough
