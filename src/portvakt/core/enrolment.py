"""What a person may bind or remove, on what ground, and what proof it takes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType

from portvakt.core.assurance import CLOCK_BOUND, METHODS, Aal, Evidence, assurance_of
from portvakt.core.authenticators import (
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorState,
    AuthenticatorType,
    is_work_phone,
    usable_second_factors,
)
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.core.roles import is_privileged

FRESH = timedelta(minutes=5)
"""How old the newest proof may be when a method is changed (ASVS 5.0 7.5.1)."""
SITTING = timedelta(minutes=30)
"""How far apart the proofs of one sitting may lie: as long as a registration session lives."""
SILENT = timedelta(days=90)
"""An account that nobody has used for longer needs a start code everywhere (rule R25)."""
WELCOME_DAYS = 14


class First(StrEnum):
    """`[registration] first`: what a first registration takes besides the password."""

    SECOND_PROOF = "second_proof"
    WELCOME_WINDOW = "welcome_window"
    NEVER_PASSWORD_ALONE = "never_password_alone"  # noqa: S105  # a word in the settings


class Basis(StrEnum):
    """On what ground a method is bound."""

    WORK_PHONE = "work_phone"
    START_CODE = "start_code"
    INSIDE = "inside"
    WELCOME_WINDOW = "welcome_window"
    OWN_METHODS = "own_methods"
    """The account's own methods were shown: not a first registration."""


@dataclass(frozen=True, slots=True)
class MayRegister:
    """The verdict: go on, on this ground."""

    basis: Basis


@dataclass(frozen=True, slots=True)
class NeedsProof:
    """The verdict: the password is not enough. One of these would do, easiest first."""

    options: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRegistration:
    """The facts that decide whether an account may bind its first method of its own."""

    applies: bool
    """False for an account that has a method of its own: its methods are asked for instead."""
    start_code_only: bool
    """Silent, privileged, or had methods that no longer work."""
    work_phones: frozenset[AuthenticatorId]
    inside_counts: bool
    welcome_open: bool

    def verdict(self, evidence: Iterable[Evidence]) -> MayRegister | NeedsProof:
        """What the evidence shown so far is enough for."""
        shown = tuple(evidence)
        if not self.applies:
            return MayRegister(Basis.OWN_METHODS)
        if any(each.type is AuthenticatorType.START_CODE for each in shown):
            return MayRegister(Basis.START_CODE)
        if self.start_code_only:
            return NeedsProof((Basis.START_CODE,))
        if self.work_phones:
            if any(each.authenticator_id in self.work_phones for each in shown):
                return MayRegister(Basis.WORK_PHONE)
            return NeedsProof((Basis.WORK_PHONE, Basis.START_CODE))
        if self.inside_counts:
            return MayRegister(Basis.INSIDE)
        if self.welcome_open:
            return MayRegister(Basis.WELCOME_WINDOW)
        return NeedsProof((Basis.INSIDE, Basis.START_CODE))
