"""What every directory must do, against real servers. A new one is found and asks for its rig."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from portvakt import plugins
from portvakt.directories import (
    Batch,
    CursorLost,
    Directory,
    DirectoryBrokeOffError,
    Field,
    PersonSeen,
)
from portvakt.wire.ldap_values import UnsafeServerError
from tests.directories.people.branches import (
    ActiveDirectoryBranch,
    Branch,
    OpenLdapBranch,
)
from tests.servers import samba as ad
from tests.servers import slapd as openldap

pytestmark = pytest.mark.slow
PACKAGE = "portvakt.directories"
NOW = datetime.now(UTC)
FILES = {"staff_csv"}
RIGS: dict[str, Callable[[pytest.FixtureRequest], tuple[Branch, dict[str, Any]]]] = {}


def rig(
    name: str,
) -> Callable[
    [Callable[[pytest.FixtureRequest], tuple[Branch, dict[str, Any]]]],
    Callable[[pytest.FixtureRequest], tuple[Branch, dict[str, Any]]],
]:
    def keep(
        make: Callable[[pytest.FixtureRequest], tuple[Branch, dict[str, Any]]],
    ) -> Callable[[pytest.FixtureRequest], tuple[Branch, dict[str, Any]]]:
        RIGS[name] = make
        return make

    return keep


@rig("ldap")
def openldap_rig(request: pytest.FixtureRequest) -> tuple[Branch, dict[str, Any]]:
    server = request.getfixturevalue("slapd")
    return OpenLdapBranch(server), {
        "servers": [server.ldaps],
        "ca_file": str(server.authority.ca_file),
        "bind_dn": openldap.SERVICE,
    }


@rig("active_directory")
def samba_rig(request: pytest.FixtureRequest) -> tuple[Branch, dict[str, Any]]:
    server = request.getfixturevalue("samba")
    return ActiveDirectoryBranch(server), {
        "servers": [server.ldaps],
        "ca_file": str(server.authority_file),
        "bind_dn": ad.SERVICE,
        "mapping": {"user_name": "uid"},
    }


class Home:
    """A branch of a real directory, and how it is opened."""

    def __init__(self, kind: str, branch: Branch, settings: dict[str, Any], folder: Path) -> None:
        self.kind = kind
        self.branch = branch
        (folder / "service").write_text(openldap.SERVICE_PASSWORD, encoding="utf-8")
        secret = {"file": str(folder / "service")}
        self.settings = {"base": branch.base, "page_size": 2, "bind_password": secret, **settings}

    @asynccontextmanager
    async def open(self, **different: Any) -> AsyncIterator[Directory]:
        config = plugins.fill(PACKAGE, self.kind, self.settings | different)
        directory: Directory = config.open("region")
        try:
            yield directory
        finally:
            await directory.close()


@pytest.fixture(params=sorted(RIGS))
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    branch, settings = RIGS[request.param](request)
    return Home(request.param, branch, settings, tmp_path)


async def whole(reading: AsyncIterator[Batch]) -> tuple[list[PersonSeen], list[Batch]]:
    batches = [batch async for batch in reading]
    seen = [each for batch in batches for each in batch.seen if isinstance(each, PersonSeen)]
    return seen, batches


def test_every_directory_has_its_rig() -> None:
    assert set(plugins.names(PACKAGE)) - FILES == set(RIGS)


async def test_everybody_comes_a_page_at_a_time_and_a_cursor_last(home: Home) -> None:
    for number in range(5):
        home.branch.add(f"nummer{number}")
    async with home.open() as directory:
        seen, batches = await whole(directory.people(NOW))
    assert sorted(each.user_name for each in seen) == [f"nummer{number}" for number in range(5)]
    assert [each.row for each in seen] == [1, 2, 3, 4, 5]
    assert all(len(batch.seen) <= 2 for batch in batches)
    assert [batch.cursor is not None for batch in batches] == [False] * (len(batches) - 1) + [True]


async def test_who_somebody_is_outlives_every_name(home: Home) -> None:
    dn = home.branch.add("asa.oberg")
    async with home.open() as directory:
        ((before,), _) = await whole(directory.people(NOW))
        home.branch.move(home.branch.rename(dn, "asa.lind"))
        ((after,), _) = await whole(directory.people(NOW))
    assert before.external_id == after.external_id == str(UUID(after.external_id))
    assert (before.user_name, after.user_name) == ("asa.oberg", "asa.lind")


async def test_names_full_of_signs_that_mean_something_are_read_whole(home: Home) -> None:
    chef = home.branch.add("berit.chef", sn='Öberg, + <Chef>; #1=2\\3 "x"')
    home.branch.add("asa.oberg", givenName="Nguyễn Þór", manager=chef)
    async with home.open() as directory:
        seen, batches = await whole(directory.people(NOW))
    found = {each.user_name: each for each in seen}
    assert found["berit.chef"].family_name == 'Öberg, + <Chef>; #1=2\\3 "x"'
    assert found["asa.oberg"].given_name == "Nguyễn Þór"
    places = {place: each for batch in batches for place, each in batch.places.items()}
    assert places[str(found["asa.oberg"].manager)] == found["berit.chef"].external_id


async def test_what_changed_and_who_is_there_are_told_apart(home: Home) -> None:
    dns = [home.branch.add(f"nummer{number}") for number in range(4)]
    async with home.open() as directory:
        seen, batches = await whole(directory.people(NOW))
        cursor = batches[-1].cursor
        assert cursor is not None
        home.branch.change(dns[1], "title", "Ny")
        home.branch.delete(dns[2])
        changed, batches = await whole(directory.changes(cursor, NOW))
    ids = {each.user_name: each.external_id for each in seen}
    assert "nummer1" in {each.user_name for each in changed}
    assert "nummer0" not in {each.user_name for each in changed}
    assert batches[-1].swept
    present = {each.external_id for batch in batches for each in batch.present}
    assert present == {ids[f"nummer{number}"] for number in (0, 1, 3)}
    assert batches[-1].cursor not in {None, cursor}


async def test_a_cursor_of_something_else_is_of_no_use(home: Home) -> None:
    home.branch.add("asa.oberg")
    async with home.open() as directory:
        for cursor in ("", "{}", "[1]", '{"server": 1}', '{"base":"x","groups":"","since":""}'):
            with pytest.raises(CursorLost):
                await whole(directory.changes(cursor, NOW))


async def test_some_are_read_by_id_and_who_is_not_there_is_left_out(home: Home) -> None:
    home.branch.add("asa.oberg")
    home.branch.add("bo.ek")
    async with home.open() as directory:
        seen, _ = await whole(directory.people(NOW))
        asa = next(each for each in seen if each.user_name == "asa.oberg")
        batch = await directory.some([asa.external_id, str(uuid4()), "000017"])
    (found,) = batch.seen
    assert isinstance(found, PersonSeen)
    assert found.external_id == asa.external_id


async def test_a_manager_who_is_one_of_the_people_is_found_where_they_stand(home: Home) -> None:
    chef = home.branch.add("berit.chef")
    asa = home.branch.add("asa.oberg", manager=chef)
    async with home.open() as directory:
        seen, batches = await whole(directory.people(NOW))
        ids = {each.user_name: each.external_id for each in seen}
        cursor = batches[-1].cursor
        assert cursor is not None
        home.branch.change(asa, "title", "Ny")
        changed, _ = await whole(directory.changes(cursor, NOW))
        place = next(str(each.manager) for each in changed if each.user_name == "asa.oberg")
        assert await directory.ids_at([place, "cn=nobody"]) == {place: ids["berit.chef"]}


async def test_the_mapping_says_what_is_taken_and_what_is_known(home: Home) -> None:
    home.branch.add("asa.oberg", description="20270101", title="Barnmorska", mobile="x")
    mapping = {
        "user_name": "uid",
        "start_date": "description",
        "title": "",
        "work_mobile": "none mobile",
    }
    async with home.open(mapping=mapping) as directory:
        ((seen,), _) = await whole(directory.people(NOW))
        assert Field.TITLE not in directory.fields
        assert Field.START_DATE in directory.fields
        assert Field.GROUPS not in directory.fields
    assert seen.title is None
    assert str(seen.start_date) == "2027-01-01"
    assert seen.work_mobile == "x"
    assert seen.groups is None


async def test_a_directory_that_is_away_breaks_the_reading_off(home: Home) -> None:
    async with home.open(servers=["ldaps://127.0.0.1:9"]) as directory:
        with pytest.raises(DirectoryBrokeOffError):
            await whole(directory.people(NOW))
        with pytest.raises(DirectoryBrokeOffError):
            await directory.some([str(uuid4())])


async def test_a_base_that_is_not_there_is_no_empty_directory(home: Home) -> None:
    async with home.open(base=f"ou=nowhere,{home.branch.base}") as directory:
        with pytest.raises(DirectoryBrokeOffError):
            await whole(directory.people(NOW))


def test_a081_without_tls_it_is_not_opened_at_all(home: Home) -> None:
    plain = {"servers": ["ldap://dc1.corp.example"], "start_tls": False}
    config = plugins.fill(PACKAGE, home.kind, home.settings | plain)
    with pytest.raises(UnsafeServerError):
        config.open("region")
