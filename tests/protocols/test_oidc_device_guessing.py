"""Guessing the codes of devices, and asking for many: what is counted, and by whom."""

from pathlib import Path

from portvakt.core.device_grant import LETTERS
from portvakt.core.totp import code_at, step_of
from tests import make
from tests.protocols.test_oidc_device import ENDPOINT, at_the_page, begin, ready


async def test_guesses_are_counted_by_person_and_a_right_code_clears_none_of_them(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        device = await begin(region.shop)
        await at_the_page(region, browser)
        for letter in LETTERS[:4]:
            await browser.submit({"code": letter * 8})
            assert "Ingen apparat väntar" in browser.page.text
        await browser.submit({"code": device.said["user_code"]})
        assert browser.page.title == "Ska Demobutiken få logga in som du?"
        await browser.get("/device")
        await browser.submit({"code": LETTERS[5] * 8})
        assert await region.events("device.codes_guessed")
        page = await browser.submit({"code": device.said["user_code"]})
        assert (page.status, "Det blev fel för många gånger" in page.text) == (429, True)


async def test_another_person_at_the_same_address_has_a_count_of_their_own(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        await at_the_page(region, browser)
        for _ in range(5):
            await browser.submit({"code": "B" * 8})
        bosse = make.account(id="bosse", user_name="bosse.ek", external_id="000018")
        await region.world.person(bosse, totp=b"bosse-bosse-bosse-12")
        async with region.world.browser() as other:
            await other.get("/device")
            await other.submit({"name": "bosse.ek", "password": "Vinterdäck i augusti"})
            region.world.clock.move(seconds=30)
            now = region.world.clock()
            await other.submit({"code": code_at(b"bosse-bosse-bosse-12", step_of(now))})
            await other.get("/device")
            page = await other.submit({"code": "B" * 8})
            assert page.status == 422


async def test_codes_are_given_to_an_address_in_numbers_that_people_need(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _):
        fields = {"client_id": "shop", "scope": "openid"}
        endpoint = region.shop.metadata[ENDPOINT]
        answers = [await region.shop.http.post(endpoint, data=fields) for _ in range(61)]
        assert [each.status_code for each in answers] == [200] * 60 + [503]
        assert answers[-1].headers["retry-after"] == "300"
