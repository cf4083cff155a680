"""Fields that no form of ours has change nothing."""

import pytest

from portvakt.core.sessions import SessionKind
from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import SECRET, app_code, with_rule
from tests.world import INSIDE, PASSWORD

SMUGGLED = {
    "role": "administrator",
    "roles": "administrator",
    "account_id": "somebody-else",
    "state": "active",
    "kind": "full",
    "evidence": '[{"type":"totp"}]',
    "aal": "2",
    "verified": "true",
    "source": "hr",
    "session_id": "a" * 26,
    "guarded": "false",
}


async def test_a094_roles_and_proofs_cannot_be_sent_along_with_a_sign_in(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        anna = await world.person(totp=SECRET)
        await browser.get("/sign-in?to=/apps")
        page = await browser.submit({"name": "anna.berg", "password": PASSWORD} | SMUGGLED)
        assert page.title == "Vilken kod visar din app?"
        page = await browser.submit({"code": app_code(world)} | SMUGGLED)
        assert page.path == "/apps"
        assert (await world.standing(anna)).account.roles == frozenset()
        (session,) = await world.sessions(anna)
        assert session.account_id == anna.id
        assert len(session.evidence) == 2


async def test_a094_a_number_cannot_be_registered_as_verified(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        bo = await world.person()
        await browser.sign_in(to="/security-info")
        sent = {"option": "sms", "number": "070-174 06 77"} | SMUGGLED
        await browser.post("/security-info", sent)
        bound = (await world.standing(bo)).authenticators
        assert [each.type for each in bound] == ["password"]
        (session,) = await world.sessions(bo)
        assert session.kind is SessionKind.REGISTRATION


@pytest.mark.parametrize("path", ["/apps", "/my-sign-ins", "/security-info"])
async def test_a094_nothing_can_be_patched(path: str, open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        anna = await world.person()
        await browser.sign_in()
        for method in ("PATCH", "PUT", "DELETE"):
            response = await browser.client.request(
                method,
                f"https://portvakt.region.example{path}",
                json={"role": "administrator"},
                headers={"x-forwarded-for": INSIDE},
            )
            assert response.status_code == 405
        assert (await world.standing(anna)).account.roles == frozenset()
