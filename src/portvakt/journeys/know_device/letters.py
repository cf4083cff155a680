"""What a browser carries between our two hosts: sealed, short-lived, and good for itself only.

A ticket goes to the host where the proxy asks for a certificate; an answer comes back. Both say for
which browser they are, by the digest of its binding, and an answer opens for no other.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from portvakt.core.our_devices import ShownDevice
from portvakt.crypto.sealing import Sealer, SealError
from portvakt.records.values import to_json

T = TypeVar("T")
LONGEST: Final = 6 * 1024
"""Characters; an address may be 8 kB."""
_TABLE: Final = "our_devices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """For one look at the device of one browser."""

    id: str
    binding: str
    """SHA-256 of the browser's binding, in hex."""
    to: str
    """Where the person goes on: a local path."""
    by_script: bool
    """Whether the page's script asks, which reads the answer; otherwise the browser is led back."""
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the look has shown."""

    id: str
    device: ShownDevice | None
    """None where it is none of ours."""
    to: str
    until: datetime


_TICKET: Final = msgspec.json.Decoder(Ticket)
_ANSWER: Final = msgspec.json.Decoder(Answer)


def write_ticket(sealer: Sealer, ticket: Ticket) -> str:
    """Seal a ticket, as it stands in an address."""
    return _write(sealer, ticket, "ticket", "")


def read_ticket(sealer: Sealer, text: str, now: datetime) -> Ticket | None:
    """Open a ticket; None for anything that is none any more."""
    found = _read(sealer, text, _TICKET, "ticket", "")
    return found if found is not None and now < found.until else None


def write_answer(sealer: Sealer, answer: Answer, binding: str) -> str:
    """Seal an answer for a browser, as it stands in an address."""
    return _write(sealer, answer, "answer", binding)


def read_answer(sealer: Sealer, text: str, binding: str, now: datetime) -> Answer | None:
    """Open an answer in the browser that it is for; None for anything else."""
    found = _read(sealer, text, _ANSWER, "answer", binding)
    return found if found is not None and now < found.until else None


def _write(sealer: Sealer, what: Ticket | Answer, column: str, row: str) -> str:
    sealed = sealer.seal(to_json(what).encode(), table=_TABLE, column=column, row=row)
    return base64.urlsafe_b64encode(sealed).decode("ascii").rstrip("=")


def _read(
    sealer: Sealer, text: str, decoder: "msgspec.json.Decoder[T]", column: str, row: str
) -> T | None:
    if not text or len(text) > LONGEST:
        return None
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        return decoder.decode(sealer.open(sealed, table=_TABLE, column=column, row=row))
    except (binascii.Error, ValueError, SealError, msgspec.MsgspecError):
        return None
