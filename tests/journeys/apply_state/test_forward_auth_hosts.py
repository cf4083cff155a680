"""Hosts that we guard: each is one name as browsers write it, and one app's alone."""

from pathlib import Path

import pytest

from tests.cli.box import Box

WIKI = """[[groups]]
id = "alla"
[[apps]]
client_id = "wiki"
client_name = "Wiki"
token_endpoint_auth_method = "none"
forward_auth_hosts = {hosts}
groups = ["alla"]
{more}
"""


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return Box.make(tmp_path, sqlite_url)


def problems(box: Box, hosts: str, more: str = "", file: str = "wrong.toml") -> str:
    answer = box.run("apply", box.write(file, WIKI.format(hosts=hosts, more=more)))
    assert answer.status == 1, answer.out
    return answer.err


def other(hosts: str) -> str:
    return (
        WIKI.partition("[[apps]]")[2]
        .join(("[[apps]]", ""))
        .format(hosts=hosts, more="")
        .replace('"wiki"', '"plans"')
    )


def test_an_app_of_guarded_hosts_needs_no_address_to_come_back_to(box: Box) -> None:
    hosts = '["wiki.region.example", "wiki.region.example:8443", "xn--bcher-kva.example"]'
    file = box.write("region.toml", WIKI.format(hosts=hosts, more=""))
    box.good("apply", file)
    text = box.good("export").out
    assert "forward_auth_hosts" in text
    assert '"wiki.region.example:8443"' in text
    again = box.good("apply", box.write("again.toml", text))
    assert "wiki" not in again.out, "what was exported says the same"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "wiki",
        "Wiki.region.example",
        "*.region.example",
        "https://wiki.region.example",
        "wiki.region.example/",
        "wiki.region.example.",
        ".region.example",
        "wiki..example",
        "-wiki.example",
        "wiki_1.example",
        "wiki.example:0",
        "wiki.example:65536",
        "wiki.example:",
        "wiki.example:443",
        "wiki.example@evil.example",
        "bücher.example",
        "wiki.example evil.example",
        "a" * 64 + ".example",
    ],
)
def test_a_host_that_no_browser_writes_so_is_refused(box: Box, host: str) -> None:
    assert "apps[1].forward_auth_hosts[1]: is" in problems(box, f'["{host}"]')


@pytest.mark.parametrize(
    "host",
    [
        "portvakt.region.example",
        "portvakt.region.example:8443",
        "mfa.region.example",
        "glomt.region.example",
        "mina-appar.region.example",
        "app.region.example",
    ],
)
def test_our_own_names_are_no_apps(box: Box, host: str) -> None:
    """Whoever guards them would have people's sign-ins go through an app; at any port."""
    text = box.config.read_text().replace(
        "http://localhost:8000", "https://portvakt.region.example"
    )
    names = """
[hosts]
registration = ["mfa.region.example"]
reset = ["glomt.region.example"]
apps = ["mina-appar.region.example"]
authenticator = "app.region.example"
"""
    box.config.write_text(text + names)
    assert "is Portvakt's own" in problems(box, f'["{host}"]')
    box.good("apply", box.write("groups.toml", WIKI.partition("[[apps]]")[0]))
    by_hand = ("--for", "nginx", "--url", f"https://{host}/", "--group", "alla")
    answer = box.run("app", "add", "wiki", *by_hand)
    assert answer.status == 1, answer.out
    assert "is Portvakt's own" in answer.err


def test_a_host_belongs_to_one_app(box: Box) -> None:
    hosts = '["wiki.region.example"]'
    said = problems(box, hosts, other(hosts))
    assert "apps[2].forward_auth_hosts[1]: “wiki.region.example” is guarded for “wiki”" in said
    box.good("apply", box.write("region.toml", WIKI.format(hosts=hosts, more="")))
    alone = box.run("apply", box.write("other.toml", '[[groups]]\nid = "alla"\n' + other(hosts)))
    assert alone.status == 1
    assert "is guarded for “wiki” already" in alone.err


def test_a_host_may_go_to_another_app_in_one_file(box: Box) -> None:
    hosts = '["wiki.region.example"]'
    box.good("apply", box.write("region.toml", WIKI.format(hosts=hosts, more="")))
    moved = WIKI.format(hosts="[]", more=other(hosts)).replace(
        "forward_auth_hosts = []", 'redirect_uris = ["https://wiki.region.example/cb"]'
    )
    box.good("apply", box.write("moved.toml", moved))


def test_a_host_is_nobodys_id(box: Box) -> None:
    """An assertion is signed for the host, and an ID token for the id."""
    hosts = '["wiki.region.example"]'
    more = other("[]").replace('"plans"', '"wiki.region.example"')
    assert "is the id of an app too" in problems(box, hosts, more)


def test_nobody_is_asked_for_consent_by_a_host_that_we_guard(box: Box) -> None:
    assert "apps[1].consent: " in problems(box, '["wiki.region.example"]', "consent = true")
