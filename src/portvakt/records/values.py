"""Between what the core has and what a column holds."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from portvakt.core.assurance import Evidence
from portvakt.core.our_devices import ShownDevice
from portvakt.core.risk import Looked

T = TypeVar("T")
PART: Final = 1_000
"""Rows in one statement of bulk work: enough to share its cost, few enough to stay small."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_EVIDENCE: Final = msgspec.json.Decoder(tuple[Evidence, ...])
_DEVICE: Final = msgspec.json.Decoder(ShownDevice)
_LOOKED: Final = msgspec.json.Decoder(Looked)
_STRINGS: Final = msgspec.json.Decoder(list[str])


def ms(at: datetime) -> int:
    """Return milliseconds since 1970; `at` must be aware."""
    return (at - _EPOCH) // _MS


def sortable(at: datetime) -> str:
    """Return `ms` as text that sorts as the instants do, for facts in `meta`."""
    return f"{ms(at):015}"


def span_ms(span: timedelta) -> int:
    """Return the milliseconds in a span of time."""
    return span // _MS


def optional_ms(at: datetime | None) -> int | None:
    """Return `ms` of an instant that may be missing."""
    return None if at is None else ms(at)


def instant(stored: int) -> datetime:
    """Return the aware datetime of a stored instant."""
    return _EPOCH + stored * _MS


def optional_instant(stored: int | None) -> datetime | None:
    """Return `instant` of a column that may be NULL."""
    return None if stored is None else instant(stored)


def optional_date(stored: str | None) -> date | None:
    """Read a date that may be NULL."""
    return None if stored is None else date.fromisoformat(stored)


def to_json(value: Any) -> str:
    """Write dataclasses and plain values; the same value gives the same text."""
    return _ENCODER.encode(value).decode()


def strings(stored: str) -> list[str]:
    """Read a JSON array of strings."""
    return _STRINGS.decode(stored)


def evidence(stored: str) -> tuple[Evidence, ...]:
    """Read what `to_json` wrote of evidence."""
    return _EVIDENCE.decode(stored)


def shown_device(stored: str | bytes) -> ShownDevice:
    """Read what `to_json` wrote of a device. Raises `msgspec.MsgspecError`."""
    return _DEVICE.decode(stored)


def looked(stored: str | None) -> Looked | None:
    """Read what `to_json` wrote of what was found in a sign-in; None where nobody has looked."""
    return None if stored is None else _LOOKED.decode(stored)


def parts(rows: Iterable[T]) -> Iterator[list[T]]:
    """Cut bulk work into pieces of PART rows."""
    part: list[T] = []
    for row in rows:
        part.append(row)
        if len(part) == PART:
            yield part
            part = []
    if part:
        yield part
