"""Apps that are connected by hand, one at a time."""

import asyncio
import stat
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.apply_state.by_hand import AppsByHand, Made
from portvakt.records import Configuration, Unit, open_records
from tests import make
from tests.cli.box import Answer, Box
from tests.records.test_grants import CODE, GRANT

URL = "https://grafana.region.example"
GRAFANA = ("app", "add", "grafana", "--for", "grafana", "--url", URL, "--group", "drift")


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    box = Box.make(tmp_path, sqlite_url)
    put(box, GROUPS)
    return box


GROUPS = '[[groups]]\nid = "drift"\n[[groups]]\nid = "alla"\n'
OF_FILE = """
[[apps]]
client_id = "wiki"
client_name = "Wiki"
redirect_uris = ["https://wiki.region.example/cb"]
client_secret_file = "wiki.secret"
groups = ["alla"]
"""


def put(box: Box, text: str, *words: str) -> Answer:
    return box.good("apply", box.write("region.toml", text), *words)


def stored(box: Box) -> Configuration:
    async def act(unit: Unit) -> Configuration:
        return await unit.configuration.load()

    return box.do(act)


def app(box: Box, client_id: str = "grafana") -> RelyingParty:
    found = stored(box).app(client_id)
    assert found is not None
    return found


def added(box: Box, *more: str) -> dict[str, Any]:
    said: dict[str, Any] = box.good(*GRAFANA, "--json", *more).json
    return said


def test_an_app_is_added_with_the_addresses_that_its_product_is_known_for(box: Box) -> None:
    box.good(*GRAFANA)
    made = app(box)
    assert made.redirect_uris == (f"{URL}/login/generic_oauth",)
    assert made.client_uri == URL
    assert made.grant_types == ("authorization_code", "refresh_token")
    assert made.groups == {"drift"}


def test_its_secret_is_shown_once_and_kept_only_as_its_hash(box: Box) -> None:
    secret = added(box)["client_secret"]
    assert len(secret) == 43
    assert app(box).secret_hash == lookup_hash(secret)
    later = box.good("app", "show", "grafana", "--for", "grafana").out
    assert secret not in later
    assert "THE-SECRET-THAT-WAS-SHOWN-ONCE" in later


def test_the_settings_that_are_printed_hold_the_secret(box: Box) -> None:
    out = box.good(*GRAFANA).out
    (line,) = [each for each in out.splitlines() if each.startswith("client_secret = ")]
    assert app(box).secret_hash == lookup_hash(line.removeprefix("client_secret = "))


def test_a_secret_can_go_to_a_file_that_others_cannot_read(box: Box) -> None:
    file = box.folder / "grafana.secret"
    out = box.good(*GRAFANA, "--secret-file", str(file)).out
    secret = file.read_text().strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert app(box).secret_hash == lookup_hash(secret)
    assert secret not in out
    assert f"client_secret = (in {file})" in out


def test_nothing_is_made_where_its_secret_cannot_be_written(box: Box) -> None:
    file = box.write("there.already", "x")
    answer = box.run(*GRAFANA, "--secret-file", str(file))
    assert answer.status == 1
    assert "cannot be written" in answer.err
    assert stored(box).app("grafana") is None
    assert file.read_text() == "x"


def test_no_empty_file_is_left_where_nothing_is_made(box: Box) -> None:
    file = box.folder / "grafana.secret"
    assert box.run(*GRAFANA, "--group", "none", "--secret-file", str(file)).status == 1
    assert not file.exists()


def test_the_same_again_changes_nothing_and_says_why(box: Box) -> None:
    box.good(*GRAFANA)
    before = app(box)
    answer = box.run(*GRAFANA)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err == "portvakt app: there is an app “grafana” already\n"
    assert app(box) == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--group", "nobodys"], "there is no group “nobodys”; known are alla, drift"),
        (["--url", "http://grafana.region.example"], "must be https, unless the host is localhost"),
        (["--url", "grafana"], "is not an address such as"),
        (["--redirect-uri", "https://grafana.region.example/*"], "compared letter by letter"),
        (["--redirect-uri", "https://grafana.region.example/#a"], "has a fragment"),
    ],
)
def test_what_apply_would_refuse_is_refused_here_in_one_line(
    box: Box, more: list[str], said: str
) -> None:
    answer = box.run(*GRAFANA, *more)
    assert answer.status == 1
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1
    assert "apps[" not in answer.err
    assert stored(box).apps == ()


@pytest.mark.parametrize("client_id", ["portvakt", "with blank", "a" * 129, ""])
def test_an_id_that_apply_would_refuse_is_refused(box: Box, client_id: str) -> None:
    answer = box.run("app", "add", client_id, "--url", URL, "--group", "alla")
    assert answer.status == 1
    assert "client_id" in answer.err
    assert stored(box).apps == ()


def test_an_app_that_keeps_no_secret_has_none(box: Box) -> None:
    words = ("app", "add", "karta", "--public", "--url", "https://karta.region.example/")
    out = box.good(*words, "--group", "alla").out
    assert app(box, "karta").secret_hash is None
    assert app(box, "karta").token_endpoint_auth_method == "none"
    assert app(box, "karta").redirect_uris == ("https://karta.region.example/callback",)
    assert "a public client" in out


def test_an_app_behind_a_proxy_that_asks_is_known_by_its_host(box: Box) -> None:
    words = ("--for", "nginx", "--url", "https://wiki.region.example", "--group", "alla")
    out = box.good("app", "add", "wiki", *words).out
    assert app(box, "wiki").forward_auth_hosts == ("wiki.region.example",)
    assert app(box, "wiki").secret_hash is None
    assert "auth_request" in out
    again = box.run("app", "add", "wiki-2", *words)
    assert "“wiki.region.example” is guarded for “wiki” already" in again.err
    file = box.folder / "no.secret"
    assert box.run("app", "add", "x", *words, "--secret-file", str(file)).status == 2


def test_only_an_app_that_renews_its_tokens_may(box: Box) -> None:
    words = ("--url", "https://x.region.example", "--group", "alla")
    box.good("app", "add", "once", *words)
    box.good("app", "add", "again", *words, "--refresh")
    assert app(box, "once").grant_types == ("authorization_code",)
    assert app(box, "again").grant_types == ("authorization_code", "refresh_token")


def test_addresses_can_be_named(box: Box) -> None:
    one, two = f"{URL}/a", f"{URL}/b?tenant=1"
    told = ("--backchannel-logout-uri", f"{URL}/told")
    box.good(*GRAFANA, "--redirect-uri", one, "--redirect-uri", two, *told, "--name", "Mätare")
    assert app(box).redirect_uris == (one, two)
    assert app(box).backchannel_logout_uri == f"{URL}/told"
    assert app(box).client_name == "Mätare"


@pytest.mark.parametrize(
    "words",
    [
        ["app"],
        ["app", "add"],
        ["app", "add", "a", "--url", URL],
        ["app", "add", "a", "--group", "alla"],
        ["app", "list", "grafana"],
        ["app", "show"],
        ["app", "add", "a", "--for", "netscape", "--url", URL, "--group", "alla"],
        [*GRAFANA, "--public"],
        ["app", "secret", "grafana", "--keep-old", "-1"],
        ["app", "secret", "grafana", "--keep-old", "721"],
    ],
)
def test_called_wrongly_it_ends_with_2(box: Box, words: list[str]) -> None:
    answer = box.run(*words)
    assert (answer.status, answer.out) == (2, "")
    assert answer.err


def test_each_change_is_an_event_with_its_operator(box: Box) -> None:
    box.good(*GRAFANA)
    box.good("app", "secret", "grafana")
    box.good("app", "remove", "grafana")
    told = [e.detail for e in reversed(box.events()) if e.detail.get("kind") == "app"]
    assert [(each["change"], each["fields"]) for each in told] == [
        ("created", []),
        ("changed", ["client_secret"]),
        ("removed", []),
    ]
    assert {each["id"] for each in told} == {"grafana"}
    assert {e.actor.partition(":")[0] for e in box.events() if e.detail in told} == {"cli"}


def test_files_neither_change_nor_prune_what_was_made_by_hand(box: Box) -> None:
    box.good(*GRAFANA)
    put(box, GROUPS, "--prune")
    assert app(box).client_id == "grafana"
    entry = '[[apps]]\nclient_id = "grafana"\nclient_name = "Mine"\n'
    entry += 'redirect_uris = ["https://evil.example/cb"]\ntoken_endpoint_auth_method = "none"\n'
    answer = box.run("apply", box.write("region.toml", GROUPS + entry))
    assert answer.status == 1
    assert "belongs to cli" in answer.err
    assert "grafana" not in box.good("export").out


def test_what_a_file_owns_is_neither_added_again_nor_removed_by_hand(box: Box) -> None:
    box.write("wiki.secret", "w" * 43)
    put(box, GROUPS + OF_FILE)
    again = box.run("app", "add", "wiki", "--url", URL, "--group", "alla")
    assert "there is an app “wiki” already" in again.err
    removed = box.run("app", "remove", "wiki")
    assert "a file owns “wiki”" in removed.err
    assert (again.status, removed.status) == (1, 1)
    assert app(box, "wiki").client_name == "Wiki"


def test_an_app_handed_over_to_a_file_keeps_its_secret(box: Box) -> None:
    secret = added(box)["client_secret"]
    entry = box.good("app", "hand-over", "grafana").out
    assert tomllib.loads(entry)["apps"][0]["client_id"] == "grafana"
    assert put(box, GROUPS + entry).out.startswith("0 changed")
    assert app(box).secret_hash == lookup_hash(secret)
    put(box, GROUPS, "--prune", "--override-brake")
    assert stored(box).app("grafana") is None


def test_only_what_was_made_by_hand_is_handed_over(box: Box) -> None:
    box.write("wiki.secret", "w" * 43)
    put(box, GROUPS + OF_FILE)
    assert "nothing to hand over" in box.run("app", "hand-over", "wiki").err
    assert "there is no app “x”" in box.run("app", "hand-over", "x").err


def test_an_app_that_a_rule_names_stays(box: Box) -> None:
    box.good(*GRAFANA)
    rule = '[[rules]]\nid = "strict"\nrequire = "multifactor"\nwhen = { apps = ["grafana"] }\n'
    put(box, GROUPS + rule + 'reason = { sv = "s", en = "e" }\n')
    answer = box.run("app", "remove", "grafana")
    assert answer.status == 1
    assert "the rule “strict” names it" in answer.err
    assert app(box).client_id == "grafana"


@pytest.mark.parametrize("by_file", [False, True])
def test_what_an_app_held_ends_with_it_and_not_when_it_is_handed_over(
    box: Box, *, by_file: bool
) -> None:
    person = '[[people]]\nid = "1"\nuser_name = "anna.berg"\nemail = "anna@region.example"\n'
    put(box, GROUPS + person)
    box.good(*GRAFANA)
    anna = box.person("1", "apply").account.id
    grant = replace(
        GRANT,
        account_id=anna,
        client_id=ClientId("grafana"),
        created_at=box.now,
        expires_at=box.now + timedelta(hours=1),
    )

    async def held(unit: Unit) -> bool:
        return await unit.grants.load(grant.id, box.now) is not None

    async def give(unit: Unit) -> None:
        await unit.sessions.open(make.session(account_id=anna), b"s" * 32)
        await unit.grants.put_code(replace(CODE, grant=grant, expires_at=grant.expires_at))
        await unit.grants.spend_code(CODE.hash, box.now)

    box.do(give)
    if by_file:
        box.good("app", "hand-over", "grafana")
        assert box.do(held)
        put(box, GROUPS + person, "--prune", "--override-brake")
    else:
        box.good("app", "remove", "grafana")
    assert not box.do(held)


def test_what_is_not_there_cannot_be_removed_or_shown_or_renewed(box: Box) -> None:
    for what in ("remove", "show", "secret"):
        answer = box.run("app", what, "grafana")
        assert answer.status == 1
        assert "there is no app “grafana”" in answer.err


def test_a_new_secret_leaves_the_old_one_for_a_day(box: Box) -> None:
    old = added(box)["client_secret"]
    new = box.good("app", "secret", "grafana", "--json").json["client_secret"]
    assert app(box).secret_hashes(box.now) == (lookup_hash(new), lookup_hash(old))
    box.move(hours=23, minutes=59)
    assert app(box).secret_hashes(box.now) == (lookup_hash(new), lookup_hash(old))
    box.move(minutes=1)
    assert app(box).secret_hashes(box.now) == (lookup_hash(new), b"")


def test_a_new_secret_can_end_the_old_one_at_once(box: Box) -> None:
    added(box)
    out = box.good("app", "secret", "grafana", "--keep-old", "0", "--for", "grafana").out
    assert "the one before counts no more" in out
    assert "[auth.generic_oauth]" in out
    assert app(box).old_secret_hash is None


def test_an_app_of_a_file_gets_a_new_secret_with_a_word_about_its_file(box: Box) -> None:
    box.write("wiki.secret", "w" * 43)
    put(box, GROUPS + OF_FILE)
    file = box.folder / "new.secret"
    out = box.good("app", "secret", "wiki", "--secret-file", str(file)).out
    assert "`apply` undoes this" in out
    put(box, GROUPS + OF_FILE.replace("wiki.secret", "new.secret"))  # the same as is stored
    new = lookup_hash(file.read_text().strip())
    assert app(box, "wiki").secret_hashes(box.now) == (new, lookup_hash("w" * 43))
    box.write("wiki.secret", "v" * 43)
    changed = put(box, GROUPS + OF_FILE, "--json").json["changes"]
    assert [each["fields"] for each in changed] == [["client_secret"]]
    assert app(box, "wiki").secret_hashes(box.now) == (lookup_hash("v" * 43), b"")


def test_an_app_without_a_secret_gets_none(box: Box) -> None:
    box.good("app", "add", "karta", "--public", "--url", URL, "--group", "alla")
    answer = box.run("app", "secret", "karta")
    assert answer.status == 1
    assert "shows no secret" in answer.err


def test_all_apps_are_listed_with_their_owner(box: Box) -> None:
    assert box.good("app", "list").out == ""
    box.write("wiki.secret", "w" * 43)
    put(box, GROUPS + OF_FILE)
    box.good(*GRAFANA)
    head, *lines = box.good("app", "list").out.splitlines()
    assert head.split() == ["client_id", "name", "owner", "shows", "groups"]
    assert [line.split()[0::2][:2] for line in lines] == [["grafana", "cli"], ["wiki", "apply"]]
    said = box.good("app", "list", "--json").json
    assert [each["groups"] for each in said] == [["drift"], ["alla"]]


def test_one_app_is_shown_as_its_entry(box: Box) -> None:
    box.good(*GRAFANA)
    out = box.good("app", "show", "grafana").out
    assert out.startswith("# owner: cli\n")
    assert tomllib.loads(out)["apps"][0]["groups"] == ["drift"]
    assert box.good("app", "show", "grafana", "--json").json["owner"] == "cli"


def test_of_two_that_add_the_same_app_at_once_one_is_told_so(box: Box) -> None:
    entry = {
        "client_id": "grafana",
        "client_name": "Grafana",
        "redirect_uris": [URL],
        "groups": ["drift"],
    }

    async def add() -> bool:
        records = await open_records(box.url, clock=lambda: box.now)
        try:
            outcome = await AppsByHand(records, SystemRandom(), "cli:x").add(entry, box.now)
        finally:
            await records.close()
        return isinstance(outcome, Made)

    async def both() -> list[bool]:
        return sorted(await asyncio.gather(add(), add()))

    assert asyncio.run(both()) == [False, True]
