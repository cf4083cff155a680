import json
import re
from dataclasses import FrozenInstanceError, fields
from datetime import timedelta

import pytest

from portvakt.core.assurance import Aal
from portvakt.core.event import SELF, Event
from portvakt.core.events import (
    EVENTS,
    MethodAdded,
    NumberRegistered,
    PhoneRequestsStopped,
    SignInLocked,
    SignInSucceeded,
    parted_details,
    personal_fields,
)
from portvakt.core.first_registration import Basis
from portvakt.core.ids import AuthenticatorId, NetworkId, RuleId, SessionId
from portvakt.core.throttle import Familiarity
from tests.make import ANNA, NOW, PASSWORD, SHOP, SMS_CODE, TOTP

SIGNED_IN = SignInSucceeded(
    at=NOW,
    account_id=ANNA,
    address="203.0.113.5",
    session_id=SessionId("s1"),
    app=SHOP,
    methods=(PASSWORD, TOTP),
    aal=Aal.TWO,
    rules=(RuleId("second-factor-outside"),),
    networks=(NetworkId("lan"),),
    known_browser=False,
    user_agent="Firefox",
)


def details(event: Event) -> dict[str, object]:
    fixed, personal = parted_details(event)
    assert not fixed.keys() & personal.keys()
    assert personal.keys() <= personal_fields(type(event))
    assert not fixed.keys() & personal_fields(type(event))
    return fixed | personal


def test_every_event_has_a_name_of_its_own() -> None:
    assert len(EVENTS) == len(set(EVENTS.values()))
    for name, kind in EVENTS.items():
        assert kind.name == name
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", name)
        assert kind.__doc__


def test_no_event_type_is_left_out_of_the_vocabulary() -> None:
    def below(kind: type[Event]) -> set[str]:
        return {kind.__name__} | {name for each in kind.__subclasses__() for name in below(each)}

    named = {each.__name__ for each in EVENTS.values()}
    assert below(Event) - named == {
        "Event",
        "HardwareTokenEvent",
        "MethodEvent",
        "PhoneAnswered",
        "PhoneEvent",
        "ResetEvent",
    }


def test_who_and_from_where_are_personal_in_every_event() -> None:
    for kind in EVENTS.values():
        assert {"account_id", "address"} <= personal_fields(kind)
        assert "at" not in personal_fields(kind)
        hidden = {"session_id", "authenticator_id", "label", "hidden_number", "user_agent"}
        hidden |= {"our_device", "serial"}
        assert {each.name for each in fields(kind)} & hidden <= personal_fields(kind)


def test_an_event_tells_its_own_details_in_values_that_json_has() -> None:
    assert details(SIGNED_IN) == {
        "session_id": "s1",
        "app": "shop",
        "methods": ["password", "totp"],
        "aal": 2,
        "rules": ["second-factor-outside"],
        "networks": ["lan"],
        "known_browser": False,
        "user_agent": "Firefox",
        "asked": [],
        "facts": [],
        "our_device": "",
        "by_ticket": False,
    }
    assert json.loads(json.dumps(details(SIGNED_IN))) == details(SIGNED_IN)


def test_times_and_empty_values_are_told_too() -> None:
    until = NOW + timedelta(minutes=15)
    locked = SignInLocked(at=NOW, method=TOTP, familiarity="any", until=until)
    assert details(locked)["until"] == "2026-11-22T12:15:00+00:00"
    added = MethodAdded(
        at=NOW, authenticator_id=AuthenticatorId("a"), type=TOTP, source="apply", basis=None
    )
    assert details(added)["basis"] is None


def test_what_a_person_does_to_their_own_account_is_by_themselves() -> None:
    assert SIGNED_IN.actor == SELF


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        SIGNED_IN.actor = "somebody"  # type: ignore[misc]  # that is the point


def test_a130_a_number_is_told_by_its_last_digits() -> None:
    names = {each.name for each in fields(NumberRegistered)}
    assert "hidden_number" in names
    assert not names & {"number", "detail"}
    told = NumberRegistered(
        at=NOW,
        authenticator_id=AuthenticatorId("a"),
        type=SMS_CODE,
        source=Basis.WORK_PHONE,
        hidden_number="••• 05",
    )
    assert details(told)["hidden_number"] == "••• 05"


def test_a130_what_is_told_of_a_request_holds_no_number_and_no_name() -> None:
    names = {each.name for kind in EVENTS.values() for each in fields(kind)}
    assert not names & {"number", "shown", "subscription", "endpoint", "code"}
    stopped = PhoneRequestsStopped(
        at=NOW, familiarity=Familiarity.UNFAMILIAR, password_proved=True, until=NOW
    )
    assert details(stopped)["familiarity"] == "unfamiliar"
    for kind in EVENTS.values():
        if kind.name.startswith("phone."):
            assert {each.name for each in fields(kind)} & {"old", "host"} <= personal_fields(kind)
