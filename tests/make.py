"""Builders with sensible defaults: a test names only what it is about."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from portvakt.core.asking import Ask
from portvakt.core.assurance import SIGN_IN, Evidence, Requirement
from portvakt.core.authenticators import (
    Authenticator,
    AuthenticatorState,
    AuthenticatorType,
)
from portvakt.core.first_registration import FirstRegistration
from portvakt.core.ids import (
    AccountId,
    AuthenticatorId,
    ClientId,
    FlowId,
    GroupId,
    NetworkId,
    RuleId,
    SessionId,
)
from portvakt.core.people import Account, AccountState
from portvakt.core.policy import Condition, Decision, Network, Require, Rule, RuleState
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.sessions import Session, SessionKind
from portvakt.core.sign_in import SignIn
from portvakt.core.signals import Signals

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""A Sunday at noon; every default below stands in relation to it."""
ANNA = AccountId("anna")
LAN = NetworkId("lan")
STAFF = GroupId("alla")
SHOP = ClientId("shop")

PASSWORD = AuthenticatorType.PASSWORD
PASSKEY = AuthenticatorType.PASSKEY
TOTP = AuthenticatorType.TOTP
SMS_CODE = AuthenticatorType.SMS_CODE
RECOVERY_CODE = AuthenticatorType.RECOVERY_CODE
START_CODE = AuthenticatorType.START_CODE
PUSH = AuthenticatorType.PUSH
PHONE_SIGN_IN = AuthenticatorType.PHONE_SIGN_IN
DETAILS = {SMS_CODE: "+46701740605", PHONE_SIGN_IN: "anna-push"}


def account(**given: Any) -> Account:
    """Anna Berg, imported a week ago, who signed in yesterday."""
    user_name = given.get("user_name", "anna.berg")
    fields: dict[str, Any] = {
        "id": ANNA,
        "source": "hr",
        "external_id": "000017",
        "user_name": user_name,
        "email": f"{user_name}@region.example",
        "given_name": "Anna",
        "family_name": "Berg",
        "state": AccountState.ACTIVE,
        "title": "Sjuksköterska",
        "unit": "Akuten Gävle",
        "manager": None,
        "protected": False,
        "roles": frozenset(),
        "groups": frozenset({STAFF}),
        "language": None,
        "created_at": NOW - timedelta(days=7),
        "start_date": None,
        "invited_at": None,
        "welcome_used_at": None,
        "last_sign_in_at": NOW - timedelta(days=1),
    }
    return Account(**(fields | given))


def bound(type: AuthenticatorType, **given: Any) -> Authenticator:  # noqa: A002  # the domain's word
    """One usable authenticator of this type, which Anna bound herself."""
    account_id = given.get("account_id", ANNA)
    fields: dict[str, Any] = {
        "id": AuthenticatorId(f"{account_id}-{type.value}"),
        "account_id": account_id,
        "type": type,
        "state": AuthenticatorState.ACTIVE,
        "label": "",
        "source": "self",
        "detail": DETAILS.get(type, ""),
        "preferred": False,
        "created_at": NOW - timedelta(days=3),
        "changed_at": NOW - timedelta(days=3),
        "expires_at": NOW + timedelta(minutes=60) if type is START_CODE else None,
    }
    return Authenticator(**(fields | given))


def work_phone(**given: Any) -> Authenticator:
    """The number that HR registered."""
    return bound(SMS_CODE, **({"id": AuthenticatorId("anna-work"), "source": "hr"} | given))


def evidence(
    shown: AuthenticatorType | Authenticator,
    at: datetime = NOW,
    purpose: str = SIGN_IN,
    **more: Any,
) -> Evidence:
    """One proof: of this authenticator, or of Anna's one of this type."""
    one = shown if isinstance(shown, Authenticator) else bound(shown)
    return Evidence(one.type, one.id, at, purpose, **more)


def sign_in(**given: Any) -> SignIn:
    """A sign-in of Anna's that has just begun, to our own pages."""
    fields: dict[str, Any] = {
        "id": FlowId("flow"),
        "purpose": SIGN_IN,
        "to": "/apps",
        "app": None,
        "account_id": ANNA,
        "claimed": "anna.berg",
        "created_at": NOW,
        "expires_at": NOW + timedelta(minutes=15),
    }
    return SignIn(**(fields | given))


def session(**given: Any) -> Session:
    """A session of Anna's, opened an hour ago with two factors and just used."""
    opened = given.get("created_at", NOW - timedelta(hours=1))
    fields: dict[str, Any] = {
        "id": SessionId("session"),
        "account_id": ANNA,
        "kind": SessionKind.FULL,
        "evidence": (evidence(PASSWORD, opened), evidence(TOTP, opened)),
        "created_at": opened,
        "seen_at": NOW,
    }
    return Session(**(fields | given))


def first(**given: Any) -> FirstRegistration:
    """An account without methods, outside, with nothing that opens registration."""
    fields: dict[str, Any] = {
        "applies": True,
        "start_code_only": False,
        "work_phones": frozenset(),
        "inside_counts": False,
        "inside_would_count": True,
        "welcome_open": False,
    }
    return FirstRegistration(**(fields | given))


def decision(requirement: Requirement = Requirement(), *, blocked: bool = False) -> Decision:  # noqa: B008  # frozen
    """What the rules ask, without saying which."""
    return Decision(blocked, requirement, (), ())


MULTIFACTOR = decision(Requirement(multifactor=True))


def network(**given: Any) -> Network:
    """The region's network, in IPv4 and IPv6."""
    fields: dict[str, Any] = {
        "id": LAN,
        "name": "Regionens nät",
        "addresses": ("10.20.0.0/16", "2001:db8:20::/48"),
    }
    return Network(**(fields | given))


def rule(
    require: Ask = Require.MULTIFACTOR,
    *,
    id: str = "second-factor-outside",  # noqa: A002  # the field's name
    state: RuleState = RuleState.ON,
    reason: Mapping[str, str] | None = None,
    sign_in_every: timedelta | None = None,
    session_at_most: timedelta | None = None,
    remember: timedelta | None = None,
    **when: Any,
) -> Rule:
    """A rule in force; what is named beside it is its condition: `networks_not={LAN}`."""
    sets = {name: frozenset(names) for name, names in when.items()}
    said = {"sv": "Du är utanför regionens nät.", "en": "You are outside the region's network."}
    return Rule(
        id=RuleId(id),
        state=state,
        when=Condition(**sets),
        require=require,
        reason=said if reason is None else reason,
        sign_in_every=sign_in_every,
        session_at_most=session_at_most,
        remember=remember,
    )


def signals(**given: Any) -> Signals:
    """Anna opening our own pages from outside."""
    fields: dict[str, Any] = {
        "account_id": ANNA,
        "groups": frozenset({STAFF}),
        "app": None,
        "networks": frozenset(),
        "address_known": True,
        "at": NOW,
    }
    return Signals(**(fields | given))


def app(**given: Any) -> RelyingParty:
    """The shop, a public client that the staff may open."""
    fields: dict[str, Any] = {
        "client_id": SHOP,
        "client_name": "Demobutiken",
        "redirect_uris": ("http://localhost:8003/callback",),
        "groups": frozenset({STAFF}),
    }
    return RelyingParty(**(fields | given))
