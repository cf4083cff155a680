"""Every problem of a state file at once, each with its line, and nothing changed."""

from pathlib import Path

import pytest

from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row

GOOD = """[[groups]]
id = "alla"
[[people]]
id = "1"
user_name = "anna.berg"
email = "anna.berg@region.example"
{person}
[[networks]]
id = "lan"
name = "Nätet"
addresses = ["10.20.0.0/16"]
{network}
[[apps]]
client_id = "shop"
client_name = "Butiken"
redirect_uris = ["https://shop.example/cb"]
token_endpoint_auth_method = "none"
{app}
[[rules]]
id = "outside"
require = "multifactor"
reason = {{ sv = "Ute", en = "Out" }}
{rule}
{more}
"""

DEAR = "$argon2id$v=19$m=99999999,t=2,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYQ"
OWN_PAGES = """[[apps]]
client_id = "portvakt"
client_name = "A"
redirect_uris = ["https://a.example/"]
token_endpoint_auth_method = "none"
"""


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return Box.make(tmp_path, sqlite_url)


def text(**parts: str) -> str:
    given = dict.fromkeys(("person", "network", "app", "rule", "more"), "")
    return GOOD.format(**(given | parts))


def problems(box: Box, content: str) -> list[str]:
    file = box.write("region.toml", content)
    answer = box.run("apply", file)
    assert answer.status == 1, answer.out
    assert box.good("people", "--json").json == []
    return [line.removeprefix(f"{file}: ") for line in answer.err.splitlines()]


def test_the_pattern_itself_is_good(box: Box) -> None:
    box.good("apply", box.write("region.toml", text()))


@pytest.mark.parametrize(
    ("part", "line", "said"),
    [
        ("person", 'groups = ["borta"]', "line 7: people[1].groups[1]: “borta” is neither in"),
        ("person", 'work_mobile = "026-15 40 00"', "line 7: people[1].work_mobile: gets no text"),
        ("person", 'password_hash = "$2b$12$x"', "line 7: people[1].password_hash: not an Argon"),
        (
            "person",
            f'password_hash = "{DEAR}"',
            "parameters are outside what is accepted",
        ),
        ("person", 'totp_secret_file = "none"', "line 7: people[1].totp_secret_file:"),
        ("person", 'password = "hemligt"', "people[1].password: unknown key; did you mean"),
        ("person", "protected = 1", "people[1].protected: expected true or false, got a whole"),
        ("network", 'addresses2 = ["x"]', "unknown key; did you mean “addresses”?"),
        ("app", 'groups = ["borta"]', "line 18: apps[1].groups[1]: “borta” is neither in this"),
        ("app", 'logo_uri = "http://x.example/l.png"', "apps[1].logo_uri: must be https"),
        ("app", 'client_secret_file = "x"', "an app that shows no secret has none"),
        ("app", 'subject_type = "secret"', "is not one of the values allowed here"),
        ("rule", 'when = { networks = ["moon"] }', "line 23: rules[1].when.networks[1]: “moon”"),
        ("rule", 'when = { apps_not = ["moon"] }', "line 23: rules[1].when.apps_not[1]: “moon”"),
        ("rule", 'when = { time = "night" }', "rules[1].when.time: unknown key"),
        ("rule", 'state = "maybe"', "rules[1].state: is not one of the values allowed here"),
        ("more", '[[groups]]\nid = "alla"', "line 25: groups[2].id: “alla” is groups[1] already"),
        ("more", '[[groups]]\nid = ""', "groups[2].id: is not written as it must be here"),
        ("more", "[[group]]\nid = 'x'", "line 24: group: unknown key; did you mean “groups”?"),
        (
            "more",
            '[[people]]\nid="2"\nuser_name="ANNA.BERG"\nemail="b@x.example"',
            "line 26: people[2].user_name: people[1] has this name too",
        ),
        (
            "more",
            '[[apps]]\nclient_id="a"\nclient_name="A"\nredirect_uris=["https://a.example/"]',
            "apps[2].client_secret_file: is missing: “client_secret_basic” needs a secret",
        ),
        (
            "more",
            OWN_PAGES,
            "apps[2].client_id: “portvakt” is what rules call our own pages",
        ),
    ],
)
def test_a_problem_is_named_with_its_line(box: Box, part: str, line: str, said: str) -> None:
    (found,) = problems(box, text(**{part: line}))
    assert said in found
    assert "hemligt" not in found


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("10.20.1.1/16", False),
        ("10.20.0.0/33", False),
        ("lan", False),
        ("10.20.0.0", True),
        ("2001:db8::/32", True),
    ],
)
def test_addresses_are_networks(box: Box, address: str, good: bool) -> None:
    content = text().replace("10.20.0.0/16", address)
    if good:
        box.good("apply", box.write("region.toml", content))
    else:
        (found,) = problems(box, content)
        assert f"networks[1].addresses[1]: “{address}” is not a network" in found


def test_a_network_that_is_everybody_is_warned_of(box: Box) -> None:
    content = text().replace("10.20.0.0/16", "0.0.0.0/0")
    answer = box.good("apply", box.write("region.toml", content), "--allow-weaker")
    assert "warning: line 11: networks[1].addresses[1]: “0.0.0.0/0” holds strangers" in answer.err


@pytest.mark.parametrize(
    "uri",
    [
        "http://shop.example/cb",
        "https://shop.example/cb#x",
        "https://*.shop.example/cb",
        "https://user@shop.example/cb",
        "shop.example/cb",
        "javascript:alert(1)",
        "https://shop.example/a b",
        "com.shop.app:/cb",
        "https://åäö.example/cb",
    ],
)
def test_a_redirect_uri_is_https_and_exact(box: Box, uri: str) -> None:
    (found,) = problems(box, text().replace("https://shop.example/cb", uri))
    assert found.startswith("line 16: apps[1].redirect_uris[1]:")


@pytest.mark.parametrize("key", ["jwks_uri", "backchannel_logout_uri"])
def test_an_address_that_we_call_has_no_fragment(box: Box, key: str) -> None:
    (found,) = problems(box, text(app=f'{key} = "https://shop.example/out#part"'))
    assert f"apps[1].{key}: has a fragment" in found


def test_a_native_app_may_have_a_scheme_of_its_own(box: Box) -> None:
    content = text(app='application_type = "native"').replace(
        "https://shop.example/cb", "com.shop.app:/cb"
    )
    box.good("apply", box.write("region.toml", content))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not base32!", "does not hold base32"),
        (b"JBSWY3DP", "holds 5 bytes, not 10 to 64"),
        (b"\xff\xfe", "is not ASCII text"),
        (b"A" * 20_000, "is too large for a secret"),
    ],
)
def test_a_file_with_a_totp_secret_must_hold_one(box: Box, content: bytes, said: str) -> None:
    box.write("seed", content)
    (found,) = problems(box, text(person='totp_secret_file = "seed"'))
    assert said in found
    assert "JBSWY3DP" not in found


def test_a_short_client_secret_is_refused(box: Box) -> None:
    box.write("s", "hemligt")
    content = text().replace('"none"', '"client_secret_basic"\nclient_secret_file = "s"')
    (found,) = problems(box, content)
    assert "holds less than 22 characters" in found
    assert "hemligt" not in found


def test_all_problems_come_at_once_in_the_order_of_the_lines(box: Box) -> None:
    found = problems(
        box,
        text(person='groups = ["borta"]', rule='when = { groups = ["borta"] }', more="x = 1"),
    )
    assert [each.partition(":")[0] for each in found] == ["line 7", "line 23", "line 24"]


def test_what_is_no_toml_says_where(box: Box) -> None:
    (found,) = problems(box, "[[groups]]\nid = alla\n")
    assert found.startswith("line 2: this is not TOML")


def test_a_file_that_is_not_there_is_one_line(box: Box) -> None:
    answer = box.run("apply", "none.toml")
    assert answer.status == 1
    assert answer.err == "none.toml: cannot be read: No such file or directory\n"


def test_a_name_that_hr_gave_to_somebody_else_is_refused(box: Box) -> None:
    box.good("import-staff", box.write("staff.csv", staff.export(Row())))
    answer = box.run("apply", box.write("region.toml", text()))
    assert answer.status == 1
    assert "line 5: people[1].user_name: is the name of 000017, who comes from hr" in answer.err
    assert "line 6: people[1].email: is the name of 000017, who comes from hr" in answer.err


def test_two_people_may_exchange_their_names(box: Box) -> None:
    two = '[[people]]\nid="2"\nuser_name="bo.ek"\nemail="bo.ek@region.example"'
    box.good("apply", box.write("region.toml", text(more=two)))
    swapped = (
        text(more=two)
        .replace("bo.ek", "tmp")
        .replace("anna.berg", "bo.ek")
        .replace("tmp", "anna.berg")
    )
    answer = box.good("apply", box.write("region.toml", swapped), "--json")
    assert len(answer.json["changes"]) == 2
    assert box.good("person", "show", "anna.berg", "--json").json["id"] == "2"
