"""A directory that is empty, away, false or half: nothing is changed, and it mends by itself."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portvakt.journeys.sync_people.standing import LEASE, take_turn
from portvakt.records import Unit
from portvakt.records.followed import Followed, followed
from tests.cli.box import Box
from tests.directories.people.branches import NAME, OpenLdapBranch
from tests.servers.authority import Authority
from tests.servers.slapd import Slapd

pytestmark = pytest.mark.slow
HOLD_UP = "\n[sync]\nbrake = 1"


@pytest.fixture
def own() -> Iterator[Slapd]:
    """A server of the test's own, to be stopped and frozen."""
    server = Slapd.create()
    server.start()
    yield server
    if server.process is not None:
        server.signal(signal.SIGCONT)
    server.remove()


@pytest.fixture
def branch(own: Slapd) -> OpenLdapBranch:
    found = OpenLdapBranch(own)
    for number in range(5):
        found.add(f"nummer{number}", mobile=f"070-174 06 1{number}")
    return found


@pytest.fixture
def box(branch: OpenLdapBranch, tmp_path: Path, sqlite_url: str) -> Box:
    made = Box.make(tmp_path, sqlite_url, branch.settings(tmp_path, HOLD_UP))
    made.good("sync")
    return made


def tried(box: Box, *words: str) -> dict[str, Any]:
    """Run it; it must not succeed."""
    answer = box.run("sync", "--json", *words)
    assert answer.status == 1
    assert answer.err
    (told,) = answer.json
    found: dict[str, Any] = told
    return found


def unchanged(box: Box) -> bool:
    people = box.good("people", "--json").json
    return [each["state"] for each in people] == ["active"] * 5


def names(box: Box) -> list[str]:
    return [each.name for each in box.events()]


def standing(box: Box) -> Followed:
    async def act(unit: Unit) -> Followed:
        return await followed(unit, NAME)

    return box.do(act)


def edit(box: Box, old: str, new: str) -> None:
    text = box.config.read_text(encoding="utf-8")
    assert old in text
    box.config.write_text(text.replace(old, new), encoding="utf-8")


def test_a116_a_directory_with_nobody_in_it_changes_nothing(box: Box) -> None:
    before = standing(box)
    edit(box, HOLD_UP, '\npeople_filter = "(uid=nobody)"' + HOLD_UP)
    for _ in range(2):
        assert tried(box, "--full", "--override-brake")["outcome"] == "nobody"
    assert unchanged(box)
    assert names(box).count("people.sync_failed") == 1
    after = standing(box)
    assert (after.failed, after.well_at, after.cursor) == ("nobody", before.well_at, before.cursor)


def test_f65_when_too_many_are_gone_nobody_is_until_somebody_says_so(
    branch: OpenLdapBranch, box: Box
) -> None:
    for number in range(3):
        branch.delete(f"uid=nummer{number},{branch.base}")
    for words in ((), ("--full",), ()):
        told = tried(box, *words)
        assert told["brake"] == {"would_go": 3, "allowed": 1, "stored": 5}
        assert unchanged(box)
    assert names(box).count("people.brake") == 1
    assert standing(box).failed == "brake"
    box.good("sync", "--override-brake")
    states = [each["state"] for each in box.good("people", "--json").json]
    assert sorted(states) == ["active"] * 2 + ["disabled"] * 3
    assert standing(box).failed is None


def test_f27_a_directory_that_is_away_changes_nothing_and_is_followed_when_it_is_back(
    own: Slapd, branch: OpenLdapBranch, box: Box
) -> None:
    own.stop()
    for words in ((), ("--full",), ("--dry-run",)):
        assert tried(box, *words)["outcome"] == "away"
    assert unchanged(box)
    assert names(box).count("people.sync_failed") == 1
    own.start()
    branch.add("carl.ny")
    (told,) = box.good("sync", "--json").json
    assert (told["whole"], told["created"]) == (False, 1)
    assert names(box)[0] == "people.imported"


def test_f28_a_silent_directory_ends_the_run_in_time(own: Slapd, box: Box) -> None:
    own.signal(signal.SIGSTOP)
    assert tried(box)["outcome"] == "away"
    assert unchanged(box)


def test_f30_a_wrong_service_password_is_named_and_mended(box: Box) -> None:
    right = (box.folder / "service").read_text(encoding="utf-8")
    (box.folder / "service").write_text("fel", encoding="utf-8")
    assert tried(box)["outcome"] == "service_account"
    (box.folder / "service").unlink()
    told = tried(box)
    assert told["outcome"] == "service_account"
    assert "service" in told["said"]
    assert unchanged(box)
    (box.folder / "service").write_text(right, encoding="utf-8")
    assert box.good("sync", "--json").json[0]["outcome"] == "synced"


def test_f31_a_certificate_by_a_stranger_ends_the_run(own: Slapd, box: Box, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger")
    edit(box, f'ca_file = "{own.authority.ca_file}"', f'ca_file = "{stranger.ca_file}"')
    assert tried(box)["outcome"] == "away"
    assert unchanged(box)


def test_f32_a_limit_of_the_server_is_no_end(own: Slapd, branch: OpenLdapBranch, box: Box) -> None:
    own.stop()
    own.sizelimit = "3"
    own.write_config()
    own.start()
    for words in ((), ("--full",)):
        branch.change(f"uid=nummer0,{branch.base}", "title", "Ny")
        assert tried(box, *words)["outcome"] == "away"
    assert unchanged(box)


def test_another_directory_at_the_same_address_is_read_whole(
    branch: OpenLdapBranch, box: Box
) -> None:
    async def forget(unit: Unit) -> None:
        known = await unit.meta.get(f"sync:{NAME}")
        assert known is not None
        base = standing_base(known)
        await unit.meta.set(f"sync:{NAME}", known.replace(base, "0" * len(base)))

    def standing_base(known: str) -> str:
        return known.split('\\"base\\":\\"')[1].split('\\"', maxsplit=1)[0]

    box.do(forget)
    (told,) = box.good("sync", "--json").json
    assert told["whole"]
    assert told["unchanged"] == 5
    branch.add("carl.ny")
    assert not box.good("sync", "--json").json[0]["whole"]


def test_everything_is_read_once_a_day(box: Box) -> None:
    box.move(hours=23)
    assert not box.good("sync", "--json").json[0]["whole"]
    box.move(hours=1)
    assert box.good("sync", "--json").json[0]["whole"]


def test_one_process_at_a_time_follows_a_directory(box: Box) -> None:
    async def other(unit: Unit) -> None:
        assert await take_turn(unit, NAME, "another", box.now, None) is not None

    box.do(other)
    assert tried(box)["outcome"] == "not_now"
    box.good("sync", "--dry-run")
    box.move(seconds=LEASE.total_seconds() - 1)
    assert tried(box)["outcome"] == "not_now"
    box.move(seconds=1)
    box.good("sync")


def test_it_is_time_by_the_settings_and_soon_after_a_failure(box: Box) -> None:
    every = timedelta(minutes=15)
    known = standing(box)
    assert not known.is_due(box.now + timedelta(minutes=14), every)
    assert known.is_due(box.now + every, every)
    assert known.is_due(box.now - timedelta(days=1), every)  # the clock was set back
    failed = Followed(tried_at=box.now, failed="away")
    assert not failed.is_due(box.now + timedelta(seconds=59), every)
    assert failed.is_due(box.now + timedelta(seconds=60), every)
    braked = Followed(tried_at=box.now, failed="brake")
    assert not braked.is_due(box.now + timedelta(minutes=14), every)


def test_a_group_of_the_settings_that_is_gone_is_not_a_group_that_everybody_left(
    branch: OpenLdapBranch, tmp_path: Path, sqlite_url: str
) -> None:
    group = branch.group("alla", *(f"uid=nummer{number},{branch.base}" for number in range(5)))
    more = f'groups = {{ "{group}" = "personal" }}'
    box = Box.make(tmp_path, sqlite_url, branch.settings(tmp_path, more))
    box.good("sync")
    branch.delete(group)
    told = tried(box)
    assert "there is no group" in told["said"]
    people = box.do(lambda unit: unit.people.all_of_source(NAME))
    assert [each.groups for each in people] == [{"personal"}] * 5


@pytest.mark.parametrize("context", ["hidden", "standing still"])
def test_without_a_living_count_of_changes_they_are_found_all_the_same(
    own: Slapd, branch: OpenLdapBranch, tmp_path: Path, sqlite_url: str, context: str
) -> None:
    own.stop()
    config = own.folder / "slapd.conf"
    text = config.read_text(encoding="utf-8")
    assert "overlay syncprov\n" in text
    if context == "hidden":
        rule = "access to attrs=userPassword"
        text = text.replace(rule, f"access to attrs=contextCSN by * none\n{rule}")
    text = text.replace("overlay syncprov\n", "").replace("syncprov-sessionlog 10000\n", "")
    config.write_text(text, encoding="utf-8")
    own.start()
    box = Box.make(tmp_path, sqlite_url, branch.settings(tmp_path, 'group_pattern = "*"'))
    box.now = datetime.now(UTC)
    box.good("sync")
    assert ('"state":[]' in str(standing(box).cursor)) is (context == "hidden")
    branch.change(f"uid=nummer0,{branch.base}", "title", "Ny")
    branch.delete(f"uid=nummer1,{branch.base}")
    group = branch.group("alla", f"uid=nummer2,{branch.base}")
    (told,) = box.good("sync", "--json").json
    assert (told["whole"], told["changed"], told["disabled"]) == (False, 2, 1)
    branch.join(group, f"uid=nummer3,{branch.base}")
    assert box.good("sync", "--json").json[0]["changed"] == 1
    if context == "hidden":
        box.move(minutes=30)
        box.good("sync")  # reads the last quarter of an hour before the run before this again
        box.move(minutes=30)
        assert box.good("sync", "--json").json[0]["people"] == 0
