"""Every kind of condition and of asking in a state file: read, stored, written again, judged."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.asking import AllOf, AnyOf, Own, Require
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.conditions import Condition, Day, Hours
from portvakt.core.ids import ClientId, NetworkId
from portvakt.core.policy import Rule
from portvakt.core.roles import Role
from portvakt.core.signals import Action, ClientKind, Device, Platform, Risk
from tests.cli.box import Box
from tests.journeys.apply_state.test_apply import configuration, lines

FILE = """
[[people]]
id = "konsult-7"
user_name = "kim.holm"
email = "kim.holm@region.example"

[[networks]]
id = "lan"
name = "Nätet"
addresses = ["10.20.0.0/16"]

[[strengths]]
id = "no-texts"
methods = ["push", "totp"]

[[rules]]
id = "everything"
require = { all = ["no-texts", { any = ["our_device", "passwordless"] }] }
reason = { sv = "Allt.", en = "All." }
sign_in_every = "8h"
session_at_most = "90m"
[rules.when]
networks_not = ["lan"]
apps_not = ["portvakt"]
people = ["konsult-7"]
people_not = ["KIM.HOLM"]
roles = ["support"]
actions = ["administer", "sign_in"]
countries = ["SE"]
countries_not = ["NO"]
devices = ["other"]
platforms = ["windows"]
client_kinds_not = ["proxy"]
risks = ["spray"]
times = [{ zone = "Europe/Stockholm", days = ["fri", "mon"], from = "22:00", to = "06:00" }]
times_not = [{ zone = "Europe/Stockholm" }]
"""
TEXTLESS = frozenset({AuthenticatorType.PUSH, AuthenticatorType.TOTP})


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    return Box.make(tmp_path, database_url)


@pytest.fixture
def alone(tmp_path: Path, sqlite_url: str) -> Box:
    """For files of which nothing is stored."""
    return Box.make(tmp_path, sqlite_url)


def only_rule(box: Box) -> Rule:
    (rule,) = configuration(box).rules
    return rule


def put(box: Box, content: str) -> Path:
    return box.write("region.toml", content)


def test_a_rule_of_every_kind_is_stored_as_it_is_written(box: Box) -> None:
    box.good("apply", put(box, FILE))
    rule = only_rule(box)
    assert rule.when == Condition(
        networks_not=frozenset({NetworkId("lan")}),
        apps_not=frozenset({ClientId("portvakt")}),
        people=frozenset({"konsult-7"}),
        people_not=frozenset({"KIM.HOLM"}),
        roles=frozenset({Role.SUPPORT}),
        actions=frozenset({Action.ADMINISTER, Action.SIGN_IN}),
        countries=frozenset({"SE"}),
        countries_not=frozenset({"NO"}),
        devices=frozenset({Device.OTHER}),
        platforms=frozenset({Platform.WINDOWS}),
        client_kinds_not=frozenset({ClientKind.PROXY}),
        risks=frozenset({Risk.SPRAY}),
        times=frozenset(
            {
                Hours(
                    zone="Europe/Stockholm",
                    days=frozenset({Day.FRI, Day.MON}),
                    begin=22 * 60,
                    end=6 * 60,
                )
            }
        ),
        times_not=frozenset({Hours(zone="Europe/Stockholm")}),
    )
    assert rule.require == AllOf(
        (Own("no-texts", TEXTLESS), AnyOf((Require.OUR_DEVICE, Require.PASSWORDLESS)))
    )
    assert rule.sign_in_every == timedelta(hours=8)
    assert rule.session_at_most == timedelta(minutes=90)


def test_how_long_a_browser_is_known_is_stored_and_exported(box: Box) -> None:
    require = '{ any = ["known_browser", "multifactor"] }'
    file = RULE.format(require=require, when="", more='remember = "14d"')
    box.good("apply", put(box, file))
    rule = only_rule(box)
    assert rule.remember == timedelta(days=14)
    written = box.good("export").out
    assert tomllib.loads(written)["rules"][0]["remember"] == "14d"
    box.good("apply", put(box, file.replace("14d", "7d")))
    assert only_rule(box).remember == timedelta(days=7)


def test_what_is_exported_is_the_same_rule(box: Box) -> None:
    box.good("apply", put(box, FILE))
    before = only_rule(box)
    written = box.good("export").out
    rule = tomllib.loads(written)["rules"][0]
    assert rule["require"] == {
        "all": ["no-texts", {"any": ["our_device", "passwordless"]}],
    }
    assert rule["when"]["times"] == [
        {"zone": "Europe/Stockholm", "days": ["mon", "fri"], "from": "22:00", "to": "06:00"}
    ]
    assert (rule["sign_in_every"], rule["session_at_most"]) == ("8h", "90m")
    assert box.good("apply", box.write("again.toml", written), "--json").json["changes"] == []
    assert only_rule(box) == before


def test_a_person_is_found_by_name_and_by_id_as_long_as_there_is_one(box: Box) -> None:
    box.good("apply", put(box, FILE))
    kim = box.person("konsult-7", "apply").account
    assert configuration(box).people == {"konsult-7": kim.id, "KIM.HOLM": kim.id}
    renamed = FILE.replace('user_name = "kim.holm"', 'user_name = "kim.berg"').replace(
        'email = "kim.holm@region.example"', 'email = "kim.berg@region.example"'
    )
    answer = box.run("apply", put(box, renamed))
    # the name stood for somebody a moment ago; now it stands for nobody, and the rule counts
    assert answer.status == 0, answer.err
    assert configuration(box).people == {"konsult-7": kim.id}


def test_a_strength_stands_in_every_rule_that_names_it(box: Box) -> None:
    box.good("apply", put(box, FILE))
    more = """
[[rules]]
id = "second"
require = "no-texts"
reason = { sv = "Två.", en = "Two." }
"""
    box.good("apply", put(box, more))
    stored = {str(each.id): each.require for each in configuration(box).rules}
    assert stored["second"] == Own("no-texts", TEXTLESS)
    other = f'[[strengths]]\nid = "no-texts"\nmethods = ["totp"]\n{more}'
    answer = box.run("apply", put(box, other))
    assert answer.status == 1
    assert "strengths[1]: rule “everything” is stored with another" in answer.err
    whole = FILE.replace('["push", "totp"]', '["totp"]') + more
    changes = lines(box.good("apply", put(box, whole), "--json").json["changes"])
    assert changes == {("rule", "everything", "changed"), ("rule", "second", "changed")}


def test_going_back_brings_the_strengths_of_that_time_along(box: Box) -> None:
    box.good("apply", put(box, FILE))
    before = only_rule(box)
    box.good("apply", put(box, FILE.replace('["push", "totp"]', '["totp"]')))
    assert only_rule(box) != before
    box.good("rules", "return")
    assert only_rule(box) == before


BOTH = '{ all = ["our_device", "multifactor"] }'
RULE = """
[[rules]]
id = "a"
require = {require}
reason = {{ sv = "Ett.", en = "One." }}
{more}
when = {{ {when} }}
"""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"require": '"multifaktor"'}, "rules[1].require: “multifaktor” is no way to ask; did you"),
        ({"require": '{ any = ["block", "multifactor"] }'}, "require.any[1]: “block” stands alone"),
        ({"require": '{ any = ["moon"] }'}, "rules[1].require.any[1]: “moon” is no way to ask"),
        (
            {"require": f"{{ any = {['multifactor'] * 9} }}"},
            "rules[1].require.any: joins more than 8",
        ),
        ({"require": "{ }"}, "rules[1].require: needs either “any” or “all”"),
        (
            {"require": '{ any = ["multifactor"], all = ["our_device"] }'},
            "rules[1].require: needs either “any” or “all”",
        ),
        (
            {"require": '{ any = [{ any = [{ any = [{ any = ["multifactor"] }] }] }] }'},
            "stands in more than 3 others",
        ),
        (
            {"require": f"{{ any = [{', '.join([BOTH] * 7)}] }}"},
            "rules[1].require: can be met in more than 64 ways; make several rules of it",
        ),
        ({"when": 'people = ["borta"]'}, "rules[1].when.people[1]: “borta” is neither in this"),
        ({"when": 'people_not = ["borta"]'}, "when.people_not[1]: “borta” is neither in this"),
        ({"when": 'roles = ["king"]'}, "rules[1].when.roles[1]: is not one of the values"),
        (
            {"when": 'roles = ["break_glass"]'},
            "when.roles: no rule counts for a break-glass",
        ),
        ({"when": 'countries = ["se"]'}, "when.countries[1]: is not written as it must be here"),
        ({"when": 'devices = ["mine"]'}, "rules[1].when.devices[1]: is not one of the values"),
        ({"when": 'risks = ["unknown"]'}, "when.risks: what is not known counts as every risk"),
        (
            {"when": 'actions = ["reset"], actions_not = ["reset"]'},
            "when.actions_not: leaves no action that the rule could be about",
        ),
        (
            {"when": 'times = [{ zone = "Mars/Base" }]'},
            "times[1].zone: “Mars/Base” is no time zone",
        ),
        (
            {"when": 'times = [{ zone = "UTC", from = "24:00" }]'},
            "times[1].from: is the end of a day",
        ),
        (
            {"when": 'times = [{ zone = "UTC", from = "7:00" }]'},
            "times[1].from: is not written as it must be here",
        ),
        ({"when": 'times = [{ days = ["mon"] }]'}, "when.times[1].zone: is missing"),
        ({"more": 'sign_in_every = "8"'}, "sign_in_every: is not written as it must be here"),
        ({"more": 'remember = "30d"'}, "remember: “require” does not name “known_browser”"),
        (
            {"require": '"known_browser"', "more": 'remember = "91d"'},
            "remember: is longer than 90d",
        ),
        (
            {"require": '"known_browser"', "more": 'remember = "0d"'},
            "remember: is not written as it must be here",
        ),
        ({"more": 'sign_in_every = "8h\\n"'}, "sign_in_every: is not written as it must be here"),
        ({"when": 'countries = ["SE\\n"]'}, "when.countries[1]: is not written as it must be here"),
        ({"more": 'session_at_most = "0h"'}, "session_at_most: is not written as it must be here"),
    ],
)
def test_what_a_rule_must_not_say(alone: Box, given: dict[str, Any], said: str) -> None:
    fields = {"require": '"multifactor"', "when": "", "more": ""} | given
    answer = alone.run("apply", put(alone, RULE.format(**fields)))
    assert answer.status == 1, answer.out
    assert said in answer.err
    assert configuration(alone).rules == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"when": 'countries_not = ["SE"]'}, "your own networks are in no country"),
        ({"when": 'platforms_not = ["ios"]'}, "whoever writes such a name goes unasked"),
        ({"when": 'devices = ["ours"]'}, "whoever hides that a device is yours goes unasked"),
        ({"when": 'devices_not = ["other"]'}, "whoever hides that a device is yours goes"),
        ({"require": '{ any = ["password", "multifactor"] }'}, "so it asks for nothing"),
        ({"require": '{ any = ["known_browser", "multifactor"] }'}, "“remember” says for how long"),
    ],
)
def test_what_is_weaker_than_it_looks_is_warned_of(
    alone: Box, given: dict[str, Any], said: str
) -> None:
    fields = {"require": '"multifactor"', "when": "", "more": ""} | given
    answer = alone.good("apply", put(alone, RULE.format(**fields)))
    assert f"warning: line {7 if 'when' in given else 4}: rules[1]." in answer.err
    assert said in answer.err


def test_countries_beside_ones_own_networks_are_not_warned_of(alone: Box) -> None:
    rule = RULE.format(
        require='"block"',
        more="",
        when='countries_not = ["SE"], networks_not = ["lan"]',
    )
    lan = '[[networks]]\nid = "lan"\nname = "N"\naddresses = ["10.20.0.0/16"]\n'
    assert "warning" not in alone.good("apply", put(alone, lan + rule)).err


def test_what_people_are_told_is_a_line_and_no_book(alone: Box) -> None:
    rule = RULE.format(require='"multifactor"', when="", more="")
    answer = alone.run("apply", put(alone, rule.replace("Ett.", "x" * 1001)))
    assert "rules[1].reason.sv: expected text of length <= 1000" in answer.err


@pytest.mark.parametrize(
    ("strength", "said"),
    [
        ('id = "multifactor"\nmethods = ["totp"]', "[1].id: “multifactor” is a word that rules"),
        ('id = "x"\nmethods = ["password"]', "[1].methods[1]: “password” can be no second factor"),
        ('id = "x"\nmethods = ["start_code"]', "[1].methods[1]: “start_code” can be no second"),
        ('id = "x"\nmethods = []', "strengths[1].methods:"),
        ('id = "x"\nmethods = ["fax"]', "strengths[1].methods[1]: is not one of the values"),
    ],
)
def test_what_a_strength_must_not_say(alone: Box, strength: str, said: str) -> None:
    answer = alone.run("apply", put(alone, f"[[strengths]]\n{strength}\n"))
    assert answer.status == 1, answer.out
    assert said in answer.err


def test_a_strength_that_no_rule_names_is_warned_of(alone: Box) -> None:
    answer = alone.good("apply", put(alone, '[[strengths]]\nid = "x"\nmethods = ["totp"]\n'))
    assert "warning: line 1: strengths[1]: no rule of this file names it" in answer.err
