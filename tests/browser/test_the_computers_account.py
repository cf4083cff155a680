"""Signing in with the computer's account, as browsers and curl do it with a real domain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from portvakt.settings.kerberos_structs import Kerberos
from tests import make
from tests.bad_days.processes import eventually
from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.browser.real_service import real_service
from tests.directories.homes import AtSamba, somebody
from tests.journeys.sign_in.directory import NAME, settings_of
from tests.servers.kerberos import Realm
from tests.servers.region import Somebody
from tests.servers.samba_domain import REALM
from tests.world import World

pytestmark = pytest.mark.slow
HERE = make.network(addresses=("127.0.0.0/8", "::1/128"))
HOST = "localhost"
PUSH = ("https://push.invalid",)


@pytest.fixture(scope="module")
def at_localhost(realm: Realm) -> Realm:
    """The domain with a service at this machine: the stories of this file are one worker's."""
    realm.serve(HOST)
    realm.keytab(HOST)
    return realm


@asynccontextmanager
async def served(
    realm: Realm, folder: Path, url: str, *, inside: bool = True
) -> AsyncIterator[tuple[World, str, Somebody]]:
    """Serve a product on a port, where one person of the domain has come with the first sync.

    Whoever is added beside a sync that has begun is gone from the directory, as it sees it.
    """
    kerberos = Kerberos(
        keytab_file=str(realm.keytab(HOST)),
        networks=(make.LAN,),
        realms={REALM: NAME},
        service=realm.service(HOST),
    )
    home = AtSamba(realm.server)
    directory = settings_of(home, folder)
    one = somebody()
    id_, _ = await asyncio.to_thread(home.add, one)
    async with real_service(folder, url, PUSH, directories=(directory,), kerberos=kerberos) as (
        world,
        origin,
    ):
        await world.configure(networks=[HERE if inside else make.network()])
        await eventually(
            lambda: world.house.records.read(lambda unit: unit.people.by_external_id(NAME, id_)),
            lambda found: found is not None,
        )
        yield world, origin, one


async def curl(realm: Realm, cache: Path, *arguments: str) -> str:
    """Run curl as somebody who is signed in to the computer; return what it prints."""
    running = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--show-error", *arguments,
        env=realm.environment | {"KRB5CCNAME": str(cache)},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await running.communicate()
    assert running.returncode == 0
    return said.decode()


async def test_curl_signs_in_with_a_ticket_on_one_connection_that_opens_nothing_else(
    at_localhost: Realm, tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 4559: the ticket counts for its own request, whatever else the connection carries."""
    async with served(at_localhost, tmp_path, sqlite_url) as (_, origin, one):
        cache = await asyncio.to_thread(at_localhost.signed_in, one.user_name)
        ways = ["--negotiate", "--user", ":"]
        there = f"{origin}/sign-in?to=/apps"
        whole = [*ways, "--cookie", "", "--location", "--write-out", "\n%{url_effective}", there]
        assert (await curl(at_localhost, cache, *whole)).endswith(f"\n{origin}/apps")
        nobody = await curl(at_localhost, tmp_path / "no-cache", *whole)
        assert "Vi frågar datorn vem du är" in nobody
        led = [*ways, *["--output", "/dev/null"] * 2, "--write-out", "%{redirect_url}\n"]
        said = await curl(
            at_localhost, cache, *led, f"{origin}/kerberos?to=/apps", f"{origin}/apps"
        )
        assert said.split() == [f"{origin}/apps", f"{origin}/sign-in?to=/apps"]


async def test_outside_curl_meets_no_challenge(
    at_localhost: Realm, tmp_path: Path, sqlite_url: str
) -> None:
    async with served(at_localhost, tmp_path, sqlite_url, inside=False) as (
        _,
        origin,
        one,
    ):
        cache = await asyncio.to_thread(at_localhost.signed_in, one.user_name)
        negotiate = ["--negotiate", "--user", ":", "--cookie", "", "--location", "--include"]
        said = await curl(at_localhost, cache, *negotiate, f"{origin}/kerberos?to=/apps")
        assert "www-authenticate" not in said.lower()
        assert "Logga in" in said


@asynccontextmanager
async def chromium(
    realm: Realm, cache: Path, profile: Path, *arguments: str
) -> AsyncIterator[Page]:
    """Open a browser on a computer where somebody is signed in, and not in a private window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium_path(),
            args=[*ARGUMENTS, *arguments],
            env={**realm.environment, "KRB5CCNAME": str(cache)},
        )
        yield browser.pages[0]
        await browser.close()


async def test_chromium_that_may_send_no_ticket_comes_to_the_ordinary_page_by_itself(
    at_localhost: Realm, tmp_path: Path, sqlite_url: str
) -> None:
    async with served(at_localhost, tmp_path, sqlite_url) as (world, origin, one):
        cache = await asyncio.to_thread(at_localhost.signed_in, one.user_name)
        async with chromium(at_localhost, cache, tmp_path / "profile") as page:
            await page.goto(f"{origin}/apps")
            await expect(page.get_by_label("Lösenord", exact=True)).to_be_visible()
            assert "authentication.succeeded" not in await world.events()


async def test_chromium_that_may_send_its_ticket_signs_in_without_a_question(
    at_localhost: Realm, tmp_path: Path, sqlite_url: str
) -> None:
    """On Linux it loads its Kerberos library from the start after the first challenge on."""
    may, profile = f"--auth-server-allowlist={HOST}", tmp_path / "profile"
    async with served(at_localhost, tmp_path, sqlite_url) as (world, origin, one):
        cache = await asyncio.to_thread(at_localhost.signed_in, one.user_name)
        async with chromium(at_localhost, cache, profile, may) as page:
            await page.goto(f"{origin}/apps")
            await expect(page.get_by_label("Lösenord", exact=True)).to_be_visible()
        async with chromium(at_localhost, cache, profile, may) as page:
            await page.goto(f"{origin}/apps")
            await expect(page.get_by_role("heading", name="Dina appar")).to_be_visible()
        assert "authentication.succeeded" in await world.events()
