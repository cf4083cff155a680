"""The day on which nobody gets in, in Chromium: two keys are made, and either opens the account.

The directory is away, the text gateway and the mail server too, and a rule lets nobody in.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import CDPSession, Page, async_playwright, expect

from portvakt.core.people import AccountState
from portvakt.core.policy import Require
from portvakt.settings.structs import Directory, Mail, Sms
from tests import make
from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.browser.real_service import real_service
from tests.journeys.break_glass.accounts import LINK, NAME, account, added
from tests.world import PASSWORD

PUSH = ("https://push.invalid",)
NOBODY = 9
"""A port on which nothing answers (RFC 863: discard, which this machine does not run)."""


def away(folder: Path) -> dict[str, Any]:
    """Settings of servers that are all away."""
    secret = folder / "bind-password"
    secret.write_text("hemligt")
    options = {
        "servers": [f"ldaps://127.0.0.1:{NOBODY}"],
        "bind_dn": "cn=portvakt,dc=region,dc=example",
        "bind_password": {"file": str(secret)},
        "base": "dc=region,dc=example",
    }
    return {
        "directories": (Directory(name="katalogen", kind="ldap", options=options),),
        "mail": Mail(gateway="smtp", options={"host": "127.0.0.1", "port": NOBODY, "tls": "none"}),
        "sms": (
            Sms(
                gateway="http_form",
                options={"url": f"http://localhost:{NOBODY}/send", "body": "to={to}&text={text}"},
            ),
        ),
    }


class Envelope:
    """A small key of its own: it stays where it was made, and asks for a finger."""

    def __init__(self, tools: CDPSession) -> None:
        self._tools = tools
        self._id: dict[str, Any] = {}

    async def is_put_in(self, *, copied: bool = False) -> None:
        """Hold a new key, which may be one that is copied to other devices."""
        options = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "usb",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
            "defaultBackupEligibility": copied,
            "defaultBackupState": copied,
        }
        made = await self._tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._id = {"authenticatorId": made["authenticatorId"]}

    async def is_taken_out(self) -> dict[str, Any]:
        """Put it away, and return what it holds."""
        found = await self._tools.send("WebAuthn.getCredentials", self._id)
        await self._tools.send("WebAuthn.removeVirtualAuthenticator", self._id)
        credential: dict[str, Any] = found["credentials"][-1]
        return credential

    async def is_put_back(self, credential: dict[str, Any]) -> None:
        await self.is_put_in()
        await self._tools.send("WebAuthn.addCredential", self._id | {"credential": credential})


async def makes(page: Page, label: str, number: int) -> None:
    await expect(page.get_by_role("heading", name=f"Skapa nyckel {number} av 2")).to_be_visible()
    await page.get_by_label("Vad ska nyckeln heta?", exact=True).fill(label)
    await page.get_by_role("button", name="Skapa nyckeln").click()


@pytest.mark.slow
async def test_two_keys_open_it_when_all_else_is_away(tmp_path: Path, sqlite_url: str) -> None:
    async with (
        real_service(tmp_path, sqlite_url, PUSH, **away(tmp_path)) as (world, origin),
        async_playwright() as playwright,
    ):
        directory = await world.person(replace(make.account(), source="katalogen"), password=None)
        blocked = make.rule(Require.BLOCK)
        await world.configure([blocked])
        await added(world)
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        context = await browser.new_context(viewport={"width": 390, "height": 844})
        page = await context.new_page()
        tools = await context.new_cdp_session(page)
        await tools.send("WebAuthn.enable")
        envelope, held = Envelope(tools), []

        await page.goto(f"{origin}{LINK}")
        await envelope.is_put_in(copied=True)  # a key that travels is no key for this
        await makes(page, "Kuvert A", 1)
        await expect(page.get_by_text("Den nyckeln kan kopieras").first).to_be_visible()
        await envelope.is_taken_out()
        for number, label in ((1, "Kuvert A"), (2, "Kuvert B")):
            await envelope.is_put_in()
            await makes(page, label, number)
            if number == 1:
                await expect(page.get_by_role("heading", name="nyckel 2 av 2")).to_be_visible()
            else:
                await expect(page.get_by_role("heading", name="Nödkontot är klart")).to_be_visible()
            held.append(await envelope.is_taken_out())

        await page.goto(f"{origin}/sign-in")  # somebody of the directory does not get in today
        await page.locator("#name").fill(directory.user_name)
        await page.locator("#password").fill(PASSWORD)
        await page.get_by_role("button", name="Logga in", exact=True).click()
        await expect(page.get_by_role("heading", level=1)).not_to_have_text("Dina appar")
        for credential in held:
            await context.clear_cookies()
            await envelope.is_put_back(credential)
            await page.goto(f"{origin}/break-glass")
            await page.get_by_role("button", name="Använd nyckeln").click()
            await expect(page.get_by_role("heading", name="Dina appar")).to_be_visible()
            await expect(page.get_by_text(NAME).first).to_be_visible()
            await envelope.is_taken_out()
        await browser.close()
        stored = await account(world)
        assert stored.state is AccountState.ACTIVE
        assert len(await world.sessions(stored)) == 2
        assert (await world.events()).count("alarm.break_glass_used") == 2
