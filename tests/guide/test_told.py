"""The journeys of the guide as they are written: their words, their labels, what they cover."""

import string
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from portvakt.demo import region
from portvakt.guide.needs import allowed
from portvakt.guide.steps import Choose, Journey, Look, Need, Press, Step, Write, needed
from portvakt.guide.told import JOURNEYS, labels_of, words_of
from portvakt.settings import Settings
from portvakt.settings.structs import (
    Directory,
    Keys,
    Registration,
    Reset,
    Sms,
)
from portvakt.texts import LANGUAGES, Texts

TEXTS = Texts.load()
EVERYTHING = frozenset(Need)
EVERYBODY = ("alla",)
TODAY = date(2026, 11, 23)
LONGEST = 9
SHORTEST = 3
ids = [each.name for each in JOURNEYS]

INSTRUCTION = {
    "app 2: the app is fetched to the phone": ("register_app", "install"),
    "app 3: the registration site is opened on any device": ("register_app", "sign_in"),
    "app 4: e-mail address and password": ("register_app", "sign_in"),
    "app 5: the button for the app, and what it leads through": ("register_app", "choose"),
    "app 5, the picture is filmed": ("register_app", "film"),
    "app 5, the number is answered": ("register_app", "number"),
    "app 5, first point: whoever has no work phone gives a number": ("register_app", "own_number"),
    "app 5, second point: the number of a work phone is known": ("app_with_number", "sign_in"),
    "app 5, second point: another number may be given": ("app_with_number", "code"),
    "app 6: tap the account, and turn phone sign-in on": ("phone_sign_in", "turn_on"),
    "app 7: done": ("register_app", "done"),
    "texts 1: the registration site is opened on any device": ("register_texts", "sign_in"),
    "texts 2: e-mail address and password": ("register_texts", "sign_in"),
    "texts 3: the option in the list": ("register_texts", "choose"),
    "texts 3, the number, and it is saved": ("register_texts", "number"),
    "texts 4: done": ("register_texts", "done"),
    "reset: outside the network, by oneself": ("forgotten_password", "password"),
    "sign-in without a password": ("without_password", "number"),
}
"""What the region's instruction tells, in our words, and the step that tells it."""


def step(journey: str, name: str) -> Step:
    found = next(each for each in JOURNEYS if each.name == journey)
    return next(each for each in found.steps if each.name == name)


def settings(**given: Any) -> Settings:
    usual: dict[str, Any] = {
        "sms": (Sms(gateway="http_form"),),
        "registration": Registration(first="welcome_window"),
    }
    return Settings(
        public_url="https://mfa.region.example",
        database_url="sqlite:////data/portvakt.db",
        keys=Keys(master_file="/etc/portvakt/master.key"),
        **(usual | given),
    )


def state(**given: object) -> dict[str, object]:
    """The demo's region, with something else in it."""
    hashes = {each.user_name: "$argon2id$" for each in region.PEOPLE}
    made = region.state(shop="https://shop.region.example", hashes=hashes, today=TODAY)
    return {**made, "people": [], **given}


def methods(**given: object) -> dict[str, object]:
    return state(methods=[{"id": "fewer", "groups": ["alla"], **given}])


@pytest.mark.parametrize("journey", JOURNEYS, ids=ids)
def test_every_word_and_label_exists_in_both_languages(journey: Journey) -> None:
    missing = [each for each in (*words_of(journey), *labels_of(journey)) if not TEXTS.has(each)]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("journey", JOURNEYS, ids=ids)
def test_a_sentence_asks_for_nothing_that_its_step_does_not_have(
    journey: Journey, language: str
) -> None:
    for each in journey.steps:
        has = {"organisation", "support"}
        has |= {"press"} if any(_is_pressed(act) for act in each.acts) else set()
        has |= {"field"} if any(isinstance(act, Write | Choose) for act in each.acts) else set()
        has |= {"option"} if any(isinstance(act, Choose) for act in each.acts) else set()
        has |= {"address"} if each.opens is not None else set()
        has |= {"sees"} if each.sees is not None else set()
        name = f"guide.{journey.name}_{each.name}"
        for message in (name, f"{name}_seen") if each.seen else (name,):
            assert TEXTS.placeholders(language, message) <= has, message


def _is_pressed(act: object) -> bool:
    return isinstance(act, Press | Look) or type(act).__name__ == "PressTile"


@pytest.mark.parametrize("journey", JOURNEYS, ids=ids)
def test_no_label_is_typed_by_hand(journey: Journey) -> None:
    """What stands in quotes is taken from the pages."""
    for language, (begins, ends) in {"sv": ("”", "”"), "en": ("“", "”")}.items():
        for message in words_of(journey):
            quoted = TEXTS.pattern(language, message).split(begins)[1:]
            inside = quoted[::2] if begins == ends else quoted
            for each in inside:
                assert each.startswith("{"), TEXTS.pattern(language, message)
                assert each.partition("}")[2].startswith(ends) or begins == ends


@pytest.mark.parametrize("journey", JOURNEYS, ids=ids)
def test_a_journey_is_short_and_tells_where_it_ends(journey: Journey) -> None:
    told = needed(journey, EVERYTHING - {Need.FIRST_AT_WORK, Need.NUMBER_SKIPPED})
    assert told is not None
    assert SHORTEST <= len(told.steps) <= LONGEST
    last = told.steps[-1]
    looks = any(isinstance(act, Look) for act in last.acts)
    assert last.sees is not None or looks or last.seen


def test_names_are_told_apart() -> None:
    assert len(set(ids)) == len(ids)
    for journey in JOURNEYS:
        names = [each.name for each in journey.steps]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("point", INSTRUCTION)
def test_every_numbered_step_of_the_instruction_is_told(point: str) -> None:
    told = step(*INSTRUCTION[point])
    assert told.acts or told.opens


def test_the_instruction_is_told_first_and_in_its_own_labels() -> None:
    assert JOURNEYS[0].name == "register_app"
    said = {TEXTS.pattern("sv", each) for journey in JOURNEYS for each in labels_of(journey)}
    assert {
        "Konfigurera Authenticator-appen",
        "Aktivera telefoninloggning",
        "Vilket kontaktalternativ föredrar du?",
        "Textkod till min telefon för autentisering",
        "Spara",
        "Klart!",
    } <= said


def test_the_texts_of_the_instruction_are_chosen_and_saved() -> None:
    choose, number = step("register_texts", "choose"), step("register_texts", "number")
    assert Choose("set_up_mfa.preferred_option", "set_up_mfa.option_sms") in choose.acts
    assert Press("set_up_mfa.save") == number.acts[-1]


def test_what_is_not_allowed_is_left_out() -> None:
    register = JOURNEYS[0]
    assert needed(register, frozenset()) is None
    fewer = needed(register, register.needs)
    assert fewer is not None
    assert {"own_number", "own_code", "done", "at_work"}.isdisjoint(
        each.name for each in fewer.steps
    )
    whole = needed(register, register.needs | {Need.NUMBER_AFTER_APP, Need.PAPER_CODES})
    assert whole is not None
    assert [each.name for each in whole.steps][-3:] == ["own_number", "own_code", "done"]


def test_what_is_registered_at_work_is_played_at_work() -> None:
    register = JOURNEYS[0]
    at_home = needed(register, register.needs)
    at_work = needed(register, register.needs | {Need.FIRST_AT_WORK})
    assert at_home is not None
    assert at_work is not None
    assert at_home.outside
    assert not at_work.outside
    assert "at_work" in [each.name for each in at_work.steps]


# ---- what an installation allows ------------------------------------------------------------


def test_the_demo_s_region_allows_every_journey() -> None:
    told = allowed(settings(), state(), EVERYBODY)
    assert [each.name for each in JOURNEYS if needed(each, told) is None] == []
    assert told >= {Need.NUMBER_AFTER_APP, Need.PASSWORD_AT_WORK, Need.NEW_PHONE_BY_PEOPLE}
    assert told.isdisjoint({Need.NUMBER_SKIPPED, Need.FIRST_AT_WORK, Need.TEXT_AT_WORK})


def test_without_a_gateway_no_text_is_told_of() -> None:
    told = allowed(settings(sms=()), state(), EVERYBODY)
    texts = {Need.TEXTS, Need.BY_TEXT, Need.NUMBER_AFTER_APP, Need.TEXT_AT_WORK}
    assert told.isdisjoint(texts)
    assert Need.NUMBER_SKIPPED in told
    assert Need.BY_APP in told


@pytest.mark.parametrize(
    ("entry", "gone"),
    [
        (
            {"may_use": {"second_factor": ["sms_code", "recovery_code"]}},
            {Need.BY_APP, Need.PHONE_SIGN_IN},
        ),
        (
            {"may_register": ["push", "phone_sign_in", "recovery_code"]},
            {Need.TEXTS, Need.NUMBER_AFTER_APP, Need.BY_TEXT},
        ),
        ({"may_register": ["push", "sms_code"]}, {Need.PAPER_CODES, Need.PHONE_SIGN_IN}),
        ({"may_register": ["sms_code", "totp"]}, {Need.APP, Need.PHONE_SIGN_IN}),
        ({"may_use": {"passwordless": []}}, {Need.PHONE_SIGN_IN}),
        ({"may_use": {"password_reset": ["push", "recovery_code"]}}, {Need.RESET}),
    ],
)
def test_a_method_taken_away_from_the_people_is_not_told_of(
    entry: dict[str, object], gone: set[Need]
) -> None:
    before = allowed(settings(), state(), EVERYBODY)
    told = allowed(settings(), methods(**entry), EVERYBODY)
    assert gone <= before
    assert told.isdisjoint(gone)
    assert allowed(settings(), methods(**entry), ("others",)) == allowed(
        settings(), state(), ("others",)
    )


def test_a_rule_that_asks_for_a_key_takes_neither_text_nor_app_at_sign_in() -> None:
    told = allowed(settings(), state(rules=[_rule(require="phishing_resistant")]), EVERYBODY)
    assert told.isdisjoint({Need.BY_APP, Need.BY_TEXT, Need.PORTAL})
    assert told >= {Need.APP, Need.TEXTS}


def test_a_rule_that_asks_everywhere_asks_at_work_too() -> None:
    told = allowed(settings(), state(rules=[_rule(require="multifactor")]), EVERYBODY)
    assert told >= {Need.TEXT_AT_WORK, Need.PORTAL, Need.BY_APP, Need.BY_TEXT}
    assert Need.PASSWORD_AT_WORK not in told


def test_without_rules_the_password_is_enough_and_no_second_step_is_told_of() -> None:
    told = allowed(settings(), state(rules=[]), EVERYBODY)
    assert told.isdisjoint({Need.BY_APP, Need.BY_TEXT})
    assert Need.PASSWORD_AT_WORK in told


def test_a_rule_for_other_people_changes_nothing() -> None:
    other = _rule(require="block", when={"groups": ["konsulter"]})
    rules = [*region_rules(), other]
    assert allowed(settings(), state(rules=rules), EVERYBODY) == allowed(
        settings(), state(), EVERYBODY
    )


def test_a_reset_that_a_rule_shuts_is_not_told_of() -> None:
    shut = _rule(require="block", when={"actions": ["reset"]})
    told = allowed(settings(), state(rules=[*region_rules(), shut]), EVERYBODY)
    assert Need.RESET not in told
    assert Need.BY_APP in told


@pytest.mark.parametrize(
    "given",
    [
        {"reset": Reset(two_devices=("alla",))},
        {"directories": (Directory(name="ad", kind="ldap", passwords=False),)},
    ],
)
def test_a_reset_that_the_settings_leave_no_way_to_is_not_told_of(given: dict[str, Any]) -> None:
    assert Need.RESET in allowed(settings(), state(), EVERYBODY)
    assert Need.RESET not in allowed(settings(**given), state(), EVERYBODY)


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("welcome_window", {Need.FIRST_BY_PASSWORD}),
        ("second_proof", {Need.FIRST_BY_PASSWORD, Need.FIRST_AT_WORK}),
        ("never_password_alone", set()),
    ],
)
def test_where_the_first_way_is_registered_follows_the_settings(
    first: Any, told: set[Need]
) -> None:
    found = allowed(settings(registration=Registration(first=first)), state(), EVERYBODY)
    assert found & {Need.FIRST_BY_PASSWORD, Need.FIRST_AT_WORK} == told


def test_without_a_network_nothing_is_told_that_is_done_at_work() -> None:
    nowhere = state(networks=[], rules=[])
    assert Need.PORTAL not in allowed(settings(), nowhere)
    at_work = settings(registration=Registration(first="second_proof"))
    assert Need.FIRST_BY_PASSWORD not in allowed(at_work, nowhere)
    assert Need.FIRST_BY_PASSWORD in allowed(settings(), nowhere)


def test_people_stand_up_for_each_other_only_where_the_settings_let_them() -> None:
    off = Registration(first="welcome_window", new_phone_by_people=False)
    assert Need.NEW_PHONE_BY_PEOPLE not in allowed(settings(registration=off), state(), EVERYBODY)


def test_the_portal_is_told_of_where_there_is_something_to_open() -> None:
    assert Need.PORTAL not in allowed(settings(), state(apps=[], links=[]), EVERYBODY)
    link = {"id": "web", "name": "Webben", "address": "https://www.region.example"}
    only = {**link, "groups": ["alla"]}
    assert Need.PORTAL in allowed(settings(), state(apps=[], links=[only]), EVERYBODY)
    assert Need.PORTAL not in allowed(settings(), state(apps=[], links=[only]), ("others",))


def test_without_groups_it_is_for_the_group_that_most_tiles_are_for() -> None:
    fewer = methods(may_use={"password_reset": []})
    assert allowed(settings(), fewer) == allowed(settings(), fewer, EVERYBODY)
    assert allowed(settings(), fewer) != allowed(settings(), state())


def test_a_rule_for_a_named_person_is_nobody_else_s() -> None:
    hers = _rule(require="block", when={"people": ["rut.riktig"]})
    rules = [*region_rules(), hers]
    assert allowed(settings(), state(rules=rules)) == allowed(settings(), state())


def test_a_rule_for_everybody_but_a_named_person_is_told() -> None:
    others = _rule(require="block", when={"people_not": ["rut.riktig"], "actions": ["reset"]})
    told = allowed(settings(), state(rules=[*region_rules(), others]))
    assert Need.RESET not in told


def test_the_people_of_an_export_say_nothing_of_the_guide() -> None:
    hashes = {each.user_name: "$argon2id$" for each in region.PEOPLE}
    whole = region.state(shop="https://shop.region.example", hashes=hashes, today=TODAY)
    assert allowed(settings(), whole) == allowed(settings(), state())


def region_rules() -> list[Mapping[str, object]]:
    rules = state()["rules"]
    assert isinstance(rules, list)
    return rules


def _rule(**given: object) -> dict[str, object]:
    return {"id": "extra", "state": "on", "reason": {"sv": "Därför.", "en": "So."}, **given}


def test_every_placeholder_is_one_of_those_that_are_filled_in() -> None:
    known = {"press", "address", "field", "option", "sees", "organisation", "support"}
    for journey in JOURNEYS:
        for message in words_of(journey):
            parsed = string.Formatter().parse(TEXTS.pattern("sv", message))
            assert {name for _, name, _, _ in parsed if name} <= known
