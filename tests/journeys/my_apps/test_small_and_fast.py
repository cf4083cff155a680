"""The portal is the page that most people see each morning."""

import gzip
import re
from pathlib import Path

import pytest

from portvakt.core.ids import ClientId, GroupId
from portvakt.core.portal import Collection
from portvakt.proving.rules import judge
from tests import make
from tests.journeys.my_apps.test_my_apps import SECRET, app, inside
from tests.journeys.my_apps.test_portal import opened, put
from tests.world import Browser, world

MOST = 14_000
WORDS = (
    "Arkiv",
    "Boka",
    "Chatt",
    "Dos",
    "Epost",
    "Frånvaro",
    "Gas",
    "Hyra",
    "Inköp",
    "Jour",
    "Kost",
)


def name(number: int) -> str:
    """Names as apps have them: one or two words, all different."""
    one, other = WORDS[number % len(WORDS)], WORDS[number // len(WORDS) % len(WORDS)]
    return f"{one} {other.lower()} {number}"


def collections(count: int) -> list[Collection]:
    tiles = [ClientId(name(number).lower()) for number in range(count)]
    return [
        Collection(
            id=f"c{at}", name={"sv": f"Samling {at}", "en": f"Set {at}"}, apps=part, place=at
        )
        for at, part in enumerate((tuple(tiles[:10]), tuple(tiles[10:20])))
    ]


async def whole(browser: Browser) -> int:
    """The page with its styles and scripts, each compressed as files are when they are served."""
    files = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', browser.page.html)
    assert len(files) == 5
    sizes = [len(gzip.compress(browser.page.response.content, 9))]
    for each in files:
        raw = browser.client.build_request("GET", each, headers={"accept-encoding": "gzip"})
        answer = await browser.client.send(raw, stream=True)
        sizes.append(len(b"".join([part async for part in answer.aiter_raw()])))
        assert answer.headers["content-encoding"] == "gzip"
    return sum(sizes)


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_the_portal_with_60_tiles_is_under_14_kilobytes_before_pictures(
    tmp_path: Path, sqlite_url: str, language: str
) -> None:
    """With collections, pictures, what was opened last, and each tile with what it asks for."""
    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person(totp=SECRET)
        await put(found, *collections(60))
        names = [name(number) for number in range(60)]
        apps = [
            app(each, client_id=ClientId(each.lower()), icon=f"{at:026x}"[::-1])
            for at, each in enumerate(names)
        ]
        rule = make.rule(apps_not={"portvakt"})
        await found.configure([rule], [make.network()], apps)
        await opened(found, names[-5:])
        browser.client.cookies.set("__Host-language", language)
        browser.address = "10.20.1.1"
        await browser.sign_in()
        assert browser.page.html.count('class="tile"') == 64
        assert browser.page.html.count("/icons/") == 64
        size = await whole(browser)
        assert size <= MOST, size


async def test_300_apps_of_2_000_are_judged_once_and_for_each_that_a_rule_names(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []

    def counted(*given: object) -> object:
        judged.append(str(given[2]))
        return judge(*given)  # type: ignore[arg-type]  # as the flow gives them

    async with world(tmp_path, sqlite_url) as found, found.browser() as browser:
        await found.person()
        others = frozenset({GroupId("andra")})
        apps = [
            app(
                name(at), client_id=ClientId(f"a{at}"), groups=others if at >= 300 else {make.STAFF}
            )
            for at in range(2000)
        ]
        rules = [make.rule(id="pay", apps={"a7", "a8", "a1999"})]
        await found.configure(rules, [make.network()], apps)
        await inside(browser)
        monkeypatch.setattr("portvakt.journeys.my_apps.flow.judge", counted)
        await browser.get("/apps")
        assert browser.page.html.count('class="tile"') == 300
        assert len(judged) == 3
