"""Apache with mod_auth_openidc and the settings that `portvakt app add` printed for it."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.bad_days.processes import free_port
from tests.clients.person import Person
from tests.clients.site import Site
from tests.servers.apache import apache

STRONG = """
<Location "/strong">
    AuthType openid-connect
    OIDCUnAutzAction auth
    OIDCPathAuthRequestParams acr_values=urn%3Aportvakt%3Aaal2&max_age=900
    Require claim acr:urn:portvakt:aal2
</Location>
"""


@pytest.fixture(scope="module")
def origin(region: Site) -> Iterator[str]:
    port = free_port()
    origin = f"http://localhost:{port}"
    made = region.add("wiki", "apache", origin)
    printed = made["settings"][0]["text"]
    pages = ("index.html", "strong/index.html")
    with apache(port, region.ca_file, printed + STRONG, pages):
        yield origin


@pytest.fixture
def person(region: Site) -> Iterator[Person]:
    with region.somebody() as found:
        yield found


def test_it_signs_in_and_knows_who_it_is(origin: str, person: Person) -> None:
    person.get(f"{origin}/")
    assert person.ours
    person.give_password()
    assert person.at == f"{origin}/", person.page.text
    assert person.page.html == "index.html"
    headers = person.page.response.headers
    assert headers["x-remote-user"] == f"{person.name}.berg"
    assert headers["x-claims"] == "urn:portvakt:aal1 alla"


def test_it_renews_its_tokens(origin: str, person: Person) -> None:
    person.get(f"{origin}/")
    person.give_password()
    first = person.page.response.headers["x-access-token"]
    assert first
    back = quote(f"{origin}/index.html", safe="")
    person.get(f"{origin}/oidc-callback?refresh={back}&access_token={first}")
    assert person.page.response.request.url == f"{origin}/index.html", person.seen
    second = person.page.response.headers["x-access-token"]
    assert second not in {"", first}
    assert person.page.response.headers["x-remote-user"] == f"{person.name}.berg"


def test_a_folder_asks_for_a_second_factor_and_gets_it(origin: str, person: Person) -> None:
    person.get(f"{origin}/")
    person.give_password()
    person.get(f"{origin}/strong/")
    assert person.ours
    person.go_on()
    person.give_code()
    assert person.at == f"{origin}/strong/", person.page.text
    assert person.page.html == "strong/index.html"
    assert person.page.response.headers["x-claims"] == "urn:portvakt:aal2 alla"


def test_its_link_signs_out_here_too_and_the_person_comes_back(
    region: Site, origin: str, person: Person
) -> None:
    person.get(f"{origin}/")
    person.give_password()
    person.get(f"{origin}/oidc-callback?logout={quote(f'{origin}/', safe='')}")
    assert person.ours, person.seen  # its front page is guarded, and asks for a new sign-in
    assert person.page.forms()[0][0] == "/sign-in", person.page.text
    person.get(f"{region.origin}/apps")
    assert person.at == f"{region.origin}/sign-in"


def test_it_is_told_of_a_sign_out_that_it_has_not_seen(
    region: Site, origin: str, person: Person
) -> None:
    person.get(f"{origin}/")
    person.give_password()
    assert person.http.get(f"{origin}/").status_code == 200
    region.good("sessions", "end", f"{person.name}.berg")
    person.until(f"{origin}/", 302)  # to sign in again
