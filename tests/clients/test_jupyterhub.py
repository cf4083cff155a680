"""JupyterHub with GenericOAuthenticator and the settings that `portvakt app add` printed for it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bad_days.processes import PATIENCE, free_port
from tests.clients.person import Person
from tests.clients.site import Site
from tests.servers.hub import jupyterhub

pytestmark = pytest.mark.timeout(300)  # the first time, its packages are installed


@dataclass(frozen=True)
class Hub:
    """Where it is, its folder, and its log."""

    origin: str
    folder: Path
    log: Path


@pytest.fixture(scope="module")
def hub(region: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    port = free_port()
    origin = f"http://localhost:{port}"
    made = region.add("hub", "jupyterhub", origin)
    pasted, _, note = (each["text"] for each in made["settings"])
    printed = f"{pasted}\n{note.splitlines()[1]}\n"  # what the note says asks for a second factor
    folder = tmp_path_factory.mktemp("hub")
    with jupyterhub(folder, port, region.ca_file, printed) as log:
        yield Hub(origin, folder, log)


@pytest.fixture
def person(region: Site) -> Iterator[Person]:
    with region.somebody() as found:
        yield found


def test_it_signs_in_and_knows_who_it_is(hub: Hub, person: Person) -> None:
    signed_in(person, hub)
    assert f"{person.name}.berg" in person.page.text


def test_it_renews_its_tokens(hub: Hub, person: Person) -> None:
    signed_in(person, hub)
    (hub.folder / "spoil").touch()
    until = time.monotonic() + PATIENCE
    fresh = f"Received fresh access_token for {person.name}.berg"
    while fresh not in hub.log.read_text():  # it asks again once a second
        person.get(f"{hub.origin}/hub/home")
        assert person.at == f"{hub.origin}/hub/home", person.page.text
        assert time.monotonic() < until, hub.log.read_text()
        time.sleep(0.1)
    (hub.folder / "spoil").unlink()


def test_it_asks_for_a_second_factor_from_who_has_signed_in_with_one(
    hub: Hub, person: Person, region: Site
) -> None:
    person.get(f"{region.origin}/sign-in?to=/apps")
    person.give_password()
    assert person.at == f"{region.origin}/apps"
    person.get(opening(hub))
    person.go_on()
    person.give_code()
    assert person.at == f"{hub.origin}/hub/home", person.page.text


def test_signing_out_there_asks_whether_to_sign_out_here_and_does(
    hub: Hub, person: Person, region: Site
) -> None:
    signed_in(person, hub)
    person.get(f"{hub.origin}/hub/logout")
    assert person.at == f"{region.origin}/oidc/end_session", person.page.text
    person.submit()
    assert person.at == f"{hub.origin}/hub/login", person.page.text
    person.get(f"{region.origin}/apps")
    assert person.at == f"{region.origin}/sign-in"


def opening(hub: Hub) -> str:
    return f"{hub.origin}/hub/oauth_login?next=%2Fhub%2Fhome"


def signed_in(person: Person, hub: Hub) -> None:
    person.get(opening(hub))
    assert person.ours, person.page.text
    person.give_password()
    person.give_code()
    assert person.at == f"{hub.origin}/hub/home", person.page.text
