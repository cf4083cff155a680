"""One rule of conditional access, as it is stored; what rules come to is `core.policy`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from portvakt.core.asking import Ask
from portvakt.core.conditions import Condition
from portvakt.core.ids import RuleId


class RuleState(StrEnum):
    """REPORT_ONLY leaves a line in the trace and changes nothing."""

    ON = "on"
    REPORT_ONLY = "report_only"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, with its reason in the languages of the pages (sv, en)."""

    id: RuleId
    state: RuleState
    when: Condition
    require: Ask
    reason: Mapping[str, str] = field(default_factory=dict)
    sign_in_every: timedelta | None = None
    """How old what was shown may be."""
    session_at_most: timedelta | None = None
    """How long a session may last in all."""
    remember: timedelta | None = None
    """How long after a second factor a browser counts as known here; None: no browser does."""

    @property
    def limits(self) -> bool:
        """Whether it sets a limit of time, whatever it asks for."""
        times = (self.sign_in_every, self.session_at_most, self.remember)
        return any(each is not None for each in times)


def spoken(time: timedelta) -> str:
    """Write a length of time as rules do: «8h», «1d», «90m», «30s»."""
    seconds = int(time.total_seconds())
    for letter, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{letter}"
    return f"{seconds}s"
