"""The whole small region of the test servers, by settings as short as they can be."""

import asyncio
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.people import AccountState
from portvakt.core.secret import Secret
from portvakt.directories import CheckOutcome, PasswordRight, PasswordWrong
from portvakt.known_directories import directories
from portvakt.records import StoredPerson
from portvakt.settings import load_settings
from tests.cli.box import Box
from tests.directories.people.branches import NAME, settings_of
from tests.servers import samba as ad
from tests.servers import samba_domain
from tests.servers import slapd as openldap
from tests.servers.samba import Samba
from tests.servers.slapd import Slapd

pytestmark = pytest.mark.slow


def region(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind == "openldap":
        slapd: Slapd = request.getfixturevalue("slapd")
        more = f'group_base = "{openldap.GROUP_BASE}"\ngroup_pattern = "*"'
        return settings_of(
            "ldap", slapd.ldaps, slapd.authority.ca_file, openldap.SERVICE, openldap.PEOPLE_BASE,
            folder, more,
        )  # fmt: skip
    samba: Samba = request.getfixturevalue("samba")
    more = f'group_base = "{samba_domain.GROUP_BASE}"\ngroup_pattern = "*"'
    return settings_of(
        "active_directory", samba.ldaps, samba.authority_file, ad.SERVICE,
        samba_domain.PEOPLE_BASE, folder, more,
    )  # fmt: skip


@pytest.fixture(params=["openldap", "active_directory"])
def box(request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str) -> Box:
    return Box.make(tmp_path, sqlite_url, region(request.param, request, tmp_path))


def people(box: Box) -> dict[str, StoredPerson]:
    found = box.do(lambda unit: unit.people.all_of_source(NAME))
    return {each.user_name.partition("@")[0]: each for each in found}


def test_the_region_is_as_it_stands_there(box: Box) -> None:
    box.good("sync")
    found = people(box)
    active = {name for name, each in found.items() if each.state is AccountState.ACTIVE}
    assert {"asa.oberg", "lars.last", "eva.expired", "nils.ny"} <= active
    assert not {"dag.disabled", "ulf.slutat"} & active
    asa, karin = found["asa.oberg"], found["karin.komma"]
    assert asa.manager == karin.manager == found["berit.chef"].external_id
    assert asa.groups == karin.groups == {"akuten", "sjukhuset", "regionen"}
    assert found["berit.chef"].groups == {"regionen", "chefer"}
    assert karin.family_name == "Öberg, + <Chef>; #1=2\\3"
    numbers = [found[name].phone for name in ("berit.chef", "asa.oberg", "karin.komma")]
    assert numbers == ["+46701740605", "+46701740606", "+46701740607"]
    assert asa.unit == "Akutmottagningen"


def test_whoever_was_followed_can_be_asked_for_their_password(box: Box) -> None:
    box.good("sync")
    asa = people(box)["asa.oberg"]
    standing = box.person(asa.external_id, NAME)
    (password,) = standing.active(AuthenticatorType.PASSWORD)

    async def ask(text: str) -> CheckOutcome:
        async with directories(load_settings(box.config, {})) as known:
            return await known[password.authenticator.source].check(asa.external_id, Secret(text))

    assert isinstance(asyncio.run(ask(openldap.PASSWORD)), PasswordRight)
    assert isinstance(asyncio.run(ask("Fel-lösenord-2026")), PasswordWrong)
