"""Reads the lists of device certificates that no longer count, and tells where one is overdue.

Any process may look: what one takes no other gets for a while. A list replaces the one before only
if an authority of ours signed it and it is not older. What comes of it is for
`proving.our_devices`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog

from portvakt.core.event import Event
from portvakt.core.events import DeviceListBack, DeviceListOverdue
from portvakt.crypto.device_certificates import BadListError, DeviceAuthority, RevocationList
from portvakt.proving.our_devices import ParsedLists, as_read
from portvakt.records import Records, Unit
from portvakt.settings import Settings
from portvakt.settings.device_checks import is_address
from portvakt.settings.structs import span
from portvakt.wire.addresses import Destination
from portvakt.wire.http import Answer, HttpClient

Clock = Callable[[], datetime]

LOOKS_EVERY: Final = 5.0
"""Seconds between two looks."""
FILES_EVERY: Final = timedelta(seconds=15)
TIME_OUT: Final = 30.0
"""Seconds for one list."""
LARGEST: Final = 32 * 1024 * 1024
_FINE: Final = 200
_BY_WORKER: Final = "worker"

_log = structlog.get_logger("portvakt.devices")


class ListReader:
    """Reads lists where the settings say that they are."""

    def __init__(
        self,
        *,
        records: Records,
        authority: DeviceAuthority,
        places: Iterable[str],
        fetch_every: timedelta,
        lives: timedelta,
        clock: Clock,
    ) -> None:
        """`lives` is for how long a list counts after it was last read at its place."""
        self._records = records
        self._authority = authority
        self._places = tuple(places)
        self._every = {
            each: fetch_every if is_address(each) else FILES_EVERY for each in self._places
        }
        self._lives = lives
        self._clock = clock
        found = [Destination.of_url(each, private=True) for each in places if is_address(each)]
        self._http = HttpClient(found, time_out=TIME_OUT, most=LARGEST)
        self._parsed = ParsedLists(records, authority)
        self._begun = False

    async def step(self) -> None:
        """Look, then wait a while."""
        await self.look()
        await asyncio.sleep(LOOKS_EVERY)

    async def look(self) -> None:
        """Read what is due, and tell what has not been told yet."""
        if not self._begun:
            await self._records.write_one(lambda unit: unit.revocation_lists.only(self._places))
            self._begun = True
        for place in self._places:
            now = self._clock()
            before = now - self._every[place]
            if await self._records.write_one(
                lambda unit, p=place, n=now, b=before: unit.revocation_lists.claim(p, n, b)
            ):
                await self._read(place)
        await self._tell()

    async def _read(self, place: str) -> None:
        """Read one, judge it, and write down what came of it."""
        states = await self._records.read(lambda unit: unit.revocation_lists.states())
        state = next((each for each in states if each.place == place), None)
        if state is None:
            return  # another process has other settings
        kept = await self._parsed.of(state)
        try:
            content = await self._content(place)
            await self._judge(content, kept)
        except BadListError as error:
            why = str(error)
            _log.warning("devices.list_not_read", place=place, why=why)
            await self._records.write_one(lambda unit: unit.revocation_lists.trouble(place, why))
            return
        now, mark = self._clock(), sha256(content).hexdigest()
        if kept is not None and state.mark == mark:
            await self._records.write_one(lambda unit: unit.revocation_lists.same(place, now))
            return
        await self._records.write_one(
            lambda unit: unit.revocation_lists.keep(place, content, mark, now)
        )

    async def _judge(self, content: bytes, kept: RevocationList | None) -> None:
        """Hold what was read against the authority, and the one before. Raises `BadListError`."""
        found = await asyncio.to_thread(self._authority.read_list, content)
        if kept is not None and found.begins < kept.begins:
            raise BadListError("is older than the one before")

    async def _content(self, place: str) -> bytes:
        """Fetch it as it is. Raises `BadListError` where there is nothing."""
        if not is_address(place):
            return await asyncio.to_thread(_of_file, place)
        answer = await self._http.send("GET", place, headers={"Accept": "*/*"})
        if not isinstance(answer, Answer):
            raise BadListError(f"cannot be fetched: {answer.why}")
        if answer.status != _FINE:
            raise BadListError(f"cannot be fetched: the answer is {answer.status}")
        return answer.body

    async def _tell(self) -> None:
        """Write an event where a list has ceased to count, or counts again; once."""
        now = self._clock()
        states = await self._records.read(lambda unit: unit.revocation_lists.states())
        for state in states:
            found = await self._parsed.of(state)
            kept = None if found is None else as_read(found, state.read_at, self._lives)
            overdue = kept is None or not kept.counts(now)
            if overdue == state.overdue:
                continue
            event: Event
            if overdue:
                event = DeviceListOverdue(
                    at=now, actor=_BY_WORKER, place=state.place, why=state.trouble
                )
            else:
                event = DeviceListBack(at=now, actor=_BY_WORKER, place=state.place)
            if await self._records.write(
                lambda unit, s=state, o=overdue, e=event: _told(unit, s.place, e, overdue=o)
            ):
                _log.warning(event.name, place=state.place)
        self._parsed.keep(states)


async def _told(unit: Unit, place: str, event: Event, *, overdue: bool) -> bool:
    if not await unit.revocation_lists.tell(place, overdue=overdue):
        return False
    await unit.audit.write(event)
    return True


def _of_file(place: str) -> bytes:
    try:
        with Path(place).open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise BadListError(f"cannot be read: {error.strerror}") from error
    if len(content) > LARGEST:
        raise BadListError(f"is over {LARGEST // 1024 // 1024} MB")
    return content


def reading_lists(
    settings: Settings, records: Records, clock: Clock
) -> list[Callable[[], Awaitable[None]]]:
    """Return the step that reads; none where the settings have no lists."""
    ours = settings.devices
    if ours.authority_file is None or not ours.revocation_lists:
        return []
    reader = ListReader(
        records=records,
        authority=DeviceAuthority.read(Path(ours.authority_file).read_bytes()),
        places=ours.revocation_lists,
        fetch_every=span(ours.fetch_every),
        lives=span(ours.lists_count_for),
        clock=clock,
    )
    return [reader.step]
