"""docs/operators/metrics.md tells of every number, and of none that there is not."""

import re
from pathlib import Path

from portvakt.core.events import EVENTS
from portvakt.settings.structs import Directory
from portvakt.stored_numbers import CHANNELS, NOT_SYNCED
from tests.bad_days.processes import free_port
from tests.guards.tree import TOP
from tests.metrics.scrape import Scrape, measured_world, scrape
from tests.world import INSIDE

PAGE = (TOP / "docs" / "operators" / "metrics.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (counter|gauge|histogram) \|([^|]*)\|", re.MULTILINE)
SUFFIX = {"counter": "_total", "gauge": "", "histogram": ""}


def documented() -> dict[str, tuple[str, set[str]]]:
    """Name, kind and labels, as the tables say."""
    return {
        name: (kind, set(re.findall(r"`(\w+)`", cell))) for name, kind, cell in ROW.findall(PAGE)
    }


def exported(told: Scrape) -> dict[str, str]:
    return {name + SUFFIX[kind]: kind for name, kind in told.families().items()}


def labels_of(told: Scrape, name: str, kind: str) -> list[set[str]]:
    sample = f"{name}_count" if kind == "histogram" else name
    return [{label for label, _ in labels} for labels in told.values(sample)]


async def everything(folder: Path, url: str) -> Scrape:
    """Scrape a house with a directory, after somebody came."""
    secret = folder / "bind-password"
    secret.write_text("hemligt", encoding="utf-8")
    options = {
        "servers": [f"ldaps://127.0.0.1:{free_port()}"],
        "bind_dn": "cn=portvakt,dc=region,dc=example",
        "bind_password": {"file": str(secret)},
        "base": "dc=region,dc=example",
    }
    directory = Directory(name="katalogen", kind="ldap", options=options)
    async with (
        measured_world(folder, url, directories=(directory,)) as world,
        world.browser(INSIDE) as browser,
    ):
        await world.person()
        await browser.sign_in()
        return await scrape(world)


async def test_every_number_is_on_the_page(tmp_path: Path, sqlite_url: str) -> None:
    told = await everything(tmp_path, sqlite_url)
    found, page = exported(told), documented()
    assert found == {name: kind for name, (kind, _) in page.items()}
    for name, (kind, labels) in page.items():
        assert all(each == labels for each in labels_of(told, name, kind)), name


async def test_every_alert_asks_for_what_there_is(tmp_path: Path, sqlite_url: str) -> None:
    names = documented()
    suffixes = ("", "_bucket", "_count", "_sum")
    known = {name + suffix for name in names for suffix in suffixes}
    blocks = " ".join(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
    asked = set(re.findall(r"\bportvakt_\w+", blocks))
    assert asked
    assert asked <= known
    for event in re.findall(r'event="([^"]+)"', blocks):
        assert event in EVENTS
    told = await everything(tmp_path, sqlite_url)
    for label in ("channel", "outcome", "route"):
        for value in re.findall(rf'{label}="([^"]+)"', blocks):
            assert f'{label}="{value}"' in told.text or value == "/sign-in", value


def test_the_page_names_every_channel_and_reason() -> None:
    for word in (*CHANNELS, *NOT_SYNCED):
        assert f"`{word}`" in PAGE
