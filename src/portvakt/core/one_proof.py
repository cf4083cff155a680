"""Who is one lost thing away from being locked out.

Somebody is when everything that could stand beside their password may be gone with one phone, or
with one printed card, or one hardware token. In which phone a text or somebody else's app is cannot
be known, so it may be any phone there is (R6): a number and our app may well be the same phone. Two
phones with our app are two things, and so are two tokens; a card is one of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portvakt.core.authenticators import (
    Authenticator,
    AuthenticatorType,
    phone_of,
    usable_second_factors,
)
from portvakt.core.ids import AuthenticatorId


class Thing(StrEnum):
    """What somebody may lose."""

    PHONE = "phone"
    CARD = "card"
    TOKEN = "token"  # noqa: S105  # the name of a thing
    """A hardware token, which is no phone."""


@dataclass(frozen=True, slots=True)
class OneProof:
    """Everything that hangs on one thing."""

    thing: Thing
    sure: bool
    """False where some of it may be in another phone, and nobody knows."""
    methods: tuple[Authenticator, ...]


def hangs_on(
    bound: Iterable[Authenticator], cards: Iterable[AuthenticatorId], now: datetime
) -> OneProof | None:
    """Say what somebody's second factors all hang on, or None where they survive any one loss.

    `cards` are the cards of recovery codes on which a code is left. None also for somebody with no
    second factor at all: they have nothing to lose, and register at their next sign-in.
    """
    left = frozenset(cards)
    methods = tuple(
        each
        for each in usable_second_factors(bound, now)
        if each.type is not AuthenticatorType.RECOVERY_CODE or each.id in left
    )
    printed = [each for each in methods if each.type is AuthenticatorType.RECOVERY_CODE]
    tokens = [each for each in methods if each.type is AuthenticatorType.HARDWARE_TOKEN]
    apart = max(len(printed), len(tokens))
    if not methods or len(tokens) > 1 or (apart and len(methods) > apart):
        return None
    if tokens:
        return OneProof(Thing.TOKEN, sure=True, methods=methods)
    if printed:  # a newer card voids the older one, so there is one
        return OneProof(Thing.CARD, sure=True, methods=methods)
    phones = {phone_of(each) for each in methods}
    if len(phones - {None}) > 1:
        return None
    return OneProof(Thing.PHONE, sure=len(phones) == 1 and _sure(phones, methods), methods=methods)


def _sure(phones: set[AuthenticatorId | None], methods: tuple[Authenticator, ...]) -> bool:
    """Whether it is known that all of it is in one phone: ours, or there is one thing only."""
    return None not in phones or len(methods) == 1
