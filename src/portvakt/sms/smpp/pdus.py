"""SMPP 3.4's protocol data units as bytes, by the library's own code; nothing here knows a socket.

Only what the wire looks like is taken from `smpplib`. Its client writes what it sends, texts and
numbers, to a log, blocks, and checks no certificate (ADR 32).
"""

import struct
from dataclasses import dataclass, field
from typing import Any, Final

from smpplib import command, command_codes, consts, exceptions
from smpplib.smpp import make_pdu

LENGTH: Final = 4
HEADER: Final = 16
"""Octets of the head: its length first, then command, status and sequence number."""
LARGEST: Final = 64 * 1024
LAST_SEQUENCE: Final = 0x7FFFFFFF

OK: Final = 0x00
INVALID_COMMAND: Final = 0x03
TEMPORARY: Final = 0x64
"""Values of `command_status` that we answer with (section 5.1.3)."""


class BadPduError(ValueError):
    """What came is no PDU of SMPP 3.4."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One that came. `delivered` is there in a `deliver_sm` only."""

    command: str
    status: int
    sequence: int
    message_id: str = ""
    delivered: "Delivered | None" = None

    @property
    def is_answer(self) -> bool:
        """Say whether it answers something of ours."""
        return self.command.endswith("_resp") or self.command == "generic_nack"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a `deliver_sm` holds of what we read: a receipt, or somebody's text to us."""

    esm_class: int
    text: bytes = field(repr=False)
    receipted: str
    """The parameter `receipted_message_id`, or empty."""
    state: int | None
    """The parameter `message_state`."""


class _DeliverSm(command.DeliverSM):  # type: ignore[misc]  # the library has no types
    """Takes an optional text that does not end in a NUL as well, as several centres write it."""

    def _parse_string(
        self, field: str, data: bytes, pos: int, length: int | None = None
    ) -> tuple[bytes, int]:
        if length is None:
            end = data.find(b"\0", pos)
            if end < 0:
                raise BadPduError("a text without its end")
            length = end - pos
            setattr(self, field, data[pos:end])
            return data, end + 1
        setattr(self, field, data[pos : pos + length].rstrip(b"\0"))
        return data, pos + length


def read_length(head: bytes | bytearray) -> int:
    """Return how long the PDU is that begins here, in octets. Raises `BadPduError`."""
    length = int.from_bytes(head[:LENGTH], "big")
    if not HEADER <= length <= LARGEST:
        raise BadPduError("not the length of a PDU")
    return length


def read(raw: bytes) -> Pdu:
    """Take one whole PDU apart. Raises `BadPduError`."""
    _, code, status, sequence = struct.unpack_from(">LLLL", raw)
    try:
        name: str = command_codes.get_command_name(code)
        if name == "deliver_sm":
            found = _DeliverSm(name, sequence=sequence, allow_unknown_opt_params=True)
            found.parse(raw)
            return Pdu(name, status, sequence, delivered=_delivered(found))
        if name != "submit_sm_resp" or len(raw) == HEADER:
            return Pdu(name, status, sequence)
        found = make_pdu(name, sequence=sequence, allow_unknown_opt_params=True)
        found.parse(raw)
        return Pdu(name, status, sequence, _text(found.message_id))
    except exceptions.UnknownCommandError:
        return Pdu("", status, sequence)
    except (struct.error, ValueError, LookupError, TypeError, AttributeError) as error:
        raise BadPduError("cannot be read") from error  # the library checks no lengths


def _delivered(found: Any) -> Delivered:
    text = found.short_message or found.message_payload or b""
    return Delivered(
        found.esm_class, text, _text(found.receipted_message_id or b""), found.message_state
    )


def _text(octets: bytes | None) -> str:
    return (octets or b"").rstrip(b"\0").decode("latin-1")


def bind(sequence: int, *, system_id: str, password: str, system_type: str) -> bytes:
    """Ask to be let in as a transceiver (section 4.1.5)."""
    return _written(
        "bind_transceiver",
        sequence,
        system_id=system_id,
        password=password,
        system_type=system_type,
    )


def submit(sequence: int, **fields: Any) -> bytes:
    """Hand a text in (section 4.4.1); `fields` are named as there."""
    return _written("submit_sm", sequence, **fields)


def request(name: str, sequence: int) -> bytes:
    """Write `enquire_link` or `unbind`."""
    return _written(name, sequence)


def answer(asked: Pdu, status: int = OK) -> bytes:
    """Write the answer to what the centre asked; `generic_nack` to what nobody knows."""
    name = f"{asked.command}_resp"
    known = asked.command in {"deliver_sm", "enquire_link", "unbind"}
    return _written(
        name if known else "generic_nack",
        asked.sequence,
        status=status if known else INVALID_COMMAND,
    )


def _written(name: str, number: int, **fields: Any) -> bytes:
    made = make_pdu(name, sequence=number, **fields)
    made.sequence = number
    raw: bytes = made.generate()
    return raw


def meaning(status: int) -> str:
    """Say a status in the words of the specification."""
    said = consts.DESCRIPTIONS.get(status, "")
    return f"status 0x{status:02X} ({said})" if said else f"status 0x{status:02X}"
