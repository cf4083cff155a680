"""The device grant (RFC 8628): off by default, hard to abuse, and fetched once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from portvakt.core.device_grant import INTERVAL, LETTERS, LIVES
from portvakt.core.ids import GroupId
from portvakt.core.policy import Require
from portvakt.core.relying_parties import DEVICE_CODE, REFRESH_TOKEN
from tests import make
from tests.protocols.relying_party import Client
from tests.protocols.stage import LEDGER, SECRETS, SHOP, Stage, stage
from tests.world import INSIDE, OUTSIDE, Browser

DEVICE = replace(SHOP, grant_types=(DEVICE_CODE, REFRESH_TOKEN), redirect_uris=())
ENDPOINT = "device_authorization_endpoint"


@dataclass
class Device:
    """An app on a device: what it was told, and how it asks."""

    client: Client
    said: dict[str, Any]

    async def poll(self, **more: str) -> tuple[int, dict[str, Any]]:
        sent = {"grant_type": DEVICE_CODE, "device_code": self.said["device_code"]} | more
        answer = await self.client.post(sent)
        return answer.status_code, answer.json()

    async def error(self) -> str:
        status, answer = await self.poll()
        assert status == 400
        return str(answer["error"])


async def begin(client: Client, **sent: str) -> Device:
    """Ask for a code as the app `shop`, which has no secret."""
    endpoint = client.metadata[ENDPOINT]
    fields = {"client_id": client.client_id, "scope": client.scope} | sent
    answer = await client.http.post(endpoint, data=fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return Device(client, answer.json())


@asynccontextmanager
async def ready(
    folder: Path, url: str, app: Any = DEVICE, *, address: str = OUTSIDE
) -> AsyncIterator[tuple[Stage, Browser]]:
    """A region where the shop runs on devices, and Anna's browser on the page for codes."""
    async with stage(folder, url) as region, region.world.browser(address) as browser:
        await region.world.configure(
            rules=[make.rule(networks_not={make.LAN})],
            networks=[make.network()],
            apps=[app, LEDGER, SECRETS],
        )
        yield region, browser


def claims_of(token: str, keys: KeySet) -> dict[str, Any]:
    return dict(jwt.decode(token, keys, algorithms=["ES256"]).claims)


async def at_the_page(region: Stage, browser: Browser) -> None:
    await browser.get("/device")
    await region.sign_in(browser)
    await browser.get("/device")
    assert browser.page.title == "Logga in en annan apparat"


async def answer(browser: Browser, device: Device, said: str) -> str:
    """Type the code, answer, and return the title of the page that comes."""
    await browser.submit({"code": device.said["user_code"]})
    assert browser.page.title == "Ska Demobutiken få logga in som du?", browser.page.text
    return (await browser.submit({"answer": said})).title


async def test_a105_it_is_off_unless_the_apps_entry_switches_it_on(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        endpoint = region.shop.metadata[ENDPOINT]
        refused = await region.shop.http.post(
            endpoint, data={"client_id": "shop", "scope": "openid"}
        )
        assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")
        polled = await region.shop.post({"grant_type": DEVICE_CODE, "device_code": "x" * 43})
        assert (polled.status_code, polled.json()["error"]) == (400, "unsupported_grant_type")


async def test_a_device_is_let_in_and_fetches_its_tokens_once(
    tmp_path: Path, database_url: str
) -> None:
    async with ready(tmp_path, database_url) as (region, browser):
        device = await begin(region.shop)
        assert device.said["verification_uri"] == "https://portvakt.region.example/device"
        assert (device.said["expires_in"], device.said["interval"]) == (600, 5)
        assert set(device.said["user_code"].replace("-", "")) <= set(LETTERS)
        assert await device.error() == "authorization_pending"
        await at_the_page(region, browser)
        assert await answer(browser, device, "yes") == "Klart!"
        status, tokens = await device.poll()
        assert status == 200, tokens
        who = await region.shop.userinfo(tokens["access_token"])
        assert who["name"] == "Anna Berg"
        assert "refresh_token" in tokens
        region.world.clock.move(seconds=6)
        assert await device.error() == "invalid_grant"
        spent = await region.shop.http.get(
            region.shop.metadata["userinfo_endpoint"],
            headers={"authorization": f"Bearer {tokens['access_token']}"},
        )
        assert spent.status_code == 401  # a code that comes twice ends what it gave
        [event] = await region.events("device.allowed")
        assert event.detail["app"] == "shop"
        assert await region.events("app.code_reused")


async def test_its_refresh_token_works_and_the_id_token_tells_of_two_factors(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        device = await begin(region.shop)
        await at_the_page(region, browser)
        await answer(browser, device, "yes")
        _, tokens = await device.poll()
        claims = claims_of(tokens["id_token"], await region.shop.keys())
        assert claims["acr"] == "urn:portvakt:aal2"
        again = await region.shop.post(
            {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        )
        assert again.status_code == 200


async def test_a_no_is_told_to_the_device_and_noted(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        device = await begin(region.shop)
        await at_the_page(region, browser)
        assert await answer(browser, device, "no") == "Apparaten kom inte in"
        assert await device.error() == "access_denied"
        [event] = await region.events("device.denied")
        assert event.detail["app"] == "shop"
        await browser.get("/device")
        await browser.submit({"code": device.said["user_code"]})
        assert "Ingen apparat väntar med den koden" in browser.page.text


async def test_asking_too_soon_is_told_and_lengthens_the_wait(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _):
        device, clock = await begin(region.shop), region.world.clock
        assert await device.error() == "authorization_pending"
        clock.move(seconds=INTERVAL.total_seconds() - 1)
        assert await device.error() == "slow_down"
        clock.move(seconds=INTERVAL.total_seconds() + 1)
        assert await device.error() == "slow_down"  # ten seconds from now on
        clock.move(seconds=3 * INTERVAL.total_seconds())
        assert await device.error() == "authorization_pending"


async def test_a_code_lives_ten_minutes(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        await at_the_page(region, browser)
        device = await begin(region.shop)
        region.world.clock.at += LIVES
        assert await device.error() == "expired_token"
        await browser.submit({"code": device.said["user_code"]})
        assert "Ingen apparat väntar med den koden" in browser.page.text


async def test_the_code_may_be_typed_in_any_case_and_without_its_groups(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        await at_the_page(region, browser)
        device = await begin(region.shop)
        typed = " ".join(device.said["user_code"].replace("-", "").lower())
        await browser.submit({"code": typed})
        assert browser.page.title == "Ska Demobutiken få logga in som du?"


async def test_whoever_lets_a_device_in_has_shown_two_factors_just_now(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Inside, where the rules ask for a password alone, this page asks for more all the same."""
    async with ready(tmp_path, sqlite_url, address=INSIDE) as (region, browser):
        await browser.sign_in()
        page = await browser.get("/device")
        assert page.path.startswith("/sign-in"), page.path
        await browser.submit({})
        await region.give_code(browser)
        assert (await browser.get("/device")).title == "Logga in en annan apparat"
        region.world.clock.move(minutes=16)
        page = await browser.get("/device")
        assert page.path.startswith("/sign-in"), "and a while later it asks again"


async def test_the_page_says_which_app_asks_from_where_and_for_what(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        await at_the_page(region, browser)
        far = await begin(region.shop, scope="openid email")
        await browser.submit({"code": far.said["user_code"]})
        text = browser.page.text
        assert "Utanför Region Exempel (198.51.100.20)" in text
        assert "Apparaten är inte på samma nät som du" in text
        assert "Din e-postadress" in text
        assert "Ditt namn" not in text
        region.shop.http.headers["x-forwarded-for"] = OUTSIDE
        near = await begin(region.shop)
        await browser.get("/device")
        await browser.submit({"code": near.said["user_code"]})
        assert "Apparaten är inte på samma nät som du" not in browser.page.text


async def test_nothing_that_is_given_goes_unsaid(tmp_path: Path, sqlite_url: str) -> None:
    names = "https://id.oidc.se/scope/naturalPersonInfo"
    own = replace(DEVICE, scope=("openid", names, "rooms:book"))
    async with ready(tmp_path, sqlite_url, own) as (region, browser):
        await at_the_page(region, browser)
        device = await begin(region.shop, scope=f"openid {names} rooms:book")
        await browser.submit({"code": device.said["user_code"]})
        assert "Ditt namn" in browser.page.text
        assert "rooms:book" in browser.page.text


async def test_neither_yes_nor_no_is_no_answer(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        device = await begin(region.shop)
        await at_the_page(region, browser)
        await browser.submit({"code": device.said["user_code"]})
        page = await browser.submit({})
        assert (page.status, page.title) == (422, "Ska Demobutiken få logga in som du?")
        assert "Svara ja eller nej." in page.text
        assert await device.error() == "authorization_pending"


async def test_a_link_cannot_fill_the_code_in(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        device = await begin(region.shop)
        assert "verification_uri_complete" not in device.said
        await at_the_page(region, browser)
        page = await browser.get(f"/device?user_code={device.said['user_code']}")
        assert f'value="{device.said["user_code"]}"' not in page.html


async def test_the_rules_are_judged_for_the_person_and_where_they_are(
    tmp_path: Path, sqlite_url: str
) -> None:
    """CVE-2024-38371 of a peer: its device flow did not ask whether the person may."""
    async with ready(tmp_path, sqlite_url) as (region, browser):
        await at_the_page(region, browser)
        device = await begin(region.shop)
        closed = make.rule(require=Require.BLOCK, networks_not={make.LAN})
        await region.world.configure(rules=[closed], apps=[DEVICE], networks=[make.network()])
        page = await browser.submit({"code": device.said["user_code"]})
        assert (page.status, page.title) == (403, "Du kan inte öppna Demobutiken just nu")
        page = await browser.post(
            "/device/answer", {"code": device.said["user_code"], "answer": "yes"}
        )
        assert page.status == 403
        region.world.clock.move(seconds=6)
        assert await device.error() == "authorization_pending"
        refused = await region.events("app.refused")
        assert len(refused) == 2
        assert all(each.detail["asked"] == ["block"] for each in refused)
        assert all("client_kind device" in each.detail["facts"] for each in refused)


async def test_nobody_lets_a_device_into_an_app_that_is_not_theirs(
    tmp_path: Path, sqlite_url: str
) -> None:
    theirs = replace(DEVICE, groups=frozenset({GroupId("styrelsen")}))
    async with ready(tmp_path, sqlite_url, theirs) as (region, browser):
        await at_the_page(region, browser)
        device = await begin(region.shop)
        page = await browser.submit({"code": device.said["user_code"]})
        assert (page.status, page.title) == (403, "Du har inte tillgång till Demobutiken")


@pytest.mark.parametrize("sent", [{"scope": "email"}, {"scope": ""}])
async def test_openid_must_be_asked_for(
    tmp_path: Path, sqlite_url: str, sent: dict[str, str]
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _):
        endpoint = region.shop.metadata[ENDPOINT]
        answer = await region.shop.http.post(endpoint, data={"client_id": "shop"} | sent)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


async def test_a_code_is_for_the_app_that_asked(tmp_path: Path, sqlite_url: str) -> None:
    other = replace(LEDGER, grant_types=(*LEDGER.grant_types, DEVICE_CODE))
    async with ready(tmp_path, sqlite_url) as (region, browser):
        await region.world.configure(apps=[other])
        device = await begin(region.shop)
        await at_the_page(region, browser)
        await answer(browser, device, "yes")
        stolen = Device(region.ledger, device.said)
        assert await stolen.error() == "invalid_grant"
        status, _ = await device.poll()
        assert status == 200


@pytest.mark.parametrize("code", ["", "x", "x" * 43, "å" * 43])
async def test_what_was_never_given_is_no_device_code(
    tmp_path: Path, sqlite_url: str, code: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _):
        answer = await region.shop.post({"grant_type": DEVICE_CODE, "device_code": code})
        expected = "invalid_grant" if code else "invalid_request"
        assert (answer.status_code, answer.json()["error"]) == (400, expected)


async def test_a_device_code_is_no_authorization_code(tmp_path: Path, sqlite_url: str) -> None:
    both = replace(SHOP, grant_types=("authorization_code", DEVICE_CODE))
    async with ready(tmp_path, sqlite_url, both) as (region, browser):
        device = await begin(region.shop)
        await at_the_page(region, browser)
        await answer(browser, device, "yes")
        tried = await region.shop.post(
            {
                "grant_type": "authorization_code",
                "code": device.said["device_code"],
                "code_verifier": "v" * 43,
            }
        )
        assert tried.json()["error"] == "invalid_grant"
        status, _ = await device.poll()
        assert status == 200, "and it was not used up by that"


async def test_what_ended_since_the_yes_is_not_opened_by_it(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        device = await begin(region.shop)
        await at_the_page(region, browser)
        await answer(browser, device, "yes")
        await browser.get("/apps")
        await browser.post("/sign-out", {})
        assert await device.error() == "invalid_grant"


@pytest.mark.parametrize("sent", [{}, {"client_id": "nobody"}, {"client_id": "ledger"}])
async def test_the_app_shows_that_it_is_itself_before_it_gets_a_code(
    tmp_path: Path, sqlite_url: str, sent: dict[str, str]
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _):
        endpoint = region.shop.metadata[ENDPOINT]
        answer = await region.shop.http.post(endpoint, data={"scope": "openid"} | sent)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_the_list_of_sign_ins_tells_of_the_device(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        await at_the_page(region, browser)
        for said in ("yes", "no"):
            await answer(browser, await begin(region.shop), said)
            await browser.get("/device")
        page = await browser.get("/my-sign-ins")
        assert "Du loggade in Demobutiken på en annan apparat" in page.text
        assert "Du sa nej till Demobutiken på en annan apparat" in page.text
        assert "198.51.100.20" in page.text
