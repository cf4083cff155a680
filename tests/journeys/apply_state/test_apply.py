"""A state file made true, and nothing else."""

import base64
import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.people import AccountState
from portvakt.core.policy import Require, RuleState
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.sealing import Sealer, read_master_keys
from portvakt.records import Configuration, Unit
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row
from tests.cli.test_people import session
from tests.offline import give_offline, holds_offline

SURFACE = Path(__file__).parents[2] / "settings" / "data" / "region.toml"
State = dict[str, list[dict[str, Any]]]


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    return Box.make(tmp_path, database_url)


def region(**more: list[dict[str, Any]]) -> State:
    state: State = tomllib.loads(SURFACE.read_text())
    del state["people"][0]["password_hash"]
    return state | more


def put(box: Box, state: State) -> Path:
    return box.write("region.toml", tomli_w.dumps(state))


def lines(changes: Iterable[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(each["kind"], each["id"], each["change"]) for each in changes}


def apply(box: Box, state: State, *words: str) -> set[tuple[str, str, str]]:
    return lines(box.good("apply", put(box, state), "--json", *words).json["changes"])


def configuration(box: Box) -> Configuration:
    async def act(unit: Unit) -> Configuration:
        return await unit.configuration.load()

    return box.do(act)


def of_type(box: Box, kind: AuthenticatorType, source: str = "apply") -> list[Any]:
    return [each for each in box.person("000017", source).bound if each.authenticator.type is kind]


def test_the_file_of_the_contract_is_applied_as_it_stands(box: Box) -> None:
    answer = box.good("apply", SURFACE)
    assert "line 11: people[1].password_hash: is cut short" in answer.err
    found = configuration(box)
    assert found.groups == {"alla"}
    (lan,) = found.networks
    assert (lan.id, lan.name) == ("lan", "Regionens nät")
    assert lan.addresses == ("10.20.0.0/16", "2001:db8:20::/48")
    (shop,) = found.apps
    assert shop.redirect_uris == ("http://localhost:8003/callback",)
    assert shop.token_endpoint_auth_method == "none"
    assert shop.groups == {"alla"}
    (rule,) = found.rules
    assert (rule.state, rule.require) == (RuleState.ON, Require.MULTIFACTOR)
    assert rule.when.networks_not == {"lan"}
    assert rule.reason["sv"] == "Du är utanför regionens nät."
    anna = box.person("000017", "apply")
    assert anna.account.display_name == "Anna Berg"
    assert anna.account.groups == {"alla"}
    (phone,) = anna.authenticators
    assert (phone.detail, phone.source) == ("+46701740605", "apply")


def test_running_it_again_changes_nothing(box: Box) -> None:
    assert len(apply(box, region())) == 5
    events = len(box.events())
    assert apply(box, region()) == set()
    assert len(box.events()) == events
    assert "0 changed, 5 unchanged" in box.good("apply", put(box, region())).out


def test_everything_is_an_event(box: Box) -> None:
    apply(box, region())
    found = {(each.name, each.detail.get("kind"), each.detail.get("id")) for each in box.events()}
    assert found == {
        ("configuration.changed", "group", "alla"),
        ("configuration.changed", "network", "lan"),
        ("configuration.changed", "app", "shop"),
        ("configuration.changed", "rule", "second-factor-outside"),
        ("policy.version_made", None, None),
        ("person.created", None, None),
        ("method.number_registered", None, None),
        ("people.imported", None, None),
    }
    assert {each.actor.partition(":")[0] for each in box.events()} == {"cli"}


def test_a092_a_change_tells_which_fields(box: Box) -> None:
    apply(box, region())
    state = region()
    state["rules"][0]["state"] = "off"
    state["networks"][0]["addresses"] = ["10.20.0.0/16"]
    state["people"][0]["title"] = "Läkare"
    assert apply(box, state, "--allow-weaker") == {
        ("rule", "second-factor-outside", "changed"),
        ("network", "lan", "changed"),
        ("person", "000017", "changed"),
    }
    changed = {each.name: each.detail for each in box.events()[:6]}
    assert changed["person.changed"]["changed"] == ["title"]
    details = [each.detail for each in box.events() if each.name == "configuration.changed"][:2]
    assert {(each["kind"], tuple(each["fields"])) for each in details} == {
        ("rule", ("state",)),
        ("network", ("addresses",)),
    }


def test_a_dry_run_prints_the_difference_and_changes_nothing(box: Box) -> None:
    answer = box.good("apply", put(box, region()), "--dry-run")
    assert "+ network lan" in answer.out
    assert "+ person 000017" in answer.out
    assert "5 would change" in answer.out
    assert configuration(box).networks == ()
    apply(box, region())
    state = region()
    state["people"][0]["given_name"] = "Annika"
    assert "~ person 000017: given_name" in box.good("apply", put(box, state), "--dry-run").out
    assert box.person("000017", "apply").account.given_name == "Anna"


def test_what_is_no_longer_in_the_file_stays_until_it_is_pruned(box: Box) -> None:
    apply(box, region())
    less = region(rules=[{"id": "all", "require": "multifactor"}])
    answer = box.good("apply", put(box, less), "--json").json
    assert lines(answer["changes"]) == {("rule", "all", "created")}
    assert lines(answer["kept"]) == {("rule", "second-factor-outside", "removed")}
    assert len(configuration(box).rules) == 2
    assert apply(box, less, "--prune") == {("rule", "second-factor-outside", "removed")}
    assert [each.id for each in configuration(box).rules] == ["all"]
    assert apply(box, less, "--prune") == set()


def test_a_person_who_is_pruned_is_disabled_and_signed_out(box: Box) -> None:
    bo = {"id": "000018", "user_name": "bo.astrom", "email": "bo@region.example"}
    state = region()
    apply(box, state | {"people": [*state["people"], bo]})
    assert apply(box, state, "--prune") == {("person", "000018", "disabled")}
    assert box.person("000018", "apply").account.state is AccountState.DISABLED
    assert apply(box, state, "--prune") == set()
    back = apply(box, state | {"people": [*state["people"], bo]})
    assert back == {("person", "000018", "enabled")}


@pytest.mark.parametrize("section", ["groups", "networks", "apps", "rules", "people"])
def test_the_brake_stops_a_file_that_has_lost_a_whole_section(box: Box, section: str) -> None:
    apply(box, region())
    state = region(**{section: []})
    if section in {"groups", "networks"}:  # what names them would be refused first
        state |= {"apps": [], "rules": [], "people": []}
    answer = box.run("apply", put(box, state), "--prune")
    assert answer.status == 1
    assert "stopped: " in answer.err
    assert len(configuration(box).rules) == 1
    words = ("--prune", "--override-brake", "--allow-weaker")
    box.good("apply", put(box, state), *words)
    assert apply(box, state, "--prune") == set()


def test_the_brake_counts_people(box: Box) -> None:
    box.config.write_text(box.config.read_text() + "[sync]\nbrake = 1\n")
    people = [
        {"id": f"{n}", "user_name": f"user{n}", "email": f"user{n}@region.example"}
        for n in range(10)
    ]
    apply(box, {"people": people})
    assert apply(box, {"people": people[1:]}, "--prune") == {("person", "0", "disabled")}
    answer = box.run("apply", put(box, {"people": people[3:]}), "--prune")
    assert answer.status == 1
    assert "2 of 9 people would be disabled, and 1 is the most" in answer.err


def test_a_password_hash_is_moved_in_once(box: Box) -> None:
    state = region()
    state["people"][0]["password_hash"] = box.password_hash("ett långt lösenord")
    assert ("person", "000017", "password") in apply(box, state)
    (password,) = of_type(box, AuthenticatorType.PASSWORD)
    assert password.verifier == state["people"][0]["password_hash"]
    assert password.authenticator.source == "apply"
    assert apply(box, state) == set()
    assert not box.outbox()


def test_a_password_that_was_chosen_since_is_left_alone(box: Box) -> None:
    state = region()
    state["people"][0]["password_hash"] = box.password_hash("ett långt lösenord")
    apply(box, state)
    own = box.password_hash("mitt eget lösenord")
    (password,) = of_type(box, AuthenticatorType.PASSWORD)

    async def choose(unit: Unit) -> None:
        await unit.authenticators.replace_verifier(password.authenticator.id, own, box.now)

    box.do(choose)
    assert apply(box, state) == set()
    (password,) = of_type(box, AuthenticatorType.PASSWORD)
    assert password.verifier == own


def test_another_hash_replaces_it_ends_the_sessions_and_is_told(box: Box) -> None:
    box.good("import-staff", box.write("staff.csv", staff.export(Row())))
    state, account = region(people=[]), box.person("000017").account.id
    box.do(lambda unit: give_offline(unit, account, box.now))
    for password in ("ett långt lösenord", "ett annat lösenord"):
        person = {
            "id": "000017",
            "user_name": "anna.berg",
            "email": "anna.berg@region.example",
            "password_hash": box.password_hash(password),
        }
        session(box, "aa" if password.startswith("ett l") else "bb")
        assert apply(box, state | {"people": [person]}) >= {("person", "000017", "password")}
    (ended,) = [each for each in box.events() if each.name == "session.ended"]
    assert ended.detail["sessions"] == 2
    assert ended.detail["reason"] == "password_replaced"
    assert not box.do(lambda unit: holds_offline(unit, box.now))
    assert {each[:2] for each in box.outbox()} == {("mail", "anna.berg@region.example")}


def test_a_totp_secret_is_sealed_and_moved_in_once(box: Box) -> None:
    state = region()
    box.write("anna.totp", "jbsw y3dp-ehpk 3pxp JBSWY3DPEHPK3PXP\n")
    state["people"][0]["totp_secret_file"] = "anna.totp"
    assert ("person", "000017", "totp") in apply(box, state)
    (app,) = of_type(box, AuthenticatorType.TOTP)
    assert app.authenticator.state is AuthenticatorState.ACTIVE
    place = {"table": "authenticators", "column": "sealed", "row": app.authenticator.id}
    secret = Sealer(read_master_keys(box.key)).open(app.sealed, **place)
    assert secret == base64.b32decode("JBSWY3DPEHPK3PXP" * 2)
    assert apply(box, state) == set()
    box.write("anna.totp", base64.b32encode(b"x" * 20))
    assert apply(box, state) == {("person", "000017", "totp")}
    (other,) = of_type(box, AuthenticatorType.TOTP)
    assert other.authenticator.id != app.authenticator.id
    added = [each for each in box.events() if each.name == "method.added"]
    assert len(added) == 2
    assert "JBSWY3DP" not in str(box.events())


def test_a_method_that_its_owner_removed_does_not_come_back(box: Box) -> None:
    state = region()
    box.write("anna.totp", base64.b32encode(b"x" * 20))
    state["people"][0]["totp_secret_file"] = "anna.totp"
    apply(box, state)
    (app,) = of_type(box, AuthenticatorType.TOTP)

    async def remove(unit: Unit) -> None:
        await unit.authenticators.remove(app.authenticator.id, app.authenticator.account_id)

    box.do(remove)
    assert apply(box, state) == set()
    assert not of_type(box, AuthenticatorType.TOTP)


def test_a_client_secret_is_stored_as_its_hash(box: Box) -> None:
    secret = "k" * 43
    box.write("shop.secret", f"{secret}\n")
    state = region()
    shop = state["apps"][0]
    shop |= {
        "token_endpoint_auth_method": "client_secret_basic",
        "client_secret_file": "shop.secret",
    }
    apply(box, state)
    assert configuration(box).apps[0].secret_hash == lookup_hash(secret)
    assert apply(box, state) == set()
    box.write("shop.secret", "n" * 43)
    answer = box.good("apply", put(box, state), "--json")
    (changed,) = answer.json["changes"]
    assert changed["fields"] == ["client_secret"]
    del shop["client_secret_file"]
    assert apply(box, state) == set()
    assert configuration(box).apps[0].secret_hash == lookup_hash("n" * 43)


def test_fields_of_hr_are_never_touched(box: Box) -> None:
    anna = Row(mobile="070-174 06 11", groups="chefer")
    box.good("import-staff", box.write("staff.csv", staff.export(anna)))
    state = region()
    state["people"][0] |= {
        "given_name": "Annika",
        "title": "Direktör",
        "password_hash": box.password_hash("ett långt lösenord"),
    }
    answer = box.good("apply", put(box, state), "--json").json
    assert answer["notes"] == ["1 of the file's people come from HR, which owns their fields"]
    found = box.person("000017")
    assert found.account.given_name == "Anna"
    assert found.account.title == "Sjuksköterska"
    assert found.account.groups == {"alla", "chefer"}  # what a file gives stands beside HR's
    assert [each.detail for each in found.authenticators if each.detail] == ["+46701740611"]
    assert of_type(box, AuthenticatorType.PASSWORD, "hr")
    assert apply(box, state) == set()
    report = box.good("import-staff", box.write("staff.csv", staff.export(anna)), "--json").json
    assert report["unchanged"] == 1
    assert box.person("000017").account.groups == {"alla", "chefer"}
    state["people"][0]["groups"] = []
    assert apply(box, state) == {("person", "000017", "changed")}
    assert box.person("000017").account.groups == {"chefer"}


def test_groups_that_hr_made_are_used_and_left(box: Box) -> None:
    box.good("import-staff", box.write("staff.csv", staff.export(Row())))
    state = region(groups=[], people=[])
    assert apply(box, state, "--prune") == {
        ("network", "lan", "created"),
        ("app", "shop", "created"),
        ("rule", "second-factor-outside", "created"),
    }
    assert configuration(box).groups == {"alla"}
    assert configuration(box).owners["group", "alla"] == "hr"


def test_export_writes_a_file_that_changes_nothing(box: Box) -> None:
    state = region()
    box.write("shop.secret", "k" * 43)
    box.write("anna.totp", base64.b32encode(b"x" * 20))
    state["people"][0] |= {
        "password_hash": box.password_hash("ett långt lösenord"),
        "totp_secret_file": "anna.totp",
        "manager": "000001",
        "start_date": date(2026, 1, 1),
    }
    state["people"].append(
        {"id": "2", "user_name": "bo", "email": "bo@x.example", "state": "disabled"}
    )
    state["apps"][0] |= {
        "token_endpoint_auth_method": "client_secret_post",
        "client_secret_file": "shop.secret",
        "subject_type": "pairwise",
    }
    apply(box, state)
    box.good("import-staff", box.write("staff.csv", staff.export(Row("000900", user="hr.person"))))
    text = box.good("export").out
    for secret in ("argon2", "secret_file", "kkkk", "password_hash", "hr.person"):
        assert secret not in text.replace("# ", "").split("\n\n", 1)[1]
    exported = tomllib.loads(text)
    assert exported["people"][0]["start_date"] == date(2026, 1, 1)
    assert apply(box, exported) == set()
    assert apply(box, exported, "--prune") == set()


def test_a132_export_leaves_out_people_with_protected_identity(box: Box) -> None:
    state = region()
    fia = {"id": "7", "user_name": "fia", "email": "fia@x.example", "protected": True}
    state["people"].append(fia)
    apply(box, state)
    answer = box.good("export")
    assert "fia" not in answer.out
    assert "left out, for protected identity: 1" in answer.err
    assert apply(box, tomllib.loads(answer.out)) == set()
    out = box.folder / "all.toml"
    box.good("export", "--include-protected", "--out", out)
    assert "fia" in out.read_text()
    assert out.stat().st_mode & 0o777 == 0o600
    assert box.events()[0].name == "people.protected_seen"
    assert box.run("export", "--out", out).status == 1
