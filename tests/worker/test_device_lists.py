"""Lists of revoked certificates: read where they are, kept if they count, told of once if not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from portvakt import background_devices
from portvakt.background_devices import ListReader, reading_lists
from portvakt.core.our_devices import Refusal, ShownDevice
from portvakt.crypto.device_certificates import DeviceAuthority
from portvakt.metrics import Numbers
from portvakt.proving.our_devices import NotOurs, OurDevices
from portvakt.records import Records, Unit, open_records
from portvakt.records.revocation_lists import ListState
from portvakt.settings.structs import Devices
from portvakt.stored_numbers import DEVICE_LISTS
from tests.servers.device_authority import DAY, Computer, DeviceIssuer
from tests.servers.listening import stop_listening
from tests.wire.reach import GARBAGE, stranger
from tests.worker.office import SEALER
from tests.worker.office import settings as office_settings
from tests.world import START, Clock

ISSUER = DeviceIssuer(now=START)
AUTHORITY = DeviceAuthority.read(ISSUER.pem)
PC, LOST = ISSUER.computer(), ISSUER.computer("lost.region.example")
LIVES = timedelta(hours=24)
EVERY = timedelta(minutes=10)
SHOWN_FOR = timedelta(minutes=15)


class Desk:
    """Records, a clock, one who reads and one who asks."""

    def __init__(self, records: Records, clock: Clock, places: Sequence[str]) -> None:
        self.records = records
        self.clock = clock
        self.places = tuple(places)
        self.reader = self.another_reader()
        self.devices = OurDevices(
            records=records,
            sealer=SEALER,
            authority=AUTHORITY,
            lists=places,
            lists_live=LIVES,
            shown_for=SHOWN_FOR,
        )

    def another_reader(self, authority: DeviceAuthority = AUTHORITY) -> ListReader:
        return ListReader(
            records=self.records,
            authority=authority,
            places=self.places,
            fetch_every=EVERY,
            lives=LIVES,
            clock=self.clock,
        )

    async def look(self, after: timedelta = timedelta()) -> None:
        self.clock.at += after
        await self.reader.look()

    async def judged(self, computer: Computer) -> Refusal | str:
        found = await self.devices.judge(computer.der, self.clock.at)
        return found.why if isinstance(found, NotOurs) else found.name

    async def states(self) -> list[ListState]:
        return await self.records.read(lambda unit: unit.revocation_lists.states())

    async def events(self) -> list[str]:
        latest = await self.records.read(lambda unit: unit.audit.latest(50))
        return [each.name for each in latest][::-1]


@asynccontextmanager
async def desk(database_url: str, *places: str) -> AsyncIterator[Desk]:
    clock = Clock()
    records = await open_records(database_url, clock=clock)
    try:
        yield Desk(records, clock, places)
    finally:
        await records.close()


@asynccontextmanager
async def served(answers: list[bytes]) -> AsyncIterator[str]:
    """Serve the first of `answers`, with its first lines, at an address."""

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers[0])
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(meet, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/devices.crl"
    finally:
        await stop_listening(listening)


def answer(content: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content


async def test_a_computer_that_the_list_names_is_ours_no_more_within_a_minute(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "devices.crl"
    file.write_bytes(ISSUER.revoking())
    async with desk(database_url, str(file)) as here:
        assert await here.judged(LOST) is Refusal.NO_LIST  # nobody has read it yet
        await here.look(timedelta(seconds=15))
        assert await here.judged(LOST) == "lost.region.example"
        shown = await here.devices.judge(LOST.der, here.clock.at)
        assert isinstance(shown, ShownDevice)
        file.write_bytes(ISSUER.revoking(LOST))
        await here.look(timedelta(seconds=20))
        here.clock.move(seconds=15)
        assert await here.devices.still(shown, here.clock.at) is None
        assert await here.judged(LOST) is Refusal.REVOKED
        assert await here.judged(PC) == "pc-1234.region.example"
        assert await here.events() == []


async def test_a_list_at_an_address_is_fetched_in_its_time(database_url: str) -> None:
    answers = [answer(ISSUER.revoking())]
    async with served(answers) as place, desk(database_url, place) as here:
        await here.look()
        here.clock.move(seconds=15)
        assert await here.judged(LOST) == "lost.region.example"
        answers[0] = answer(ISSUER.revoking(LOST))
        await here.look(timedelta(minutes=9))
        assert await here.judged(LOST) == "lost.region.example"
        await here.look(timedelta(minutes=1))
        here.clock.move(seconds=15)
        assert await here.judged(LOST) is Refusal.REVOKED


async def test_another_process_reads_no_list_that_was_read_just_now(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "devices.crl"
    file.write_bytes(ISSUER.revoking())
    async with desk(database_url, str(file)) as here:
        await here.look()
        file.write_bytes(ISSUER.revoking(LOST))
        before = await here.states()
        await here.another_reader().look()
        assert await here.states() == before


async def test_a_list_that_cannot_be_read_counts_for_its_time_and_then_is_told_of_once(
    database_url: str,
) -> None:
    answers = [answer(ISSUER.revoking(lives=timedelta(days=30)))]
    async with served(answers) as place, desk(database_url, place) as here:
        await here.look()
        answers[0] = answer(b"", "503 Service Unavailable")
        await here.look(LIVES - timedelta(seconds=1))
        assert await here.judged(PC) == "pc-1234.region.example"
        assert await here.events() == []
        assert (await here.states())[0].trouble == "cannot be fetched: the answer is 503"
        for _ in range(3):
            await here.look(timedelta(seconds=20))
        assert await here.judged(PC) is Refusal.NO_LIST
        assert await here.events() == ["alarm.device_list_overdue"]
        answers[0] = answer(ISSUER.revoking(lives=timedelta(days=30)))
        for _ in range(2):
            await here.look(EVERY)
        assert await here.judged(PC) == "pc-1234.region.example"
        assert await here.events() == ["alarm.device_list_overdue", "our_device.list_back"]


async def test_a_list_past_its_own_end_counts_no_more_though_it_is_read(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "devices.crl"
    file.write_bytes(ISSUER.revoking(begins=START, lives=timedelta(hours=1)))
    async with desk(database_url, str(file)) as here:
        await here.look()
        here.clock.move(seconds=15)
        assert await here.judged(PC) == "pc-1234.region.example"
        await here.look(timedelta(hours=1))
        assert await here.judged(PC) is Refusal.NO_LIST
        assert await here.events() == ["alarm.device_list_overdue"]


async def test_an_older_list_of_the_authority_does_not_replace_a_newer_one(
    database_url: str,
) -> None:
    """Over http anybody on the way can send an old list again, with its good signature."""
    answers = [answer(ISSUER.revoking(LOST))]
    async with served(answers) as place, desk(database_url, place) as here:
        await here.look()
        answers[0] = answer(ISSUER.revoking(begins=START - DAY))
        await here.look(EVERY)
        assert (await here.states())[0].trouble == "is older than the one before"
        assert await here.judged(LOST) is Refusal.REVOKED


async def test_what_is_no_list_of_the_authority_is_not_kept(
    database_url: str, tmp_path: Path
) -> None:
    stranger_list = DeviceIssuer("Någon annan", now=START).revoking()
    answers = [answer(stranger_list)]
    gone = tmp_path / "gone.crl"
    async with (
        served(answers) as place,
        stranger(GARBAGE) as garbage,
        desk(database_url, place, str(gone), odd := garbage.url.replace("ldaps", "http")) as here,
    ):
        await here.look()
        found = {each.place: each for each in await here.states()}
        assert all(each.read_at is None and not each.mark for each in found.values())
        assert found[place].trouble == "is not signed by an authority of ours"
        assert found[str(gone)].trouble == "cannot be read: No such file or directory"
        assert found[odd].trouble.startswith("cannot be fetched")
        assert await here.judged(PC) is Refusal.NO_LIST
        assert await here.events() == ["alarm.device_list_overdue"] * 3


async def test_a_list_without_end_is_not_read_to_its_end(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = ISSUER.revoking(*[LOST] * 40)
    monkeypatch.setattr(background_devices, "LARGEST", len(content) - 1)
    file = tmp_path / "devices.crl"
    file.write_bytes(content)
    async with served([answer(content)]) as place, desk(database_url, place, str(file)) as here:
        await here.look()
        found = {each.place: each.trouble for each in await here.states()}
        assert found[place] == "cannot be fetched: the answer is over 1 kB"
        assert found[str(file)] == "is over 0 MB"


async def test_what_was_kept_of_an_authority_that_is_ours_no_more_counts_no_more(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "devices.crl"
    file.write_bytes(ISSUER.revoking())
    async with desk(database_url, str(file)) as here:
        await here.look()
        here.clock.move(seconds=15)
        shown = await here.devices.judge(PC.der, here.clock.at)
        assert isinstance(shown, ShownDevice)
        other = DeviceIssuer("Nya enheter", now=START)
        new = OurDevices(
            records=here.records,
            sealer=SEALER,
            authority=DeviceAuthority.read(other.pem),
            lists=here.places,
            lists_live=LIVES,
            shown_for=SHOWN_FOR,
        )
        assert await here.devices.still(shown, here.clock.at) == shown
        assert await new.still(shown, here.clock.at) is None
        await here.another_reader(DeviceAuthority.read(other.pem)).look()
        assert await here.events() == ["alarm.device_list_overdue"]


async def test_what_was_shown_counts_for_its_time_and_not_after_the_certificates_end(
    database_url: str,
) -> None:
    brief = ISSUER.computer("brief", begins=START, ends=START + timedelta(minutes=5))
    async with desk(database_url) as here:
        for computer, lives in ((PC, SHOWN_FOR), (brief, timedelta(minutes=5))):
            shown = await here.devices.judge(computer.der, START)
            assert isinstance(shown, ShownDevice)
            last = START + lives - timedelta(seconds=1)
            assert await here.devices.still(shown, last) == shown
            assert await here.devices.still(shown, START + lives) is None
            assert await here.devices.still(shown, START - timedelta(seconds=1)) is None
        assert await here.devices.still(None, START) is None


async def test_what_a_cookie_says_counts_in_its_own_browser_only(database_url: str) -> None:
    mine, other = b"m" * 32, b"o" * 32
    async with desk(database_url) as here:
        shown = await here.devices.judge(PC.der, START)
        assert isinstance(shown, ShownDevice)
        cookie = here.devices.cookie(shown, mine)
        assert await here.devices.of_cookie(cookie, mine, START) == shown
        assert await here.devices.of_cookie(cookie, other, START) is None
        assert await here.devices.of_cookie(cookie, None, START) is None
        assert await here.devices.of_cookie(None, mine, START) is None
        for broken in ("", "ö", "A", cookie[:-4], cookie + "AAAA", "A" * 4000):
            assert await here.devices.of_cookie(broken, mine, START) is None
        assert await here.devices.of_cookie(cookie, mine, START + SHOWN_FOR) is None


async def test_what_is_measured_tells_how_old_a_list_is_and_whether_it_is_overdue(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "devices.crl"
    gone = str(tmp_path / "gone.crl")
    file.write_bytes(ISSUER.revoking())
    async with desk(database_url, str(file), gone) as here:
        await here.look()
        now = START + timedelta(seconds=90)

        async def told(unit: Unit) -> list[Numbers]:
            return [*await DEVICE_LISTS.read(unit, now)]

        assert await here.records.read(told) == [
            {(str(file),): 90.0},
            {(str(file),): 0.0, (gone,): 1.0},
        ]


async def kept(records: Records) -> bool:
    states = await records.read(lambda unit: unit.revocation_lists.states())
    return any(each.mark for each in states)


async def test_the_worker_reads_what_the_settings_name(database_url: str, tmp_path: Path) -> None:
    given = office_settings(database_url)
    authority, file = tmp_path / "ca.pem", tmp_path / "devices.crl"
    authority.write_bytes(ISSUER.pem)
    file.write_bytes(ISSUER.revoking())
    clock = Clock()
    records = await open_records(database_url, clock=clock)
    try:
        assert reading_lists(given, records, clock) == []
        named = Devices(authority_file=str(authority), revocation_lists=(str(file),))
        [step] = reading_lists(replace(given, devices=named), records, clock)
        task = asyncio.ensure_future(step())
        async with asyncio.timeout(10):
            while not await kept(records):  # noqa: ASYNC110 - another task writes it
                await asyncio.sleep(0.01)
        task.cancel()
    finally:
        await records.close()
