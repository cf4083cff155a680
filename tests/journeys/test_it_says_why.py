"""Point 12: it says why, from one stored trace, alike in every place and for every condition.

A kind of condition that is added without words, or that one of the places forgets, fails here.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from portvakt.core.asking import Require
from portvakt.core.conditions import OWN_PAGES, Condition, Hours
from portvakt.core.explaining import explain
from portvakt.core.ids import GroupId
from portvakt.core.policy import Outcome, Rule, TraceLine
from portvakt.core.roles import Role
from portvakt.core.signals import Action, ClientKind, Device, Platform, Risk
from portvakt.core.totp import code_at, step_of
from portvakt.records.audit import StoredEvent
from tests import make
from tests.world import OUTSIDE, Browser, World, world

SECRET = b"0123456789abcdefghij"
NIGHT = GroupId("natt")
HOME = make.network(id="home", name="Hemma", addresses=(f"{OUTSIDE}/32",))
ALWAYS, NEVER = Hours(zone="UTC"), Hours(zone="UTC", begin=0, end=1)
HOLD: Final[Mapping[str, frozenset[Any]]] = {
    "networks": frozenset({HOME.id}),
    "networks_not": frozenset({make.LAN}),
    "groups": frozenset({make.STAFF}),
    "groups_not": frozenset({NIGHT}),
    "apps": frozenset({OWN_PAGES}),
    "apps_not": frozenset({make.SHOP}),
    "people": frozenset({"anna.berg"}),
    "people_not": frozenset({"bo.ek"}),
    "roles": frozenset({Role.SUPPORT}),
    "roles_not": frozenset({Role.PROTECTED_READER}),
    "actions": frozenset({Action.SIGN_IN}),
    "actions_not": frozenset({Action.RESET}),
    "countries": frozenset({"SE"}),
    "countries_not": frozenset({"SE"}),
    "devices": frozenset({Device.OTHER}),
    "devices_not": frozenset({Device.OURS}),
    "platforms": frozenset({Platform.WINDOWS}),
    "platforms_not": frozenset({Platform.MAC}),
    "client_kinds": frozenset({ClientKind.BROWSER}),
    "client_kinds_not": frozenset({ClientKind.NATIVE}),
    "risks_not": frozenset({Risk.SPRAY}),
    "times": frozenset({ALWAYS}),
    "times_not": frozenset({NEVER}),
}
"""Of each kind of condition something that holds for Anna, at home in a browser of her own."""
NOT_SEEN_HERE = {"risks"}
"""Holds where something is amiss, which is not so here."""
MISS: Final[Mapping[str, frozenset[Any]]] = {
    "networks": frozenset({make.LAN}),
    "networks_not": frozenset({HOME.id}),
    "groups": frozenset({NIGHT}),
    "groups_not": frozenset({make.STAFF}),
    "apps": frozenset({make.SHOP}),
    "apps_not": frozenset({OWN_PAGES}),
    "people": frozenset({"bo.ek"}),
    "people_not": frozenset({"anna.berg"}),
    "roles": frozenset({Role.PROTECTED_READER}),
    "roles_not": frozenset({Role.SUPPORT}),
    "actions": frozenset({Action.RESET}),
    "actions_not": frozenset({Action.SIGN_IN}),
    "devices": frozenset({Device.OURS}),
    "devices_not": frozenset({Device.OTHER}),
    "platforms": frozenset({Platform.MAC}),
    "platforms_not": frozenset({Platform.WINDOWS}),
    "client_kinds": frozenset({ClientKind.NATIVE}),
    "client_kinds_not": frozenset({ClientKind.BROWSER}),
    "risks": frozenset({Risk.SPRAY}),
    "times": frozenset({NEVER}),
    "times_not": frozenset({ALWAYS}),
}
NEVER_MISSES_HERE = {"countries", "countries_not", "risks_not"}
"""No database tells countries, and nothing is amiss."""
BROWSER = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


def rule_of(kind: str, names: frozenset[Any]) -> Rule:
    """Ask for two factors where one condition holds, and say so."""
    when: dict[str, Any] = {kind: names}
    return make.rule(id=kind, reason=said(kind), **when)


def said(name: str) -> Mapping[str, str]:
    return {"sv": f"Det beror på {name}.", "en": f"It is because of {name}."}


@asynccontextmanager
async def region(folder: Path, url: str) -> AsyncIterator[World]:
    async with world(folder, url) as found:
        await found.configure(networks=[make.network(), HOME], apps=[make.app()])
        await found.house.records.write(
            lambda unit: unit.configuration.put_groups([NIGHT], "apply")
        )
        await found.person(make.account(roles=frozenset({Role.SUPPORT})), totp=SECRET)
        bo = make.account(id="bo", user_name="bo.ek", external_id="18")
        await found.person(bo, password=None)
        yield found


async def only(found: World, *rules: Rule) -> None:
    async def clear(unit: Any) -> None:
        stored = (await unit.configuration.load()).rules
        await unit.configuration.remove_rules([each.id for each in stored], "apply")

    await found.house.records.write(clear)
    await found.configure(rules)


async def give_code(found: World, browser: Browser) -> None:
    found.clock.move(seconds=30)
    await browser.submit({"code": code_at(SECRET, step_of(found.clock()))})


async def newest(found: World) -> StoredEvent:
    async def act(unit: Any) -> list[StoredEvent]:
        latest: list[StoredEvent] = await unit.audit.latest(20)
        return latest

    events = await found.house.records.read(act)
    return next(each for each in events if each.name == "authentication.succeeded")


def line_of(event: StoredEvent, name: str) -> TraceLine:
    assert event.trace is not None
    return next(each for each in event.trace if each.rule == name)


def test_the_tables_hold_every_kind_of_condition() -> None:
    every = {each.name for each in fields(Condition)}
    assert set(HOLD) | NOT_SEEN_HERE == every
    assert set(MISS) | NEVER_MISSES_HERE == every


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_every_place_says_why_alike(tmp_path: Path, sqlite_url: str, language: str) -> None:
    """On the page that asks, in one's own list, and to support by the stored trace."""
    because = {"sv": "Därför frågade vi: ", "en": "Why we asked: "}[language]
    async with region(tmp_path, sqlite_url) as found:
        for name, holds in HOLD.items():
            await only(found, rule_of(name, holds))
            async with found.browser(OUTSIDE) as browser:
                browser.client.headers["user-agent"] = BROWSER
                browser.client.cookies.set("__Host-language", language)
                page = await browser.sign_in(to="/my-sign-ins")
                assert said(name)[language] in page.text, name
                await give_code(found, browser)
                assert browser.page.path == "/my-sign-ins", name
                assert because + said(name)[language] in browser.page.text, name
            event = await newest(found)
            line = line_of(event, name)
            assert (line.outcome, line.detail) == (Outcome.APPLIED, "multifactor"), name
            told = explain(event.name, event.detail, event.trace)
            assert told.rules == (f"{name} counted: multifactor",)
            assert told.asked == "two factors"


async def test_every_kind_says_why_it_did_not_count(tmp_path: Path, sqlite_url: str) -> None:
    async with region(tmp_path, sqlite_url) as found:
        rules = [rule_of(name, misses) for name, misses in MISS.items()]
        await only(found, *rules)
        async with found.browser(OUTSIDE) as browser:
            browser.client.headers["user-agent"] = BROWSER
            page = await browser.sign_in(to="/my-sign-ins")
            assert page.path == "/my-sign-ins"
            assert "Därför" not in page.text
        event = await newest(found)
        words = {line_of(event, name).detail for name in MISS}
        assert all(each.strip() for each in words)
        assert len(words) == len(MISS) - 1, "both forms of actions make one set of them"
        told = explain(event.name, event.detail, event.trace)
        lines = {f"{name} did not count: {line_of(event, name).detail}" for name in MISS}
        assert set(told.rules) == lines


@pytest.mark.parametrize("require", [Require.PASSWORD, Require.MULTIFACTOR])
@pytest.mark.parametrize("limit", ["sign_in_every", "session_at_most"])
async def test_a_limit_of_time_says_why_in_every_place(
    tmp_path: Path, sqlite_url: str, require: Require, limit: str
) -> None:
    limits: dict[str, Any] = {limit: timedelta(minutes=10)}
    rule = make.rule(require, id="often", reason=said("tiden"), **limits)
    async with region(tmp_path, sqlite_url) as found:
        await only(found, rule)
        async with found.browser(OUTSIDE) as browser:
            await browser.sign_in()
            if require is Require.MULTIFACTOR:
                await give_code(found, browser)
            found.clock.move(minutes=11)
            page = await browser.get("/apps")
            assert page.path.startswith("/sign-in")
            if limit == "sign_in_every":
                assert "Det beror på tiden." in page.text
            await browser.sign_in(to="/apps")
            if browser.page.path.startswith("/sign-in/"):
                await give_code(found, browser)
            page = await browser.get("/my-sign-ins")
            assert "Därför frågade vi: Det beror på tiden." in page.text
        event = await newest(found)
        [line] = explain(event.name, event.detail, event.trace).rules
        assert line.startswith(f"often counted: {require}, with a ")
        asked = explain(event.name, event.detail, event.trace).asked
        assert asked.endswith(line_of(event, "often").limits)


async def test_a_rule_that_says_nothing_of_its_own_is_named_to_support(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with region(tmp_path, sqlite_url) as found:
        await only(found, make.rule(id="silent", reason={}))
        async with found.browser(OUTSIDE) as browser:
            await browser.sign_in()
            await give_code(found, browser)
            assert "Därför" not in (await browser.get("/my-sign-ins")).text
        event = await newest(found)
        assert explain(event.name, event.detail, event.trace).rules == (
            "silent counted: multifactor",
        )
