"""What came of writing a password, from what a directory's server answered."""

from collections.abc import Callable

from portvakt.core import password_outcomes as outcomes
from portvakt.wire.ldap_values import Done, Refused, ServiceRefused, Unclear, Unreachable

Answered = Done | Refused | Unclear | Unreachable | ServiceRefused
Refusal = Callable[[Refused], outcomes.Refused]

NO_SUCH_OBJECT = 32
INSUFFICIENT_RIGHTS = 50
UNWILLING = 53


def outcome_of(answered: Answered, refusal: Refusal) -> outcomes.WriteOutcome:
    """Say what a write came to; `refusal` puts a server's own «no» into the person's words."""
    match answered:
        case Done():
            return outcomes.Written()
        case Refused():
            return refusal(answered)
        case Unclear():
            return outcomes.UnknownOutcome()
        case Unreachable() | ServiceRefused():
            return outcomes.Unreachable()  # nothing was sent


def said_by(answered: Refused | Unreachable | ServiceRefused) -> str:
    """Write for the log why nobody can say anything."""
    match answered:
        case Unreachable(why):
            return why
        case ServiceRefused(server, why):
            return f"{server}: the service account may not bind ({why.name.lower()})"
        case Refused(code, _, server):
            return f"{server}: refused with result {code}"
