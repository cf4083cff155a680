"""What would be asked of somebody somewhere, and what would do."""

import re
from pathlib import Path

import pytest

from portvakt.core.events import ProtectedSeen
from portvakt.records import Unit
from tests import make
from tests.cli.box import Answer, Box
from tests.settings.test_locations import NOWHERE, OUTSIDE_NO, OUTSIDE_SE, write

STATE = """
[[groups]]
id = "alla"
[[groups]]
id = "it"
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
[[apps]]
client_id = "strict"
client_name = "Den stränga"
redirect_uris = ["http://localhost:8004/callback"]
token_endpoint_auth_method = "none"
default_acr_values = ["urn:portvakt:aal2"]
groups = ["alla"]
[[apps]]
client_id = "console"
client_name = "Konsolen"
redirect_uris = ["http://localhost:8005/callback"]
token_endpoint_auth_method = "none"
groups = ["it"]
[[rules]]
id = "outside"
when = { networks_not = ["lan"] }
require = "multifactor"
reason = { sv = "Du är ute.", en = "You are outside." }
[[rules]]
id = "soon"
state = "report_only"
require = "multifactor"
reason = { sv = "Snart.", en = "Soon." }
[[rules]]
id = "asleep"
state = "off"
require = "block"
reason = { sv = "Nej.", en = "No." }
"""
PERSON = """
[[people]]
id = "{id}"
user_name = "{name}"
email = "{name}@region.example"
groups = ["alla"]
password_hash = "{phc}"
{more}
"""
DRAFT = """
[[networks]]
id = "ward"
name = "Avdelningen"
addresses = ["203.0.113.0/24"]
[[apps]]
client_id = "new"
client_name = "Ny"
redirect_uris = ["http://localhost:8006/callback"]
client_secret_file = "not-read"
groups = ["alla"]
[[rules]]
id = "no-journal"
when = { apps = ["journal", "new"], networks_not = ["lan", "ward"] }
require = "block"
"""


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    phc = box.password_hash("Vinterdäck i augusti")
    box.write("anna.totp", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    people = [
        ("17", "anna.berg", 'totp_secret_file = "anna.totp"\nwork_mobile = "070-174 06 05"'),
        ("18", "bo.ek", ""),
        ("19", "fia.skogh", "protected = true"),
        ("20", "gun.lund", 'work_mobile = "070-174 06 06"'),
        ("21", "ola.alm", 'state = "disabled"'),
    ]
    text = STATE + "".join(
        PERSON.format(id=id_, name=name, phc=phc, more=more) for id_, name, more in people
    )
    box.good("apply", box.write("region.toml", text))
    return box


def ask(box: Box, *words: str) -> Answer:
    return box.good("what-if", *words)


def test_every_rule_says_why_it_counted_or_did_not(box: Box) -> None:
    out = ask(box, "anna.berg", "--app", "journal", "--address", "203.0.113.7").out
    lines = [re.sub(r"\s+", " ", line).strip() for line in out.splitlines()]
    where = "anna.berg (anna.berg), Journalen, outside, 2026-11-22 12:00Z"
    assert lines == [
        f"{where}: let in, after more than the password",
        "asked two factors",
        "rule outside counted: multifactor",
        "rule soon only reports: would ask multifactor",
        "rule asleep is off",
        "sv Du är ute.",
        "en You are outside.",
        "enough password and a code from an app",
        "enough password and a code by text message",
    ]


def test_inside_the_password_is_enough(box: Box) -> None:
    for place in (("--address", "10.20.3.4"), ("--network", "lan")):
        found = ask(box, "anna.berg", *place, "--json").json
        assert (found["verdict"], found["locked_out"]) == ("let_in", False)
        assert found["ways"] == [["password"]]
        assert found["networks"] == ["lan"]
        assert found["rules"][0] == {
            "rule": "outside",
            "outcome": "not_matched",
            "detail": "on lan",
        }
        assert found["told"] == {"sv": "", "en": ""}
    assert "let in with the password alone" in ask(box, "anna.berg", "--network", "lan").out


def test_an_unknown_place_is_outside(box: Box) -> None:
    found = ask(box, "anna.berg", "--json").json
    assert (found["verdict"], found["asked_by"]) == ("asked", ["outside"])


def test_somebody_with_nothing_to_answer_with_is_locked_out(box: Box) -> None:
    found = ask(box, "bo.ek", "--json").json
    assert (found["verdict"], found["locked_out"], found["ways"]) == ("needs_proof", True, [])
    assert found["second_proofs"] == ["inside", "start_code"]
    assert "LOCKED OUT: must register a method first" in ask(box, "bo.ek").out
    inside = box.write(
        "draft.toml", '[[rules]]\nid = "all"\nrequire = "multifactor"\nreason = {sv="x",en="x"}\n'
    )
    found = ask(box, "bo.ek", "--network", "lan", "--draft", str(inside), "--json").json
    assert (found["verdict"], found["locked_out"]) == ("registers", False)
    assert found["registers"] == "inside"
    assert "may do so there" in ask(box, "bo.ek", "--network", "lan", "--draft", str(inside)).out


def test_the_work_phone_is_something_to_answer_with(box: Box) -> None:
    assert ask(box, "gun.lund", "--json").json["ways"] == [["password", "sms_code"]]


def test_a_disabled_account_is_refused_whatever_rules_say(box: Box) -> None:
    found = ask(box, "ola.alm", "--network", "lan", "--json").json
    assert (found["verdict"], found["why"]) == ("refused", "sign_in.refused_disabled")
    assert "the account is disabled" in ask(box, "ola.alm").out


def test_an_app_asks_for_itself_and_has_its_groups(box: Box) -> None:
    found = ask(box, "anna.berg", "--app", "strict", "--network", "lan", "--json").json
    assert found["verdict"] == "asked"
    assert found["rules"][-2]["rule"] == "the app strict itself"
    found = ask(box, "anna.berg", "--app", "console", "--json").json
    assert (found["verdict"], found["why"]) == ("refused", "not_in_groups")


def test_a_draft_is_judged_in_place_of_what_is_stored(box: Box) -> None:
    draft = box.write("draft.toml", DRAFT)
    words = ("anna.berg", "--draft", str(draft), "--json", "--app")
    for app in ("journal", "new"):
        answer = ask(box, *words, app, "--address", "198.51.100.7")
        found = answer.json
        assert (found["verdict"], found["blocked"]) == ("refused", True)
        assert [each["rule"] for each in found["rules"]] == ["no-journal"]
        assert "nothing would do: a rule blocks" in found["asked"]
        assert "warning" in answer.err
    found = ask(box, *words, "journal", "--address", "203.0.113.7").json
    assert (found["verdict"], found["networks"]) == ("let_in", ["ward"])
    assert ask(box, *words, "portvakt").json["verdict"] == "let_in"
    assert len(box.good("rules", "list", "--json").json["rules"]) == 3


def test_a_broken_draft_is_refused_with_its_lines(box: Box) -> None:
    draft = box.write("draft.toml", '[[rules]]\nid = "x"\nwhen = { apps = ["none"] }\n')
    answer = box.run("what-if", "anna.berg", "--draft", draft)
    assert answer.status == 1
    assert "draft.toml: " in answer.err
    draft.write_text(
        '[[rules]]\nid = "x"\nrequire = "block"\nwhen = { apps = ["none"] }\n', encoding="utf-8"
    )
    assert (
        "neither in this file nor stored" in box.run("what-if", "anna.berg", "--draft", draft).err
    )
    assert box.run("what-if", "anna.berg", "--draft", box.folder / "none.toml").status == 1


def test_where_the_answer_is_no_the_rule_that_said_it_speaks(box: Box) -> None:
    rule = '[[rules]]\nid = "{0}"\nrequire = "{1}"\nreason = {{{{ sv = "{0}.", en = "{0}." }}}}\n'
    text = rule.format("first", "multifactor") + rule.format("last", "block")
    draft = box.write("draft.toml", text.replace("{{", "{").replace("}}", "}"))
    found = ask(box, "anna.berg", "--draft", str(draft), "--json").json
    assert found["told"] == {"sv": "last.", "en": "last."}


def test_a_draft_may_name_people(box: Box) -> None:
    text = '[[rules]]\nid = "x"\nrequire = "multifactor"\nwhen = {{ people = ["{}"] }}\n'
    draft = box.write("draft.toml", text.format("anna.berg"))
    assert ask(box, "anna.berg", "--draft", str(draft), "--json").json["verdict"] == "asked"
    assert ask(box, "gun.lund", "--draft", str(draft), "--json").json["verdict"] == "let_in"
    draft.write_text(text.format("nobody"), encoding="utf-8")
    found = ask(box, "gun.lund", "--draft", str(draft), "--json").json
    assert (found["verdict"], found["rules"][0]["outcome"]) == ("asked", "broken")


def test_without_rules_it_says_so(box: Box) -> None:
    draft = box.write("draft.toml", "")
    assert "there is no rule that could count" in ask(box, "bo.ek", "--draft", str(draft)).out


def test_a132_somebody_with_protected_identity_is_asked_for_by_name(box: Box) -> None:
    assert box.run("what-if", "fia.skogh").status == 1
    ask(box, "fia.skogh", "--include-protected")
    assert box.events()[0].name == ProtectedSeen.name


def test_nothing_is_written(box: Box) -> None:
    before = len(box.events())
    ask(box, "anna.berg")
    assert len(box.events()) == before


ABROAD = """
[[rules]]
id = "abroad"
require = "block"
when = { countries_not = ["SE"], networks_not = ["lan"] }
"""


@pytest.mark.parametrize(
    ("place", "country", "said", "verdict"),
    [
        (("--address", OUTSIDE_SE), "SE", "outside, in SE", "let_in"),
        (("--address", OUTSIDE_NO), "NO", "outside, in NO", "refused"),
        (("--address", OUTSIDE_NO, "--country", "se"), "SE", "outside, in SE", "let_in"),
        (("--address", NOWHERE), None, "outside, country not known", "refused"),
        ((), None, "outside, country not known", "refused"),
        (("--network", "lan"), None, "lan, country not known", "let_in"),
    ],
)
def test_the_address_tells_the_country_as_it_does_in_a_sign_in(
    box: Box, place: tuple[str, ...], country: str | None, said: str, verdict: str
) -> None:
    database = write(box.folder / "countries.mmdb")
    settings = box.config.read_text(encoding="utf-8")
    box.config.write_text(f'{settings}\n[locations]\ndatabase = "{database}"\n', encoding="utf-8")
    words = ("anna.berg", *place, "--draft", str(box.write("draft.toml", ABROAD)))
    found = ask(box, *words, "--json").json
    assert (found["facts"]["country"], found["verdict"]) == (country, verdict)
    assert f"our own pages, {said}, 2026" in ask(box, *words).out


def test_where_no_rule_asks_for_countries_none_is_named(box: Box) -> None:
    assert "country" not in ask(box, "anna.berg", "--address", OUTSIDE_SE).out


@pytest.mark.parametrize(
    "words",
    [
        ("--address", "nowhere"),
        ("--at", "soon"),
        ("--country", "Sverige"),
        ("--device", "mine"),
        ("--address", "10.20.1.1", "--network", "lan"),
    ],
)
def test_what_is_no_fact_is_misuse(box: Box, words: tuple[str, ...]) -> None:
    assert box.run("what-if", "anna.berg", *words).status == 2


def test_what_is_not_there_is_named(box: Box) -> None:
    assert "there is no app 'none'" in box.run("what-if", "anna.berg", "--app", "none").err
    assert "known are lan" in box.run("what-if", "anna.berg", "--network", "wifi").err


def test_all_facts_are_taken(box: Box) -> None:
    words = "--device ours --known-browser --at 2026-11-23T22:00 --action reset --platform ios"
    words += " --client-kind native --country se --risk spray --risk guessing --json"
    found = ask(box, "anna.berg", *words.split()).json
    assert found["at"] == "2026-11-23T22:00:00+00:00"
    assert found["facts"] == {
        "groups": ["alla"],
        "roles": [],
        "device": "ours",
        "known_browser": True,
        "action": "reset",
        "country": "SE",
        "platform": "ios",
        "client_kind": "native",
        "risk": ["guessing", "spray"],
    }


def test_what_is_amiss_asks_for_more_of_whoever_has_it(box: Box) -> None:
    for who, ways in (
        ("anna.berg", [["password", "totp"], ["password", "sms_code"]]),
        ("bo.ek", []),
    ):
        found = ask(box, who, "--network", "lan", "--risk", "new_country", "--json").json
        [line] = [each for each in found["rules"] if each["rule"] == "risk new_country"]
        assert line["seen"] == "supposed"
        assert line["detail"] == ("multifactor" if ways else "password")
        assert found["ways"] == (ways or [["password"]])
    assert (
        "risk new_country counted: multifactor; supposed"
        in ask(box, "anna.berg", "--network", "lan", "--risk", "new_country").out
    )


def test_a088_nobody_administers_with_less_than_what_phishing_cannot_take(box: Box) -> None:
    """ASVS 8.4.2: whatever rules say, and from wherever. Anna has a password, an app and texts."""
    box.good("grant-role", "anna.berg", "administrator")
    for place in ("lan", ""):
        where = ("--network", place) if place else ()
        found = ask(box, "anna.berg", "--action", "administer", *where, "--json").json
        assert (found["verdict"], found["ways"]) == ("refused", [])
        line = next(each for each in found["rules"] if each["rule"] == "administering, always")
        assert (line["outcome"], line["detail"]) == ("applied", "phishing_resistant")
    _give_key(box)
    found = ask(box, "anna.berg", "--action", "administer", "--network", "lan", "--json").json
    assert (found["verdict"], found["ways"]) == ("asked", [["passkey"]])


def _give_key(box: Box) -> None:
    account = box.person("17", "apply").account.id

    async def act(unit: Unit) -> None:
        bound = make.bound(make.PASSKEY, account_id=account)
        await unit.authenticators.bind(bound)

    box.do(act)
