"""What the rules are and were, and the way back."""

import asyncio
from functools import cache
from pathlib import Path

import pytest

from portvakt.core.events import ConfigurationChanged, ProtectionLowered, RulesVersionMade
from portvakt.core.policy import RuleState
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import PasswordHasher
from portvakt.records import Unit
from portvakt.rule_templates import templates
from tests import make
from tests.cli.box import Box

BASE = """
[[groups]]
id = "alla"
[[groups]]
id = "administrators"
[[networks]]
id = "lan"
name = "Regionens nät"
addresses = ["10.20.0.0/16"]
[[apps]]
client_id = "journal"
client_name = "Journalen"
redirect_uris = ["http://localhost:8003/callback"]
token_endpoint_auth_method = "none"
groups = ["alla"]
"""
OUTSIDE = """
[[rules]]
id = "outside"
state = "{state}"
when = {{ networks_not = ["lan"] }}
require = "multifactor"
reason = {{ sv = "Du är ute.", en = "You are outside." }}
"""


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    return Box.make(tmp_path, database_url)


def apply(box: Box, rules: str, *words: str, why: str = "") -> None:
    box.move(minutes=1)
    box.good("apply", box.write("region.toml", BASE + rules), "--reason", why, *words)


def test_rules_are_listed_as_they_stand(box: Box) -> None:
    assert "there is no rule" in box.good("rules", "list").out
    apply(box, OUTSIDE.format(state="report_only"))
    assert box.good("rules", "list").out.splitlines()[1].split(maxsplit=3) == [
        *("outside", "report_only", "multifactor"),
        "networks_not lan",
    ]
    [rule] = box.good("rules", "list", "--json").json["rules"]
    assert rule["when"] == {"networks_not": ["lan"]}


def test_each_change_is_a_version_with_who_when_and_why(box: Box) -> None:
    assert "no rule has changed" in box.good("rules", "history").out
    apply(box, "", why="the beginning")
    apply(box, OUTSIDE.format(state="report_only"), why="first\n look")
    apply(box, OUTSIDE.format(state="report_only"), why="nothing changes")
    apply(box, OUTSIDE.format(state="on"), why="it bites")
    found = box.good("rules", "history", "--json").json
    assert [(each["version"], each["reason"]) for each in found] == [
        (3, "it bites"),
        (2, "first look"),
        (1, "the beginning"),
    ]
    assert found[0]["actor"].startswith("cli:")
    assert found[0]["made_at"] == "2026-11-22T12:04:00+00:00"
    told = [each for each in box.events() if each.name == RulesVersionMade.name]
    assert told[0].detail == {"version": 3, "reason": "it bites", "returned_to": None}
    assert len(told) == 3
    line = box.good("rules", "history").out.splitlines()[1]
    assert line.startswith("3        2026-11-22 12:04Z  cli:")
    assert line.endswith("it bites")


def test_what_is_no_line_is_no_reason(box: Box) -> None:
    file = box.write("region.toml", BASE)
    assert box.run("apply", file, "--why", "x" * 301).status == 2
    assert box.run("apply", file, "--why", "a\x07b").status == 2
    box.good("apply", file, "--why", "x" * 300)


def test_a_dry_run_and_a_file_that_is_stopped_make_no_version(box: Box) -> None:
    apply(box, OUTSIDE.format(state="on"))
    apply(box, "", "--dry-run", "--prune", "--override-brake", "--allow-weaker")
    file = box.write("region.toml", BASE + OUTSIDE.format(state="off"))
    assert box.run("apply", file).status == 1
    assert len(box.good("rules", "history", "--json").json) == 1


def test_what_stood_before_versions_were_kept_is_the_first(box: Box) -> None:
    rule = make.rule(state=RuleState.REPORT_ONLY, networks_not={make.LAN}, id="outside")

    async def as_an_upgrade_finds_it(unit: Unit) -> None:
        await unit.configuration.put_networks([make.network()], "apply")
        await unit.configuration.put_rules([rule], "apply")

    box.do(as_an_upgrade_finds_it)
    apply(box, OUTSIDE.format(state="on"), why="it bites")
    out = box.good("rules", "history").out
    assert "stood before versions were kept" in out
    box.good("rules", "return", "--allow-weaker")
    assert box.good("rules", "list", "--json").json["rules"][0]["state"] == "report_only"


def test_a_version_is_shown_as_a_file_that_changes_nothing(box: Box) -> None:
    assert box.run("rules", "show").status == 1
    apply(box, OUTSIDE.format(state="on"), why="it bites")
    text = box.good("rules", "show").out
    assert text.startswith("# Version 1, 2026-11-22 12:01Z, by cli:")
    assert '[[rules]]\nid = "outside"\nstate = "on"\nrequire = "multifactor"\n' in text
    answer = box.good("apply", box.write("shown.toml", text))
    assert answer.out.endswith("0 changed, 2 unchanged\n")
    assert box.good("rules", "show", "1", "--json").json["rules"][0]["id"] == "outside"
    assert box.run("rules", "show", "9").err == (
        "portvakt rules: there is no version 9; `portvakt rules history` lists them\n"
    )
    assert "is no version" in box.run("rules", "show", "nine").err
    assert box.run("rules", "show", "1", "2").status == 2


def test_two_versions_are_held_against_each_other(box: Box) -> None:
    apply(box, OUTSIDE.format(state="report_only"))
    assert "no former version" in box.run("rules", "diff").err
    apply(box, OUTSIDE.format(state="on"))
    apply(box, templates()["second-factor-everywhere"].text, "--prune", "--allow-weaker")
    out = box.good("rules", "diff", "1", "2").out
    assert out == "from version 1 to 2:\n~ rule outside\n    state: report_only → on\n"
    out = box.good("rules", "diff").out
    assert out.startswith("from version 2 to 3:\n- rule outside\n+ rule second-factor-everywhere\n")
    assert "    require: multifactor\n" in out
    found = box.good("rules", "diff", "2", "--json").json
    assert (found["before"], found["after"]) == (2, 3)
    assert [each["change"] for each in found["differences"]] == ["removed", "created"]
    assert "nothing differs" in box.good("rules", "diff", "2", "2").out


def test_one_step_leads_back_and_is_a_version_of_its_own(box: Box) -> None:
    assert "no former version" in box.run("rules", "return").err
    apply(box, OUTSIDE.format(state="on"))
    extra = '[[networks]]\nid = "wifi"\nname = "Gäster"\naddresses = ["10.30.0.0/16"]\n'
    apply(box, OUTSIDE.format(state="on").replace('["lan"]', '["lan", "wifi"]') + extra)
    answer = box.good("rules", "return", "--reason", "the guests got in")
    assert answer.out.splitlines()[:3] == [
        "~ rule outside: when",
        "- network wifi",
        "version 3 is the same as version 1",
    ]
    assert box.good("rules", "diff", "1", "3").out.endswith("nothing differs\n")
    newest = box.good("rules", "history", "--json").json[0]
    assert (newest["version"], newest["returned_to"]) == (3, 1)
    assert newest["reason"] == "the guests got in"
    names = [each.name for each in box.events()[:3]]
    assert names == [
        RulesVersionMade.name,
        ConfigurationChanged.name,
        ConfigurationChanged.name,
    ]
    again = box.good("rules", "return", "1", "--json").json
    assert (again["version"], again["changes"]) == (None, [])
    assert "nothing differs" in box.good("rules", "return", "1").out


def test_a_way_back_to_less_is_meant_or_not_gone(box: Box) -> None:
    apply(box, OUTSIDE.format(state="off"))
    apply(box, OUTSIDE.format(state="on"))
    apply(box, OUTSIDE.format(state="on").replace("Du är ute", "Du är utanför"))
    answer = box.run("rules", "return", "1")
    assert (answer.status, answer.out) == (1, "")
    assert answer.err == (
        "portvakt rules: stopped: no rule would ask for a second factor any more "
        "(--allow-weaker goes on)\n"
    )
    assert len(box.good("rules", "history", "--json").json) == 3
    box.good("rules", "return", "1", "--allow-weaker")
    assert box.good("rules", "list", "--json").json["rules"][0]["state"] == "off"
    assert any(each.name == ProtectionLowered.name for each in box.events())


def test_a_version_that_names_what_is_gone_does_not_come_back(box: Box) -> None:
    apply(box, templates()["app-only-inside"].text)
    file = box.write("region.toml", BASE.partition("[[apps]]")[0])
    box.good("apply", file, "--prune", "--override-brake")
    answer = box.run("rules", "return", "1")
    assert answer.status == 1
    assert "version 1: " in answer.err
    assert "“journal” is neither in this file nor stored" in answer.err


def test_every_template_can_be_applied_as_it_is_and_only_reports(box: Box) -> None:
    assert len(templates()) > 4
    for template in templates().values():
        shown = box.good("rules", "templates", template.name).out
        file = box.write("region.toml", BASE + shown)
        assert box.good("apply", file, "--prune").err == "", "nothing in it is unwise"
        rules = box.good("rules", "list", "--json").json["rules"]
        assert rules
        assert {each["state"] for each in rules} == {"report_only"}
        assert all(set(each["reason"]) == {"sv", "en"} for each in rules)


PERSON = """
[[people]]
id = "17"
user_name = "anna.berg"
email = "anna.berg@region.example"
groups = ["alla"]
totp_secret_file = "anna.totp"
password_hash = "{phc}"
"""
ASKED, LET_IN, REFUSED = "asked", "let_in", "refused"
JOURNAL = "--app journal"


@pytest.mark.parametrize(
    ("template", "facts", "verdict"),
    [
        ("second-factor-outside", "", ASKED),
        ("second-factor-outside", "--network lan", LET_IN),
        ("second-factor-everywhere", "--network lan", ASKED),
        ("second-factor-for-an-app", f"{JOURNAL} --network lan", ASKED),
        ("second-factor-for-an-app", "", LET_IN),
        ("app-only-inside", JOURNAL, REFUSED),
        ("app-only-inside", f"{JOURNAL} --network lan", LET_IN),
        ("phishing-resistant-for-a-group", "", REFUSED),
        ("phishing-resistant-for-administrators", "", LET_IN),
        ("our-device-or-second-factor", "--device ours", LET_IN),
        ("our-device-or-second-factor", "--device other", ASKED),
        ("our-device-or-second-factor", "--network lan", LET_IN),
        ("known-browser-or-second-factor", "--known-browser", LET_IN),
        ("known-browser-or-second-factor", "", ASKED),
        ("block-countries", "--country SE", LET_IN),
        ("block-countries", "--country US", REFUSED),
        ("block-countries", "", REFUSED),
        ("block-countries", "--network lan", LET_IN),
        ("registration-only-inside", "--action register", REFUSED),
        ("registration-only-inside", "--action register --network lan", LET_IN),
        ("registration-only-inside", "", LET_IN),
        ("second-factor-at-risk", "--network lan --risk spray", ASKED),
        ("second-factor-at-risk", "--network lan", LET_IN),
        ("second-factor-after-hours", f"{JOURNAL} --at 2026-11-23T12:00", LET_IN),
        ("second-factor-after-hours", f"{JOURNAL} --at 2026-11-23T21:00", ASKED),
        ("second-factor-after-hours", f"{JOURNAL} --at 2026-11-22T12:00", ASKED),
    ],
)
def test_every_template_does_what_it_says_once_it_is_on(
    tmp_path: Path, sqlite_url: str, template: str, facts: str, verdict: str
) -> None:
    box = Box.make(tmp_path, sqlite_url)
    box.write("anna.totp", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    on = templates()[template].text.replace("report_only", "on")
    phc = make_hash()
    box.good("apply", box.write("region.toml", BASE + on + PERSON.format(phc=phc)))
    found = box.good("what-if", "anna.berg", "--json", *facts.split()).json
    assert found["verdict"] == verdict
    if "--risk" in facts:  # which asks by itself, too
        assert found["asked_by"] == [template]


def test_no_template_is_without_a_look_at_what_it_does() -> None:
    [mark] = test_every_template_does_what_it_says_once_it_is_on.pytestmark  # type: ignore[attr-defined]  # pytest's
    assert {case[0] for case in mark.args[1]} == set(templates())


@cache
def make_hash() -> str:
    """Hash one password, for all of these."""
    return asyncio.run(_hash())


async def _hash() -> str:
    hasher = PasswordHasher(threads=1)
    try:
        return await hasher.hash(Secret("Vinterdäck i augusti"))
    finally:
        hasher.close()


def test_a_version_that_names_somebody_who_is_gone_does_not_come_back(box: Box) -> None:
    named = templates()["second-factor-everywhere"].text + 'when = { people = ["nils.ek"] }\n'
    nils = PERSON.replace("anna.berg", "nils.ek").replace('totp_secret_file = "anna.totp"\n', "")
    apply(box, named + nils.format(phc=make_hash()))
    apply(box, templates()["app-only-inside"].text, "--prune", "--override-brake")
    box.good("rules", "return", "1")
    account = box.person("17", "apply").account

    async def forget(unit: Unit) -> None:
        await unit.personal_data.forget(account.id)

    box.do(forget)
    box.good("rules", "return", "2")
    assert "“nils.ek” is neither in this file nor stored" in box.run("rules", "return", "1").err


def test_templates_are_listed(box: Box) -> None:
    out = box.good("rules", "templates").out
    assert "app-only-inside" in out
    found = box.good("rules", "templates", "--json").json
    assert [each["name"] for each in found] == sorted(templates())
    assert "known are " in box.run("rules", "templates", "none").err
    assert box.good("rules", "templates", found[0]["name"], "--json").json == found[0]
