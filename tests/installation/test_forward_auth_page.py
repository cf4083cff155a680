"""The page about forward-auth is true: what it says to write can be written, and does that."""

import re
from pathlib import Path

import pytest

from portvakt.journeys.open_app.forward_auth.places import (
    AUTH_REQUEST,
    CHECK,
    SIGN_OUT,
    START,
    TICKET,
)
from tests.cli.box import Box
from tests.installation.test_pages import EXAMPLES, PAGES, blocks

PAGE = (PAGES / "forward-auth.md").read_text(encoding="utf-8")
RECIPES = EXAMPLES / "forward-auth"
TOLD = ("remote-user", "remote-name", "remote-email", "remote-groups", "remote-assertion")


def test_the_entry_of_the_page_can_be_applied(tmp_path: Path, sqlite_url: str) -> None:
    box = Box.make(tmp_path, sqlite_url)
    entry = next(iter(blocks(PAGE, "toml")))
    file = box.write("region.toml", '[[groups]]\nid = "alla"\n' + entry)
    box.good("apply", file)
    assert "wiki.region.example" in box.good("export").out


def test_the_proxies_of_the_page_can_be_trusted(tmp_path: Path) -> None:
    box = Box(tmp_path, "")
    text = (EXAMPLES / "portvakt.toml").read_text(encoding="utf-8")
    trusted = list(blocks(PAGE, "toml"))[1]
    text = re.sub(r"(?ms)^\[proxies\]\n.*?(?=^\[|\Z)", trusted, text)
    for place in ("/etc/portvakt", "/var/lib/portvakt"):
        text = text.replace(place, str(tmp_path))
    box.write("portvakt.toml", text)
    box.good("check-config")
    assert "10.0.1.20/32" in text


def test_every_recipe_is_linked_from_the_page() -> None:
    linked = set(re.findall(r"\(examples/forward-auth/([^)]+)\)", PAGE))
    assert linked == {path.name for path in RECIPES.iterdir()}


def test_the_page_names_what_apps_get() -> None:
    section = PAGE.partition("## 4.")[2].partition("## 5.")[0]
    named = re.findall(r"^\| `(Remote-\w+)` \|", section, re.MULTILINE)
    assert [each.lower() for each in named] == list(TOLD)


@pytest.mark.parametrize("name", ["nginx.conf", "apache.conf", "traefik.yaml", "Caddyfile"])
def test_a_recipe_passes_on_what_is_ours_and_nothing_else(name: str) -> None:
    """What asks is never to be had from outside, and what signs in is."""
    text = (RECIPES / name).read_text(encoding="utf-8").replace("\\.", ".")
    for path in (START, TICKET, SIGN_OUT):
        last = path.rpartition("/")[2]
        assert path in text or re.search(rf"/.portvakt/\([a-z|-]*\b{last}\b", text), path
    asks = AUTH_REQUEST if name == "nginx.conf" else CHECK
    where = text if name != "apache.conf" else (RECIPES / "apache.lua").read_text("utf-8")
    assert asks in where


def test_the_recipe_for_traefik_lets_no_header_of_a_stranger_through() -> None:
    """It is the one that no test runs: this is what its documentation promises for these words."""
    text = (RECIPES / "traefik.yaml").read_text(encoding="utf-8")
    told = re.search(r"authResponseHeadersRegex: (\S+)", text)
    assert told is not None
    for name in ("Remote-User", "Remote_user", "Remote-Assertion"):  # as Go writes header names
        assert re.search(told[1], name)
    assert "trustForwardHeader: false" in text
    assert re.search(r"wiki:\n(?: +.*\n)*? +middlewares: \[portvakt\]", text)
