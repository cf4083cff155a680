"""What can be bound to an account, and what one success of each kind shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from types import MappingProxyType

from portvakt.core.ids import AccountId, AuthenticatorId


class Factor(Enum):
    """The three kinds of factor (NIST SP 800-63B-4 section 2)."""

    KNOW = "know"
    HAVE = "have"
    ARE = "are"


class AuthenticatorType(StrEnum):
    """What an authenticator is; also the name of the module in `portvakt.methods`."""

    PASSWORD = "password"  # noqa: S105  # the name of a kind, not a password
    PUSH = "push"
    """A phone with our app: approves with the number on the screen (out-of-band)."""
    TOTP = "totp"
    SMS_CODE = "sms_code"
    RECOVERY_CODE = "recovery_code"
    START_CODE = "start_code"
    PHONE_SIGN_IN = "phone_sign_in"
    """The same phone with its screen lock: alone as good as two (multi-factor out-of-band)."""


class AuthenticatorState(StrEnum):
    """ACTIVE can be used; SUSPENDED was put aside and may come back; DISABLED never does."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """Something bound to one account that can be used to show who you are."""

    id: AuthenticatorId
    account_id: AccountId
    type: AuthenticatorType
    state: AuthenticatorState
    label: str
    source: str
    """Who bound it: "self", "hr", "apply", "support", or a directory by its name."""
    detail: str
    """The E.164 number of an sms_code; the id of the phone (a `push`) that a phone_sign_in, or a
    totp of our own app, lives in; else empty."""
    preferred: bool
    created_at: datetime
    changed_at: datetime
    last_used_at: datetime | None = None
    expires_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        """Whether it may be asked for. Expired is gone, swept or not."""
        if self.state is not AuthenticatorState.ACTIVE:
            return False
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class Proof:
    """What one success of a type shows. Decided here and not by the method that checks it."""

    factors: frozenset[Factor]
    amr: frozenset[str]
    """Values of RFC 8176 section 2."""
    phishing_resistant: bool
    restricted: bool
    """NIST SP 800-63B-4 section 3.2.9: a rule may refuse it."""


_KNOWN = frozenset({Factor.KNOW})
_HELD = frozenset({Factor.HAVE})
_HELD_AND_UNLOCKED = frozenset({Factor.HAVE, Factor.ARE})

PROOFS: Mapping[AuthenticatorType, Proof] = MappingProxyType(
    {
        AuthenticatorType.PASSWORD: Proof(
            _KNOWN, frozenset({"pwd"}), phishing_resistant=False, restricted=False
        ),
        # SP 800-63B-4 section 3.1.3, out-of-band; RFC 8176: a key in software (ADR 17)
        AuthenticatorType.PUSH: Proof(
            _HELD, frozenset({"swk"}), phishing_resistant=False, restricted=False
        ),
        AuthenticatorType.TOTP: Proof(
            _HELD, frozenset({"otp"}), phishing_resistant=False, restricted=False
        ),
        AuthenticatorType.SMS_CODE: Proof(
            _HELD, frozenset({"sms"}), phishing_resistant=False, restricted=True
        ),
        AuthenticatorType.RECOVERY_CODE: Proof(
            _HELD, frozenset({"otp"}), phishing_resistant=False, restricted=False
        ),
        AuthenticatorType.START_CODE: Proof(
            _KNOWN, frozenset({"pwd"}), phishing_resistant=False, restricted=False
        ),
        # section 3.1.3.4, multi-factor out-of-band: the screen lock is asked for each time. No
        # attestation says that the key is in hardware, so that is not claimed (ADR 17)
        AuthenticatorType.PHONE_SIGN_IN: Proof(
            _HELD_AND_UNLOCKED,
            frozenset({"swk", "user"}),
            phishing_resistant=False,
            restricted=False,
        ),
    }
)

SECOND_FACTORS: frozenset[AuthenticatorType] = frozenset(
    {
        AuthenticatorType.PUSH,
        AuthenticatorType.TOTP,
        AuthenticatorType.SMS_CODE,
        AuthenticatorType.RECOVERY_CODE,
    }
)
"""What may stand beside a password. A start code may not: it opens registration only; nor may a
phone with its screen lock, which stands alone."""

NOT_THE_EMPLOYER = frozenset({"self", "support"})
"""Who binds numbers that are no work phones; HR, files and directories may say that one is."""


def is_work_phone(authenticator: Authenticator) -> bool:
    """Whether this is a number that the employer registered, not the person."""
    return (
        authenticator.type is AuthenticatorType.SMS_CODE
        and authenticator.source not in NOT_THE_EMPLOYER
    )


def phone_of(authenticator: Authenticator) -> AuthenticatorId | None:
    """Name the phone with our app that this lives in; None for what lives in none.

    A phone lives in itself; its codes and its sign-in hold its id.
    """
    match authenticator.type:
        case AuthenticatorType.PUSH:
            return authenticator.id
        case AuthenticatorType.PHONE_SIGN_IN:
            return AuthenticatorId(authenticator.detail)
        case AuthenticatorType.TOTP if authenticator.detail:
            return AuthenticatorId(authenticator.detail)
        case _:
            return None


def in_force(bound: Iterable[Authenticator], now: datetime) -> tuple[Authenticator, ...]:
    """Pick what may be used now.

    What lives in a phone may be used while that phone may: whatever else a row says, a phone that
    was removed, suspended or disabled takes its codes and its sign-in with it.
    """
    usable = tuple(each for each in bound if each.usable(now))
    phones = {None, *(each.id for each in usable if each.type is AuthenticatorType.PUSH)}
    return tuple(each for each in usable if phone_of(each) in phones)


def usable_second_factors(
    bound: Iterable[Authenticator], now: datetime
) -> tuple[Authenticator, ...]:
    """List the second factors that may be asked for now, best to offer first.

    The preferred one, then what costs least to answer: a phone that approves; printed codes last.
    """
    usable = (each for each in in_force(bound, now) if each.type in SECOND_FACTORS)
    return tuple(sorted(usable, key=_offer_order))


_ORDER = tuple(AuthenticatorType)


def _offer_order(authenticator: Authenticator) -> tuple[bool, int, datetime, str]:
    return (
        not authenticator.preferred,
        _ORDER.index(authenticator.type),
        authenticator.created_at,
        authenticator.id,
    )
