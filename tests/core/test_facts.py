"""What an event tells of what rules looked at and asked."""

from datetime import timedelta
from typing import Any

import pytest

from portvakt.core.assurance import Requirement, Strength
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.facts import asked, demands, facts_told, read_facts
from portvakt.core.policy import Decision
from portvakt.core.signals import Action, ClientKind, Device, Platform, Risk
from tests import make


def decision(*, blocked: bool = False, **need: Any) -> Decision:
    return Decision(blocked, Requirement(**need), (), ())


FACTS: list[dict[str, Any]] = [
    {},
    {"device": Device.OURS},
    {"action": Action.RESET},
    {"platform": Platform.IOS, "client_kind": ClientKind.PROXY},
    {"known_for": timedelta(hours=312), "country": "SE"},
    {"risk": frozenset({Risk.SPRAY, Risk.UNKNOWN})},
]


@pytest.mark.parametrize("given", FACTS)
def test_facts_are_read_back_as_they_were_told(given: dict[str, Any]) -> None:
    told = facts_told(make.signals(**given), decision())
    assert read_facts(told["facts"]) == given


def test_what_is_usual_is_said_by_saying_nothing() -> None:
    signals = make.signals(device=Device.OTHER, action=Action.SIGN_IN)
    assert facts_told(signals, decision()) == {"asked": (), "facts": ()}


def test_words_of_another_version_tell_nothing_and_an_unknown_risk_is_unknown() -> None:
    words = ("device toaster", "mood good", "risk gremlins", "device")
    assert read_facts(words) == {"risk": frozenset({Risk.UNKNOWN})}


def test_what_was_asked_is_named() -> None:
    assert asked(decision()) == ()
    assert asked(decision(multifactor=True)) == ("multifactor",)
    both = decision(multifactor=True, phishing_resistant=True)
    assert asked(both) == ("multifactor", "phishing_resistant")
    assert asked(decision(blocked=True, multifactor=True)) == ("block",)


def test_ways_of_which_one_must_do_are_named_with_what_they_share() -> None:
    totp = Strength(methods=frozenset({AuthenticatorType.TOTP}))
    key = Strength(phishing_resistant=True, passwordless=True)
    assert demands(Requirement(any_of=frozenset({frozenset({key, totp})}))) == (
        "multifactor",
        "passwordless with phishing_resistant or totp",
    )
    alone = demands(Requirement(any_of=frozenset({frozenset({key})})))
    assert "phishing_resistant" in alone
    assert demands(Requirement(any_of=frozenset({frozenset({Strength()})}))) == ("multifactor",)
