"""Accounts for the day on which nobody else gets in: what they are, and what alone opens them.

Two keys each, that never leave the thing they were made in and verify who holds them; no rule, no
lock and nothing else counts (rule R27). Nothing finds one by a name, so that nobody can ask for
anything in its name, and a stranger who knows it sees what anybody sees.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from portvakt.core.assurance import Requirement, Strength
from portvakt.core.ids import RuleId
from portvakt.core.policy import Decision, Outcome, TraceLine
from portvakt.core.roles import Role

SOURCE: Final = "break_glass"
"""`Account.source` of these, which no directory, file or HR system can be called."""
KEYS: Final = 2
ACCOUNTS: Final = 2
"""How many of each there should be: one may be lost, or be locked in a safe."""
LINK_LIVES: Final = timedelta(hours=1)
"""How long the link counts with which the keys are made."""
TEST_EVERY: Final = timedelta(days=90)
TEST_TAKES: Final = timedelta(days=1)
"""How far apart the keys of one test may be used."""
REMIND_EVERY: Final = timedelta(days=7)
STRENGTH: Final = Strength(passwordless=True, phishing_resistant=True, device_bound=True)
REQUIREMENT: Final = Requirement(
    multifactor=True, phishing_resistant=True, any_of=frozenset({frozenset({STRENGTH})})
)
RULE: Final = RuleId("break-glass")
"""What a trace says in place of rules."""
_SAID: Final = "only a key that stays where it was made and asks who holds it; no rule counts"
_FENCED: Final = "not from here: [break_glass] networks"


def roles_of(source: str, given: Iterable[str]) -> frozenset[Role]:
    """Return the roles of somebody of this source, to whom those were given.

    Being a break-glass account is what the account is, and nothing that could be given or taken.
    """
    roles = frozenset(map(Role, given)) - {Role.BREAK_GLASS}
    return roles | {Role.BREAK_GLASS} if source == SOURCE else roles


def decision(*, here: bool) -> Decision:
    """Decide for one of these. `here` is whether the settings let it be used at this address."""
    line = TraceLine(RULE, Outcome.APPLIED, _SAID if here else _FENCED, refuses=not here)
    return Decision(not here, REQUIREMENT, (), (line,))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStands:
    """One key, as far as whoever is in charge needs to know it."""

    id: str
    label: str
    made_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlass:
    """One account, and how well it stands."""

    name: str
    usable: bool
    """Both keys have been made at some time; it stays so with one."""
    keys: tuple[KeyStands, ...]
    added_at: datetime
    tested_at: datetime | None

    def untested(self, now: datetime) -> timedelta:
        """Say for how long nobody has shown that it works."""
        return now - (self.tested_at or self.added_at)

    def is_overdue(self, now: datetime) -> bool:
        """Whether it is time for a test."""
        return self.untested(now) >= TEST_EVERY

    def is_ready(self) -> bool:
        """Whether it is as it should be."""
        return self.usable and len(self.keys) >= KEYS

    def was_tested(self, now: datetime) -> bool:
        """Whether every key has just been used: that is what a test is."""
        used = [each.used_at for each in self.keys]
        return self.is_ready() and all(
            at is not None and now - at <= TEST_TAKES and at >= each.made_at
            for at, each in zip(used, self.keys, strict=True)
        )
