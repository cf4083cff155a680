"""The pages lead to each other, from where somebody would look for them."""

from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import HOME, comes_with_app, with_app
from tests.world import Page


def leads_to(page: Page, address: str) -> bool:
    return f'href="{address}"' in page.html


async def test_from_security_information_and_apps_to_sign_ins_and_what_apps_know(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_app(world)
        page = await comes_with_app(world, browser)
        assert page.path == HOME
        assert leads_to(page, "/my-sign-ins")
        assert leads_to(page, "/app-access")
        assert leads_to(await browser.get("/apps"), "/my-sign-ins")
        assert leads_to(await browser.get("/my-sign-ins"), "/app-access")
        assert leads_to(await browser.get("/app-access"), "/my-sign-ins")
