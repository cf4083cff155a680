"""Support sees what apps hold of somebody, and ends what one of them holds."""

from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.ids import ClientId, GrantId, SessionId
from portvakt.crypto.digests import lookup_hash
from portvakt.records import AuthorizationCode, Grant, Unit
from tests import make
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row

FIA = Row(number="000022", given="Fia", family="Skogh", user="fia.skogh", protected="J")

WIKI = ("--redirect-uri", "https://wiki.example/cb")


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    """A box in which the shop holds something of Anna, and a form she said yes to holds nothing."""
    box = Box.make(tmp_path, database_url)
    people = staff.export(Row(mobile="070-174 06 05"), FIA)
    box.good("import-staff", box.write("staff.csv", people))
    account = box.person("000017").account.id
    grant = Grant(
        id=GrantId("g"),
        account_id=account,
        client_id=make.SHOP,
        session_id=SessionId("s"),
        scope=("openid", "email", "offline_access"),
        evidence=(),
        resources=("https://pay.example",),
        created_at=box.now,
        expires_at=box.now + timedelta(hours=12),
        offline=True,
    )
    code = AuthorizationCode(
        hash=lookup_hash("g"),
        grant=grant,
        expires_at=box.now + timedelta(minutes=1),
        redirect_uri="https://shop.example/cb",
        code_challenge=None,
        nonce=None,
    )

    async def act(unit: Unit) -> None:
        await unit.configuration.put_apps([make.app()], "apply")
        session = make.session(id=grant.session_id, account_id=account, created_at=box.now)
        await unit.sessions.open(session, b"s" * 32)
        assert await unit.grants.put_code(code)
        await unit.consents.give(account, ClientId("forms"), ("openid",), box.now)

    box.do(act)
    return box


def test_what_apps_hold_is_listed(box: Box) -> None:
    forms, shop = box.good("person", "apps", "anna.berg", "--json").json
    assert shop == {
        "app": "shop",
        "name": "Demobutiken",
        "told": ["openid", "email", "offline_access"],
        "services": ["https://pay.example"],
        "since": "2026-11-22T12:00:00+00:00",
        "until": "2026-11-23T00:00:00+00:00",
        "offline": True,
        "agreed_at": None,
    }
    assert (forms["app"], forms["name"], forms["until"]) == ("forms", None, None)
    said = box.good("person", "apps", "anna.berg").out
    assert "shop" in said
    assert "openid email offline_access" in said
    assert "2026-11-23 00:00:00Z" in said
    assert "yes" in said


def test_what_one_app_holds_is_taken_back_and_told_with_who_did_it(box: Box) -> None:
    assert box.good("person", "take-back", "anna.berg", "--app", "shop").out == (
        "taken back: shop\n"
    )
    [left] = box.good("person", "apps", "anna.berg", "--json").json
    assert left["app"] == "forms"
    answer = box.good("person", "take-back", "anna.berg", "--app", "forms", "--json")
    assert answer.json == {"taken_back": "forms", "of": "anna.berg"}
    told = [each for each in box.events() if each.name == "app.access_taken_back"]
    assert {each.detail["app"]: each.detail["consent"] for each in told} == {
        "shop": False,
        "forms": True,
    }
    assert all(each.actor.startswith("cli:") for each in told)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("anna.berg",), "--app ID"),
        (("anna.berg", "--app", "none"), "none holds nothing of anna.berg"),
        (("fia.skogh", "--app", "shop"), "there is nobody"),
    ],
)
def test_what_cannot_be_taken_back_is_said(box: Box, words: tuple[str, ...], said: str) -> None:
    answer = box.run("person", "take-back", *words)
    assert answer.status == 1
    assert said in answer.err
    assert not [each for each in box.events() if each.name == "app.access_taken_back"]


def test_whoever_is_protected_is_seen_only_by_asking_and_that_is_recorded(box: Box) -> None:
    assert box.run("person", "apps", "fia.skogh").status == 1
    assert box.good("person", "apps", "fia.skogh", "--include-protected", "--json").json == []
    assert "people.protected_seen" in {each.name for each in box.events()}


def test_what_somebody_said_yes_to_goes_with_the_app(box: Box) -> None:
    """Another app under its name asks for itself, whoever took the one before away."""
    account = box.person("000017").account.id

    def said() -> list[str]:
        async def act(unit: Unit) -> list[str]:
            return [each.client_id for each in await unit.consents.of(account)]

        return box.do(act)

    async def say(unit: Unit) -> None:
        for app in (make.SHOP, ClientId("wiki")):
            await unit.consents.give(account, app, ("openid",), box.now)

    file = box.write("region.toml", '[[groups]]\nid = "alla"\n')
    box.good("apply", file)
    box.good("app", "add", "wiki", "--url", "https://wiki.example", "--group", "alla", *WIKI)
    box.do(say)
    box.good("apply", file, "--prune", "--override-brake")
    assert said() == ["forms", "wiki"]
    box.good("app", "remove", "wiki")
    assert said() == ["forms"]
