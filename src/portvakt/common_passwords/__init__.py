"""Whether a password is one that others have: lists that are looked up here, without network.

Three of them. A small one of our own, made from `words.toml` when it is first asked for: Swedish
words and what people put after them. What `zxcvbn` knows (English words, names, keyboards). And a
big one of what has leaked, if the organisation brings it (`docs/operators/passwords.md`).
"""

from portvakt.common_passwords.blocklist import Blocklist, BrokenListError
from portvakt.common_passwords.guessing import Strength, estimate, is_common
from portvakt.common_passwords.judging import Level, Measure, PasswordJudge
from portvakt.common_passwords.patterns import expand, shipped

__all__ = [
    "Blocklist",
    "BrokenListError",
    "Level",
    "Measure",
    "PasswordJudge",
    "Strength",
    "estimate",
    "expand",
    "is_common",
    "shipped",
]
