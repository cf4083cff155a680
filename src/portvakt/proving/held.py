"""People with what they may use by the organisation's methods by group, wherever they are read.

What the records hold is what somebody has bound. Whoever decides by it, offers it or compares an
answer with it asks here first; a guard finds those who forget (`tests/guards`).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from portvakt.core.authenticators import Authenticator
from portvakt.core.method_rules import EVERYTHING, Allowed
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing

S = TypeVar("S", Standing, Standing | None)


def allowed(standing: Standing, configuration: Configuration) -> Allowed:
    """Say what this person may register and use; nothing is taken from a break-glass account."""
    if standing.account.break_glass:
        return EVERYTHING
    return configuration.method_rules.of(standing.account.groups)


def held(standing: S, configuration: Configuration) -> S:
    """Return somebody with what is withdrawn from them marked, as it counts at sign-in."""
    if standing is None:
        return standing
    may = allowed(standing, configuration)
    return _marked(standing, may, may.at_sign_in)


def held_at_reset(standing: S, configuration: Configuration) -> S:
    """Return somebody with what is withdrawn from them marked, as it counts at a reset."""
    if standing is None:
        return standing
    may = allowed(standing, configuration)
    return _marked(standing, may, may.at_reset)


def _marked(
    standing: Standing, may: Allowed, mark: Callable[[Authenticator], Authenticator]
) -> Standing:
    if may is EVERYTHING:
        return standing
    bound = tuple(replace(each, authenticator=mark(each.authenticator)) for each in standing.bound)
    return replace(standing, bound=bound)
