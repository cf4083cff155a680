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
    PASSKEY = "passkey"
    """A WebAuthn key, in a telephone, a computer or a token: no phishing takes it. What one use
    shows depends on whether it verified who held it (`key_proof`)."""
    PUSH = "push"
    """A phone with our app: approves with the number on the screen (out-of-band)."""
    TOTP = "totp"
    HARDWARE_TOKEN = "hardware_token"  # noqa: S105  # the name of a kind
    """A device of its own that shows codes, by a clock or a button (single-factor OTP device)."""
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
    totp of our own app, lives in; make and serial number of a hardware token
    (`hardware_tokens.detail_of`); else empty."""
    preferred: bool
    created_at: datetime
    changed_at: datetime
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    withdrawn: bool = False
    """Whether the organisation lets nobody like this person use it (`core.method_rules`). It is
    never stored: it follows from the groups of the person, each time they are read."""

    def usable(self, now: datetime) -> bool:
        """Whether it may be asked for."""
        return not self.withdrawn and self.works(now)

    def works(self, now: datetime) -> bool:
        """Whether it could be asked for if it were not withdrawn. Expired is gone, swept or not."""
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
        # what a key can show at best; what it did show is `key_proof` of each use
        AuthenticatorType.PASSKEY: Proof(
            _HELD_AND_UNLOCKED,
            frozenset({"swk", "user"}),
            phishing_resistant=True,
            restricted=False,
        ),
        # SP 800-63B-4 section 3.1.3, out-of-band; RFC 8176: a key in software (ADR 17)
        AuthenticatorType.PUSH: Proof(
            _HELD, frozenset({"swk"}), phishing_resistant=False, restricted=False
        ),
        AuthenticatorType.TOTP: Proof(
            _HELD, frozenset({"otp"}), phishing_resistant=False, restricted=False
        ),
        # section 3.1.4, single-factor OTP device; RFC 8176: otp
        AuthenticatorType.HARDWARE_TOKEN: Proof(
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


def key_proof(*, user_verified: bool, device_bound: bool) -> Proof:
    """Say what one use of a key shows (SP 800-63B-4 sections 3.1.6 and 3.1.7).

    Where it did not verify who held it, by a PIN or a body, it shows that it was there and nothing
    more (section 3.1.7.2). One that is never copied says so itself (`BE`), which is `hwk` in RFC
    8176; any other is `swk` (ADR 52).
    """
    return Proof(
        factors=_HELD_AND_UNLOCKED if user_verified else _HELD,
        amr=frozenset({"hwk" if device_bound else "swk"} | ({"user"} if user_verified else set())),
        phishing_resistant=True,
        restricted=False,
    )


BY_TICKET = Proof(_KNOWN, frozenset({"wia"}), phishing_resistant=False, restricted=False)
"""What a Kerberos ticket shows: that its owner gave the directory the password once, when the
computer was signed in to. It says nothing of the computer (ADR 59)."""


SECOND_FACTORS: frozenset[AuthenticatorType] = frozenset(
    {
        AuthenticatorType.PASSKEY,
        AuthenticatorType.PUSH,
        AuthenticatorType.TOTP,
        AuthenticatorType.HARDWARE_TOKEN,
        AuthenticatorType.SMS_CODE,
        AuthenticatorType.RECOVERY_CODE,
    }
)
"""What may stand beside a password; a key that verifies its holder stands alone, too. A start code
may not: it opens registration only; nor may a phone with its screen lock, which stands alone."""

NOT_THE_EMPLOYER = frozenset({"self", "support"})
"""Who binds numbers that are no work phones; HR, files and directories may say that one is."""


def is_work_phone(authenticator: Authenticator) -> bool:
    """Whether this is a number that the employer registered, not the person."""
    return (
        authenticator.type is AuthenticatorType.SMS_CODE
        and authenticator.source not in NOT_THE_EMPLOYER
    )


BESIDE = "beside"
"""The detail of a passkey that stands beside the password only."""


def is_beside(authenticator: Authenticator) -> bool:
    """Whether this is a key that never stands alone, whatever it says of itself later."""
    return authenticator.type is AuthenticatorType.PASSKEY and authenticator.detail == BESIDE


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
    was removed, suspended or disabled takes its codes and its sign-in with it. One that may not
    approve any more is still the phone that its codes live in.
    """
    return tuple(each for each in _working(bound, now) if not each.withdrawn)


def _working(bound: Iterable[Authenticator], now: datetime) -> tuple[Authenticator, ...]:
    works = tuple(each for each in bound if each.works(now))
    phones = {None, *(each.id for each in works if each.type is AuthenticatorType.PUSH)}
    return tuple(each for each in works if phone_of(each) in phones)


def usable_second_factors(
    bound: Iterable[Authenticator], now: datetime
) -> tuple[Authenticator, ...]:
    """List the second factors that may be asked for now, best to offer first.

    The preferred one, then what costs least to answer: a phone that approves; printed codes last.
    """
    usable = (each for each in in_force(bound, now) if each.type in SECOND_FACTORS)
    return tuple(sorted(usable, key=_offer_order))


def withdrawn_second_factors(
    bound: Iterable[Authenticator], now: datetime
) -> tuple[Authenticator, ...]:
    """List the second factors that would work, if the organisation had not withdrawn them."""
    return tuple(
        each for each in _working(bound, now) if each.withdrawn and each.type in SECOND_FACTORS
    )


_ORDER = tuple(AuthenticatorType)


def _offer_order(authenticator: Authenticator) -> tuple[bool, int, datetime, str]:
    return (
        not authenticator.preferred,
        _ORDER.index(authenticator.type),
        authenticator.created_at,
        authenticator.id,
    )
