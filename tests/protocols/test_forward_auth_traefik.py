"""Traefik is in no archive that tests install from: what it sends is written down here.

Its ForwardAuth middleware asks with GET, under the name in `address`, with five headers of its own
and those of the browser that `authRequestHeaders` names; any answer but 2xx it hands on as it is.
Its own five it writes itself (`trustForwardHeader: false`), whatever the browser sent. What goes
to our service goes with `X-Forwarded-Host` and the method of the browser.
"""

import re
from pathlib import Path

from tests.installation.test_pages import EXAMPLES
from tests.protocols.guarded import DATA, PAGE, WIKI, AtHost, guarded
from tests.protocols.test_forward_auth import let_in
from tests.world import OUTSIDE, Browser

RECIPE = (EXAMPLES / "forward-auth" / "traefik.yaml").read_text(encoding="utf-8")


class AtTraefik(AtHost):
    """A browser at an app behind Traefik."""

    def said(self, uri: str, method: str = "GET") -> list[tuple[str, str]]:
        return [
            ("x-forwarded-method", method),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", self.host),
            ("x-forwarded-uri", uri),
            ("x-forwarded-for", self.address),
            ("user-agent", "Go-http-client/1.1"),
            ("accept-encoding", "gzip"),
        ]


def passed_on() -> set[str]:
    """The headers of the browser that the recipe names."""
    found = re.search(r"authRequestHeaders: \[(.*)\]", RECIPE)
    assert found is not None
    return {each.strip().lower() for each in found[1].split(",")}


async def opens(at: AtHost, browser: Browser) -> None:
    assert await at.enter(browser, "/page?x=1") == f"https://{WIKI}/page?x=1"


async def test_what_traefik_sends_lets_people_in_and_leads_strangers_to_sign_in(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        await let_in(region, browser)
        at = AtTraefik(region.world)
        stopped = await at.check("/page")
        assert stopped.status_code == 302
        assert stopped.headers["location"] == f"https://{WIKI}/.portvakt/start?to=%2Fpage"
        assert (await at.check("/page", "POST")).status_code == 401
        assert (await at.check("/page", browser=DATA)).status_code == 401
        await opens(at, browser)
        answer = await at.check("/page", "DELETE", browser=DATA)
        assert answer.status_code == 200
        assert {name for name in answer.headers if re.search("^Remote[-_]", name.title())} == {
            "remote-user",
            "remote-name",
            "remote-email",
            "remote-groups",
            "remote-assertion",
        }


def test_all_that_a_check_looks_at_is_handed_to_it() -> None:
    looked_at = {"cookie", "accept", "upgrade", "x-requested-with", *PAGE, *DATA}
    assert looked_at <= passed_on()
