"""A look at a device: the ticket, the certificate, the answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from portvakt.core.events import OurDeviceRefused
from portvakt.core.ids import SessionId
from portvakt.core.our_devices import ShownDevice
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer
from portvakt.journeys.know_device.letters import (
    Answer,
    Ticket,
    read_answer,
    read_ticket,
    write_answer,
    write_ticket,
)
from portvakt.proving.our_devices import NotOurs, OurDevices
from portvakt.proving.visit import Visit
from portvakt.records.unit import Records, Unit

LETTER_LIVES: Final = timedelta(minutes=1)
"""How long a ticket, or an answer, is on its way at most: somebody may choose a certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A request at the host where the proxy asks for a certificate."""

    now: datetime
    address: str | None
    request_id: str


@dataclass(frozen=True, slots=True)
class Looked:
    """The device was looked at, or could not be: what the browser brings back."""

    answer: str
    by_script: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What a browser has brought back counts, whether its device is ours or not."""

    device: ShownDevice | None
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowDevice:
    """The acts of this journey."""

    records: Records
    devices: OurDevices
    sealer: Sealer
    random: Random

    def ticket(self, to: str, visit: Visit, *, by_script: bool) -> str:
        """Let this browser's device be looked at."""
        ticket = Ticket(
            id=self.random.id(),
            binding=visit.binding.hex(),
            to=to,
            by_script=by_script,
            until=visit.now + LETTER_LIVES,
        )
        return write_ticket(self.sealer, ticket)

    async def look(self, ticket: str, certificate: bytes | None, came: Came) -> Looked | None:
        """Judge what the device shows; None without a ticket that counts.

        A ticket with which a certificate was shown is spent. Raises RecordsUnavailable.
        """
        found = read_ticket(self.sealer, ticket, came.now)
        if found is None:
            return None
        shown = await self._judge(found, certificate, came)
        answer = Answer(
            id=self.random.id(), device=shown, to=found.to, until=came.now + LETTER_LIVES
        )
        return Looked(write_answer(self.sealer, answer, found.binding), found.by_script)

    async def _judge(
        self, ticket: Ticket, certificate: bytes | None, came: Came
    ) -> ShownDevice | None:
        if certificate is None:
            return None
        judged = await self.devices.judge(certificate, came.now)
        refused = _refused(judged, came) if isinstance(judged, NotOurs) else None

        async def act(unit: Unit) -> bool:
            if not await unit.seen_ids.spend(_hash(ticket.id), ticket.until):
                return False
            if refused is not None:
                await unit.audit.write(refused)
            return True

        first = await self.records.write(act)
        return judged if first and isinstance(judged, ShownDevice) else None

    async def told(self, answer: str, session: SessionId | None, visit: Visit) -> Told | None:
        """Take an answer in, once; what it says is kept with the session, if there is one.

        None for what is no answer for this browser any more. Raises RecordsUnavailable.
        """
        found = read_answer(self.sealer, answer, visit.binding.hex(), visit.now)
        if found is None:
            return None
        device = await self.devices.still(found.device, visit.now)
        if device is None:
            return Told(None, found.to)
        shown, ends = device, found.until

        async def act(unit: Unit) -> bool:
            if not await unit.seen_ids.spend(_hash(found.id), ends):
                return False
            if session is not None:
                await unit.sessions.show_device(session, shown)
            return True

        return Told(device, found.to) if await self.records.write(act) else None


def _refused(judged: NotOurs, came: Came) -> OurDeviceRefused:
    return OurDeviceRefused(
        at=came.now,
        request_id=came.request_id,
        address=came.address,
        why=judged.why,
        device=judged.device,
        serial=judged.serial,
    )


def _hash(id_: str) -> bytes:
    return sha256(f"our_device:{id_}".encode()).digest()
