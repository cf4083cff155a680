"""The computer's account in place of the password, with a real domain."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from portvakt.app import opened
from portvakt.core.authenticators import AuthenticatorState
from portvakt.core.events import SignInFailed
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.records.unit import Unit
from portvakt.settings.kerberos_structs import Kerberos
from tests import make
from tests.directories.homes import AtSamba
from tests.journeys.sign_in.directory import NAME, person_in, settings_of
from tests.journeys.sign_in.region import app_code
from tests.servers.kerberos import Realm
from tests.servers.region import Somebody, State
from tests.servers.samba_domain import PASSWORD, REALM
from tests.servers.slapd import free_port
from tests.world import INSIDE, OUTSIDE, Clock, World, no_hold, settings

pytestmark = pytest.mark.slow
AUTOMATIC = "Vi frågar datorn vem du är"
REFUSED = "authentication.ticket_refused"
NO = "Datorns konto gick inte att använda"


@dataclass
class Region:
    """A product with a domain, and tickets of its people."""

    world: World
    home: AtSamba
    realm: Realm

    async def person(
        self, state: State = "well", *, app: bool = True
    ) -> tuple[Account, Somebody, str]:
        return await person_in(self.world, self.home, state, app=app)

    def header(self, one: Somebody, host: str = "") -> dict[str, str]:
        """Sign in to the computer, and return what its browser sends."""
        cache = self.realm.signed_in(one.user_name)
        return {"authorization": f"Negotiate {self.realm.written(cache, host)}"}


@asynccontextmanager
async def region(
    home: AtSamba,
    realm: Realm,
    folder: Path,
    url: str,
    *,
    realms: dict[str, str] | None = None,
    shared: bool = False,
    **directory: Any,
) -> AsyncIterator[Region]:
    clock = Clock(datetime.now(UTC))
    kerberos = Kerberos(
        keytab_file=str(realm.keytab()),
        networks=(make.LAN,),
        realms={REALM: NAME} if realms is None else realms,
        service=realm.service(realm.host),
    )
    chosen = msgspec.structs.replace(
        settings(folder, url),
        directories=(settings_of(home, folder, **directory),),
        kerberos=kerberos,
    )
    async with opened(chosen, clock=clock, hold=no_hold) as house:
        world = World(house, clock)
        await world.configure([make.rule(networks_not={make.LAN})], [make.network(shared=shared)])
        yield Region(world, home, realm)


Open = Callable[[], AbstractAsyncContextManager[Region]]


@pytest.fixture
def open_inside(at_samba: AtSamba, realm: Realm, tmp_path: Path, sqlite_url: str) -> Open:
    return lambda: region(at_samba, realm, tmp_path, sqlite_url)


async def test_a_ticket_signs_in_inside_and_says_nothing_of_the_device(open_inside: Open) -> None:
    async with open_inside() as inside:
        account, one, _ = await inside.person()
        async with inside.world.browser(INSIDE) as browser:
            page = await browser.get("/sign-in?to=/apps")
            assert (page.status, page.title, page.path) == (
                401,
                AUTOMATIC,
                "/kerberos?to=/apps&by=itself",
            )
            assert page.response.headers["www-authenticate"] == "Negotiate"
            assert 'url=/sign-in?to=/apps&amp;for=sign_in&amp;by=name"' in page.html
            page = await browser.get("/kerberos?to=/apps", **inside.header(one))
            assert page.path == "/apps"
        (session,) = await inside.world.sessions(account)
        (shown,) = session.evidence
        assert shown.by_ticket
        assert shown.at <= inside.world.clock.at
        assert "authentication.succeeded" in await inside.world.events(account)


async def test_a_browser_that_keeps_no_cookies_comes_to_the_ordinary_page(
    open_inside: Open,
) -> None:
    """Else it would be sent round for ever, and each turn would open a session."""
    async with open_inside() as inside:
        account, one, _ = await inside.person()
        async with inside.world.browser(INSIDE) as browser:
            away = (await browser.get("/sign-in?to=/apps")).path
            assert away.startswith("/kerberos?to=/apps")
            page = await browser.get(away, **inside.header(one))
            assert page.path == "/apps"
        async with inside.world.browser(INSIDE) as forgetful:
            page = await forgetful.get(away, **inside.header(one))
            assert (page.status, page.path.partition("?")[0]) == (200, "/sign-in")
        assert len(await inside.world.sessions(account)) == 1


async def test_a_ticket_after_a_storm_of_guesses_takes_a_second_factor(open_inside: Open) -> None:
    async with open_inside() as inside:
        account, one, _ = await inside.person()

        async def guesses(unit: Unit) -> None:
            for _ in range(10):
                at, method = inside.world.clock.at, make.PASSWORD
                event = SignInFailed(at=at, account_id=account.id, method=method, reason="wrong")
                await unit.audit.write(event)

        await inside.world.house.records.write(guesses)
        async with inside.world.browser(INSIDE) as browser:
            page = await browser.get("/kerberos?to=/apps", **inside.header(one))
            assert "Vilken kod visar" in page.title
            assert "fel lösenord till ditt konto många gånger" in page.text
        assert "authentication.at_risk" in await inside.world.events(account)


async def test_the_browser_is_told_who_we_are(open_inside: Open) -> None:
    async with open_inside() as inside:
        _, one, _ = await inside.person()
        async with inside.world.browser(INSIDE) as browser:
            url = "/kerberos?to=/sign-in"
            response = await browser.client.get(
                url, headers={"x-forwarded-for": INSIDE} | inside.header(one)
            )
            assert response.status_code == 303
            assert response.headers["www-authenticate"].startswith("Negotiate ")


async def test_outside_no_ticket_is_asked_for_and_none_is_taken(open_inside: Open) -> None:
    async with open_inside() as inside:
        account, one, _ = await inside.person()
        async with inside.world.browser(OUTSIDE) as browser:
            page = await browser.get("/sign-in?to=/apps")
            assert (page.status, page.title) == (200, "Logga in")
            assert "Logga in med datorns konto" not in page.text
            page = await browser.get("/kerberos?to=/apps", **inside.header(one))
            assert (page.status, page.title) == (200, "Logga in")
            assert "www-authenticate" not in page.response.headers
        assert not await inside.world.sessions(account)


async def test_on_shared_computers_no_ticket_is_taken(
    at_samba: AtSamba, realm: Realm, tmp_path: Path, sqlite_url: str
) -> None:
    async with region(at_samba, realm, tmp_path, sqlite_url, shared=True) as ward:
        account, one, _ = await ward.person()
        async with ward.world.browser(INSIDE) as browser:
            page = await browser.get("/kerberos?to=/apps", **ward.header(one))
            assert page.title == "Logga in"
        assert not await ward.world.sessions(account)


async def test_nothing_else_asks_for_a_ticket(open_inside: Open) -> None:
    async with open_inside() as inside, inside.world.browser(INSIDE) as browser:
        for path in (
            "/sign-in?to=/apps&by=name",
            "/sign-in?to=/apps&for=anew",
            "/sign-in?to=/security-info",
            "/sign-in?for=methods",
        ):
            page = await browser.get(path)
            assert (page.status, page.title) == (200, "Logga in"), path
            assert "www-authenticate" not in page.response.headers
        page = await browser.get("/kerberos?to=/security-info")
        assert page.title == "Logga in"
        page = await browser.get("/sign-in?by=name")
        assert "Logga in med datorns konto" in page.text


async def test_whoever_signs_out_stays_out_until_they_ask(open_inside: Open) -> None:
    async with open_inside() as inside:
        _, one, _ = await inside.person()
        async with inside.world.browser(INSIDE) as browser:
            await browser.get("/kerberos?to=/apps", **inside.header(one))
            page = await browser.post("/sign-out", {})
            assert "/sign-in?to=/apps&amp;by=name" in page.html


@pytest.mark.parametrize("state", ["disabled", "account_expired", "locked"])
async def test_an_account_that_ended_since_the_ticket_came_is_refused(
    state: State, open_inside: Open
) -> None:
    async with open_inside() as inside:
        account, one, dn = await inside.person()
        header = inside.header(one)
        server = inside.home.server
        if state == "disabled":
            server.modify(dn, "replace: userAccountControl\nuserAccountControl: 514")
        elif state == "account_expired":
            server.modify(dn, "replace: accountExpires\naccountExpires: 130000000000000000")
        else:
            server.lock(dn)
        async with inside.world.browser(INSIDE) as browser:
            page = await browser.get("/kerberos?to=/apps", **header)
            assert (page.status, page.title) == (403, NO)
        assert not await inside.world.sessions(account)
        assert (await inside.world.events(account))[-1] == REFUSED


async def test_somebody_we_do_not_know_is_told_the_same(open_inside: Open) -> None:
    async with open_inside() as inside:
        _, one, _ = await inside.person()
        stranger = Somebody(user_name="asa.oberg", given_name="Åsa", family_name="Öberg")
        async with inside.world.browser(INSIDE) as browser:
            page = await browser.get("/kerberos?to=/apps", **inside.header(stranger))
            unknown = (page.status, page.title)
            page = await browser.get("/kerberos?to=/apps", authorization="Negotiate AAAA")
            assert unknown == (page.status, page.title) == (403, NO)
            page = await browser.get("/kerberos?to=/apps", **inside.header(one, inside.realm.other))
            assert unknown == (page.status, page.title)
        assert (await inside.world.events()).count(REFUSED) == 1


async def test_a_realm_that_the_settings_do_not_name_is_refused(
    at_samba: AtSamba, realm: Realm, tmp_path: Path, sqlite_url: str
) -> None:
    async with region(at_samba, realm, tmp_path, sqlite_url, realms={"OTHER.TEST": NAME}) as made:
        account, one, _ = await made.person()
        async with made.world.browser(INSIDE) as browser:
            page = await browser.get("/kerberos?to=/apps", **made.header(one))
            assert (page.status, page.title) == (403, NO)
        assert not await made.world.sessions(account)


async def test_a_ticket_is_taken_once_and_basic_or_two_of_them_never(open_inside: Open) -> None:
    async with open_inside() as inside:
        account, one, _ = await inside.person()
        header = inside.header(one)
        async with inside.world.browser(INSIDE) as browser:
            assert (await browser.get("/kerberos?to=/apps", **header)).path == "/apps"
        async with inside.world.browser(INSIDE) as thief:
            assert (await thief.get("/kerberos?to=/apps", **header)).status == 403
            assert (await thief.get("/kerberos", authorization="Basic YTpi")).status == 403
            assert (await thief.get("/kerberos", authorization="NTLM TlRMTVNTUAAB")).status == 403
        assert len(await inside.world.sessions(account)) == 1


async def test_a_ticket_binds_no_first_method_without_the_password(open_inside: Open) -> None:
    async with open_inside() as inside:
        account, one, _ = await inside.person(app=False)
        await inside.world.configure([make.rule()], [make.network()])
        async with inside.world.browser(INSIDE) as browser:
            page = await browser.get("/kerberos?to=/apps", **inside.header(one))
            assert page.path.startswith("/sign-in/")
            assert 'type="password"' in page.html
            assert not await inside.world.sessions(account)
            page = await browser.submit({"code": PASSWORD})
            assert page.path.startswith("/security-info")


async def test_a_second_factor_is_asked_for_as_after_a_password(open_inside: Open) -> None:
    async with open_inside() as inside:
        account, one, _ = await inside.person()
        await inside.world.configure([make.rule()], [make.network()])
        async with inside.world.browser(INSIDE) as browser:
            page = await browser.get("/kerberos?to=/apps", **inside.header(one))
            assert page.title == "Vilken kod visar din app?"
            page = await browser.submit({"code": app_code(inside.world)})
            assert page.path == "/apps"
        assert len(await inside.world.sessions(account)) == 1


async def test_changing_methods_takes_the_real_password(open_inside: Open) -> None:
    async with open_inside() as inside:
        _, one, _ = await inside.person()
        async with inside.world.browser(INSIDE) as browser:
            await browser.get("/kerberos?to=/apps", **inside.header(one))
            await browser.get("/security-info")
            page = await browser.submit({})
            assert 'type="password"' in page.html


async def test_a_directory_that_is_away_is_said_to_be(
    at_samba: AtSamba, realm: Realm, tmp_path: Path, sqlite_url: str
) -> None:
    nobody = f"ldaps://127.0.0.1:{free_port()}"
    async with region(at_samba, realm, tmp_path, sqlite_url, servers=[nobody]) as made:
        account, one, _ = await made.person()
        async with made.world.browser(INSIDE) as browser:
            page = await browser.get("/kerberos?to=/apps", **made.header(one))
            assert (page.status, page.title) == (503, NO)
            assert "Det beror inte på dig." in page.text
        assert not await made.world.sessions(account)


async def test_a012_a_password_that_must_be_changed_is_changed_first(open_inside: Open) -> None:
    async with open_inside() as inside:
        account, one, _ = await inside.person()
        header = inside.header(one)
        inside.home.server.age_password(one.user_name, days=400)
        async with inside.world.browser(INSIDE) as browser:
            page = await browser.get("/kerberos?to=/apps", **header)
            assert page.title == "Byt lösenord först"
        assert not await inside.world.sessions(account)


async def test_a_password_that_was_put_aside_here_is_not_vouched_for(open_inside: Open) -> None:
    async with open_inside() as inside:
        account, one, _ = await inside.person()
        now = inside.world.clock.at
        password = AuthenticatorId(f"password-{one.user_name}")
        aside = AuthenticatorState.SUSPENDED
        await inside.world.house.records.write(
            lambda unit: unit.authenticators.set_state(password, aside, now)
        )
        async with inside.world.browser(INSIDE) as browser:
            page = await browser.get("/kerberos?to=/apps", **inside.header(one))
            assert (page.status, page.title) == (403, NO)
        assert not await inside.world.sessions(account)
        (refused,) = await inside.world.house.records.read(
            lambda unit: unit.audit.of_account(account.id, 9)
        )
        assert (refused.name, refused.detail["reason"]) == (REFUSED, "no_password")
