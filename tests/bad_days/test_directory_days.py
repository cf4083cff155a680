"""A directory is stopped, silent, somebody else's, out of date, or closed to us.

For each kind of directory, through pages and background work: people are told as it is, operators
find an event and a number that moved, and it is over by itself when it is over.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_days.directory_days import (
    ELSEWHERE,
    EVERY,
    EXPIRED,
    SERVICE,
    SILENT,
    STOPPED,
    STRANGER,
    BadDay,
    Directory,
    Region,
    at_samba,
    at_slapd,
    region,
)
from tests.journeys.sign_in.directory import NAME
from tests.servers.name_server import NameServer
from tests.servers.slapd import Slapd
from tests.world import INSIDE, ORIGIN, Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
AWAY = {"sv": "Katalogen svarar inte just nu", "en": "The directory does not answer right now"}
OF_DIRECTORIES = ("directory.silent", "directory.answers")
OF_SYNC = ("people.sync_failed",)


@pytest.fixture(scope="module", params=["slapd", "samba"])
def directory(request: pytest.FixtureRequest) -> Iterator[Directory]:
    """A server that these stories may do anything to."""
    if request.param == "samba" and os.geteuid() != 0:
        pytest.skip("a domain controller needs root")
    found = at_samba() if request.param == "samba" else at_slapd()
    yield found
    found.home.server.remove()


@pytest.fixture
def put_back(directory: Directory) -> Iterator[None]:
    """Whatever a story did to the service account is undone after it."""
    yield
    directory.set_service_password(directory.service_password)


async def story(
    directory: Directory, day: BadDay, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        region(directory, folder, url, monkeypatch) as house,
        house.world.browser(INSIDE) as browser,
    ):
        await all_is_well(house, browser)
        day.spoil(directory, folder)
        try:
            await people_are_told(house)
            await operators_are_told(house, day)
            await following_changes_nothing(house, day)
        finally:
            day.mend(directory, folder)
        await it_is_over_by_itself(house, browser)


async def all_is_well(house: Region, browser: Browser) -> None:
    assert (await house.sign_in(browser)).path == "/apps"
    browser.client.cookies.clear()
    told = await house.told()
    assert told.value("portvakt_directory_up", directory=NAME) == 1
    assert told.value("portvakt_directory_age_seconds", directory=NAME) == 0
    assert set(told.values("portvakt_directory_sync_failed").values()) == {0}


async def people_are_told(house: Region) -> None:
    """Within ten seconds, in their language, and nobody is told of a wrong password."""
    for language in ("sv", "en"):
        async with house.world.browser(INSIDE) as browser:
            host = ORIGIN.removeprefix("https://")
            browser.client.cookies.set("__Host-language", language, domain=host, path="/")
            began = time.monotonic()
            page = await house.sign_in(browser)
            assert time.monotonic() - began < 10
            assert (page.status, page.title) == (503, AWAY[language])
            assert page.response.headers["retry-after"] == "10"
            assert browser.cookie("session") is None


async def operators_are_told(house: Region, day: BadDay) -> None:
    assert await house.happened(*OF_DIRECTORIES) == ["directory.silent"]
    latest = await house.world.house.records.read(lambda unit: unit.audit.latest(100))
    (silent,) = (each for each in latest if each.name == "directory.silent")
    assert day.said in silent.detail["why"]
    told = await house.told()
    assert told.value("portvakt_directory_up", directory=NAME) == 0
    asked = "portvakt_directory_questions_total"
    assert told.value(asked, directory=NAME, outcome="away") == 2
    assert told.value(asked, directory=NAME, outcome="wrong") == 0
    assert told.value("portvakt_events_total", event="directory.silent") == 1
    assert told.value("portvakt_database_up") == 1


async def following_changes_nothing(house: Region, day: BadDay) -> None:
    before = await people(house)
    await house.follow()
    assert await house.happened(*OF_SYNC) == list(OF_SYNC)
    told = await house.told()
    failed = told.values("portvakt_directory_sync_failed")
    assert [dict(labels)["why"] for labels, value in failed.items() if value] == [day.sync]
    age = told.value("portvakt_directory_age_seconds", directory=NAME)
    assert age == EVERY.total_seconds()
    assert await people(house) == before
    answer = await house.command()
    assert (answer.status, answer.out) == (1, "")
    assert f"portvakt sync: {NAME}: nothing was changed: " in answer.err
    assert day.said in answer.err


async def it_is_over_by_itself(house: Region, browser: Browser) -> None:
    page = await came_back(house, browser)
    assert page.path == "/apps", page.text
    assert await house.happened(*OF_DIRECTORIES) == list(OF_DIRECTORIES)
    await house.follow()
    told = await house.told()
    assert told.value("portvakt_directory_up", directory=NAME) == 1
    assert told.value("portvakt_directory_questions_total", directory=NAME, outcome="wrong") == 0
    assert told.value("portvakt_events_total", event="directory.answers") == 1
    assert told.value("portvakt_directory_age_seconds", directory=NAME) == 0
    assert set(told.values("portvakt_directory_sync_failed").values()) == {0}
    assert (await house.command()).status == 0


async def came_back(house: Region, browser: Browser) -> Page:
    """Try until the directory is no longer said to be away."""
    for _ in range(40):
        page = await house.sign_in(browser)
        if page.status != 503:
            return page
        await asyncio.sleep(0.5)
    raise AssertionError("still away")


async def people(house: Region) -> list[object]:
    return list(await house.world.house.records.read(lambda unit: unit.people.all_of_source(NAME)))


async def test_f27_a_directory_that_is_stopped(
    directory: Directory, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await story(directory, STOPPED, tmp_path, sqlite_url, monkeypatch)


async def test_f29_a_directory_that_takes_connections_and_says_nothing(
    directory: Directory, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await story(directory, SILENT, tmp_path, sqlite_url, monkeypatch)


async def test_f31_a_directory_with_a_certificate_by_somebody_else(
    directory: Directory, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await story(directory, STRANGER, tmp_path, sqlite_url, monkeypatch)


async def test_f31_a_directory_whose_certificate_has_expired(
    directory: Directory, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await story(directory, EXPIRED, tmp_path, sqlite_url, monkeypatch)


async def test_f61_a_directory_whose_name_leads_to_another_server(
    directory: Directory, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await story(directory, ELSEWHERE, tmp_path, sqlite_url, monkeypatch)


@pytest.mark.parametrize("directory", ["slapd"], indirect=True)
async def test_f61_a_directory_whose_name_is_in_no_name_server(
    directory: Directory, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = directory.home.server
    assert isinstance(server, Slapd)
    names = NameServer({"dc.region.example": "127.0.0.1"})
    names.install(monkeypatch)
    directory.show(directory.authority.certificate("dc.region.example", "127.0.0.1"))
    directory.url = f"ldaps://dc.region.example:{server.tls_port}"

    def ask_nobody(spoilt: Directory, _folder: Path) -> None:
        names.away = True
        spoilt.restart()  # or the connections that are kept would go on

    def ask_again(_directory: Directory, _folder: Path) -> None:
        names.away = False

    day = BadDay("unnamed", ask_nobody, ask_again, "name resolution")
    try:
        await story(directory, day, tmp_path, sqlite_url, monkeypatch)
    finally:
        directory.url = ""
        directory.show(directory.right)


@pytest.mark.usefixtures("put_back")
async def test_f30_a_directory_that_our_account_may_not_enter(
    directory: Directory, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await story(directory, SERVICE, tmp_path, sqlite_url, monkeypatch)
