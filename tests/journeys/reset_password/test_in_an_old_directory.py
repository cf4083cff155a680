"""R18: nothing is reset where a reading of the directory was missed, though it could be written."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from portvakt.records.followed import Followed
from tests.directories.homes import NEW, RIGHT, AtSlapd
from tests.journeys.reset_password.test_in_a_directory import proved, with_phone
from tests.journeys.sign_in.directory import NAME, person_in, world_with

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("minutes", "written"), [(16, True), (18, False)])
async def test_r18_a_missed_reading_stops_a_reset(
    at_slapd: AtSlapd, tmp_path: Path, database_url: str, minutes: int, *, written: bool
) -> None:
    async with world_with(at_slapd, tmp_path, database_url) as world, world.browser() as browser:
        account, one, dn = await person_in(world, at_slapd)
        await with_phone(world, account)
        fact = Followed(well_at=world.clock.at - timedelta(minutes=minutes))
        text = msgspec.json.encode(fact).decode()
        await world.house.records.write(lambda unit: unit.meta.set(f"sync:{NAME}", text))
        await proved(browser, world, one)
        await browser.submit({"password": NEW.open()})
        assert at_slapd.knows(one, dn, NEW if written else RIGHT)
        assert ("password_reset.not_written" in await world.events(account)) is not written
