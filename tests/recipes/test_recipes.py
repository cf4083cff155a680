"""What is printed for each product is what it reads, whatever the organisation is called."""

import configparser
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.discovery import discovery_document
from portvakt.recipes import NOTE, PRODUCTS, Part, Side, addresses, paste

EXAMPLES = Path(__file__).parents[2] / "docs" / "operators" / "examples"
ISSUER = "https://id.region.example"
URL = "https://app.region.example/under"
HOSTILE = "Region \"X\" & 'Y' \\ `id` $(id) #{exit} {{ secret }} ;"
SECRET = "s-_" * 14 + "s"
DRAWN = "0123456789abcdef" * 4


def side(organisation: str = "Region Exempel") -> Side:
    return Side(issuer=ISSUER, organisation=organisation, secret=SECRET, drawn=DRAWN)


def app(kind: str, url: str = URL, **more: Any) -> RelyingParty:
    told: dict[str, Any] = addresses(PRODUCTS[kind], url, ISSUER)
    return RelyingParty(
        client_id=ClientId("appen"), client_name="Appen", **({"redirect_uris": ()} | told | more)
    )


def parts(kind: str, organisation: str = "Region Exempel") -> tuple[Part, ...]:
    return paste(kind, app(kind), side(organisation))


def whole(kind: str) -> str:
    return "\n".join(each.text for each in parts(kind))


@pytest.mark.parametrize("kind", PRODUCTS)
def test_each_recipe_says_where_its_parts_go_and_is_filled_in(kind: str) -> None:
    found = parts(kind)
    assert found
    for each in found:
        assert each.text.strip()
        assert each.where == NOTE or each.language
        assert not {"{{", "{%", "}}"} & set(each.text.split())
    assert (SECRET in whole(kind)) is bool(PRODUCTS[kind].callbacks)
    assert "appen" in whole(kind)


@pytest.mark.parametrize("kind", [each for each in PRODUCTS if each != "nginx"])
def test_each_recipe_leads_to_addresses_that_are_served(kind: str) -> None:
    served = set(map(str, discovery_document(ISSUER).values()))
    known = served | {ISSUER, f"{ISSUER}/.well-known/openid-configuration"}
    named = {word.partition("?")[0] for word in _words(whole(kind)) if word.startswith(ISSUER)}
    assert named
    assert named <= known


def _words(text: str) -> Iterator[str]:
    for mark in "\"',;<>()[]":
        text = text.replace(mark, " ")
    yield from (word.partition("=")[2] if "=http" in word else word for word in text.split())


@pytest.mark.parametrize("kind", ["apache", "jupyterhub", "gitlab", "generic"])
def test_a_recipe_that_names_the_address_to_come_back_to_names_the_registered_one(
    kind: str,
) -> None:
    assert app(kind).redirect_uris[0] in whole(kind)


def test_an_address_with_a_slash_at_its_end_gives_no_double_slash() -> None:
    assert app("grafana", f"{URL}/").redirect_uris == (f"{URL}/login/generic_oauth",)


def test_apache_guards_the_path_under_which_the_app_lies() -> None:
    assert '<Location "/under">' in whole("apache")
    at_the_top = paste("apache", app("apache", "https://app.region.example"), side())
    assert '<Location "/">' in at_the_top[0].text


def test_an_app_that_says_nothing_of_where_it_is_lies_where_its_answers_go() -> None:
    known = app("grafana", client_uri=None)
    found = paste("grafana", known, side())
    assert "https://app.region.example/" in found[-1].text


@dataclass
class Traits:
    """Takes what a configuration file of JupyterHub sets."""

    said: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return self.said.setdefault(name, Traits())

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "said":
            object.__setattr__(self, name, value)
        else:
            self.said[name] = value


@pytest.mark.parametrize("organisation", ["Region Exempel", HOSTILE])
def test_jupyterhub_reads_python(organisation: str) -> None:
    c = Traits()
    exec(parts("jupyterhub", organisation)[0].text, {"c": c})  # noqa: S102 - as JupyterHub does
    said = c.said["GenericOAuthenticator"].said
    assert said["login_service"] == organisation
    assert said["client_secret"] == SECRET
    assert said["token_url"] == f"{ISSUER}/oidc/token"
    assert said["oauth_callback_url"] == f"{URL}/hub/oauth_callback"
    assert len(c.said["CryptKeeper"].said["keys"][0]) == 64


@pytest.mark.parametrize("organisation", ["Region Exempel", HOSTILE])
def test_grafana_reads_one_section_with_a_value_a_line(organisation: str) -> None:
    read = configparser.RawConfigParser()
    read.read_string(parts("grafana", organisation)[0].text)
    assert read.sections() == ["auth.generic_oauth"]
    said = read["auth.generic_oauth"]
    assert said["client_secret"] == SECRET
    assert said["auth_url"] == f"{ISSUER}/oidc/authorize"
    name = said["name"]
    raw = name.startswith("`") and name.endswith("`") and name.count("`") == 2
    assert raw or name == "Region Exempel"


def test_nextcloud_gets_commands_that_a_shell_takes_apart_rightly() -> None:
    commands = parts("nextcloud")[0].text.replace("\\\n", " ").splitlines()
    words = [shlex.split(each) for each in commands]
    assert [each[:4] for each in words] == [["sudo", "-u", "www-data", "php"]] * 2
    assert f"--clientsecret={SECRET}" in words[1]
    assert "--scope=openid profile email groups" in words[1]


@pytest.mark.parametrize("organisation", ["Region Exempel", HOSTILE])
def test_nothing_in_gitlabs_settings_is_ruby_that_we_did_not_write(organisation: str) -> None:
    text = parts("gitlab", organisation)[0].text
    (label,) = [line for line in text.splitlines() if "label:" in line]
    quoted = label.partition("label: ")[2].removesuffix(",")
    assert quoted[0] == quoted[-1] == "'"  # in single quotes only these two mean something
    inside = quoted[1:-1].replace("\\\\", "\0").replace("\\'", "\1")
    assert "'" not in inside
    assert "\\" not in inside
    assert inside.replace("\0", "\\").replace("\1", "'") == organisation
    assert f"secret: '{SECRET}'" in text


def test_a_name_of_two_lines_is_one_line() -> None:
    assert "name = Region Exempel\n" in parts("grafana", "Region\nExempel")[0].text


def test_what_is_printed_for_nginx_is_the_example_with_other_names() -> None:
    told: dict[str, Any] = addresses(PRODUCTS["nginx"], "https://wiki.region.example/", ISSUER)
    wiki = RelyingParty(client_id=ClientId("wiki"), client_name="Wiki", redirect_uris=(), **told)
    (part, *_) = paste("nginx", wiki, side())
    example = (EXAMPLES / "forward-auth" / "nginx.conf").read_text(encoding="utf-8")
    assert part.where == "In /etc/nginx/conf.d/wiki.conf"
    assert f"# /etc/nginx/conf.d/wiki.conf\n{part.text}\n" == example


def test_ports_that_are_not_usual_stand_where_nginx_wants_them() -> None:
    url = "https://Wiki.Region.Example:8443"
    told: dict[str, Any] = addresses(PRODUCTS["nginx"], url, ISSUER)
    wiki = RelyingParty(client_id=ClientId("wiki-2"), client_name="W", redirect_uris=(), **told)
    here = Side(issuer="https://id.region.example:9443", organisation="X", secret="", drawn=DRAWN)
    text = paste("nginx", wiki, here)[0].text
    assert "listen 8443 ssl" in text
    assert "server_name wiki.region.example;" in text
    assert "X-Forwarded-Host   wiki.region.example:8443;" in text
    assert "server id.region.example:9443;" in text
    assert "proxy_ssl_name                id.region.example;" in text
    assert "$wiki_2_connection" in text


def test_an_app_without_a_secret_is_told_so() -> None:
    nothing = Side(issuer=ISSUER, organisation="X", secret="", drawn=DRAWN)
    text = paste("generic", app("generic"), nothing)[0].text
    assert "a public client" in text
    assert "client_secret_basic" not in text
