"""What would lead somebody on where a rule names ways of which one must do.

Everybody is asked for what they can do; where they have nothing that would do, nothing weaker is
asked for in its place.
"""

from collections.abc import Collection, Iterable

from portvakt.core.assurance import Clause, Evidence, Requirement, fits, reaches
from portvakt.core.authenticators import Authenticator, AuthenticatorType


def unmet(shown: Collection[Evidence], need: Requirement) -> tuple[Clause, ...]:
    """Return the clauses of which nothing was reached, by evidence that counts."""
    return tuple(clause for clause in need.any_of if not any(reaches(shown, way) for way in clause))


def leads_on(kind: AuthenticatorType, clauses: Iterable[Clause]) -> bool:
    """Whether a success of this type, beside the password, would reach one of these."""
    return any(fits(kind, way) for clause in clauses for way in clause)


def within_reach(usable: Iterable[Authenticator], clauses: Iterable[Clause]) -> bool:
    """Whether somebody who can show these has a way for every clause."""
    kinds = {each.type for each in usable}
    return all(any(leads_on(kind, [clause]) for kind in kinds) for clause in clauses)
