"""The chain over the audit trail: what is computed over each event, and over each batch of them.

An event has a fixed part and a personal part. Of the personal part only a salted digest goes into
the event's MAC, so that it can be erased, with its salt, and the MAC still be verified: a mark of
ours with the digest stands in its place. A batch carries the MACs of its events in order, and a
link over them and the link of the batch before. HMAC-SHA256 (RFC 2104) under a key that is not in
the database: whoever can write to the database can make none of this.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MAC_BYTES = 32
_NULL = b"\xff\xff\xff\xff"
"""In place of the length of a part that is missing: no part is as long as that."""


@dataclass(frozen=True, slots=True)
class ChainKeys:
    """The keys by their ids; `current` seals."""

    current: str
    by_id: Mapping[str, bytes] = field(repr=False)


class Entry(NamedTuple):
    """One event as the chain sees it. Instants are stored ms; `detail` is the stored text."""

    id: int
    at: int
    name: str
    actor: str
    request_id: str | None
    detail: str
    digest: bytes
    """Of the personal part (`personal_digest`); empty where it was erased, and not by us."""


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a chain, or a part of it, ends."""

    number: int
    """Of the last batch."""
    last: int
    """The place of its last event; as they count from 1, also how many there have been."""
    link: bytes


START = Tip(0, 0, bytes(MAC_BYTES))
"""What the first batch follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some events that were sealed together. Instants are ms."""

    number: int
    first: int
    count: int
    latest_at: int
    """When the latest of its events happened."""
    sealed_at: int
    key_id: str
    previous: bytes
    macs: bytes
    link: bytes

    @property
    def tip(self) -> Tip:
        """Where the chain ends with this batch."""
        return Tip(self.number, self.first + self.count - 1, self.link)

    def mac(self, seq: int) -> bytes:
        """Return the MAC of the event at this place."""
        start = (seq - self.first) * MAC_BYTES
        return self.macs[start : start + MAC_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """The mark that everything up to `tip` was old enough, and removed by us."""

    tip: Tip
    removed_at: int
    key_id: str
    mac: bytes


def personal_digest(salt: str | None, *parts: str | None) -> bytes:
    """Return the digest of what an event tells of a person: account, address, fields, trace."""
    return hashlib.sha256(_joined("personal", salt, *parts)).digest()


def entry_mac(key: bytes, seq: int, entry: Entry) -> bytes:
    """Return the MAC of an event at its place in the chain."""
    fixed = _joined(
        "entry",
        str(seq),
        str(entry.id),
        str(entry.at),
        entry.name,
        entry.actor,
        entry.request_id,
        entry.detail,
    )
    return hmac.digest(key, fixed + entry.digest, "sha256")


def sealed(keys: ChainKeys, after: Tip, entries: Sequence[Entry], sealed_at: int) -> Batch:
    """Return the batch that follows `after` with these events, of which there is at least one."""
    key, first = keys.by_id[keys.current], after.last + 1
    macs = b"".join(entry_mac(key, seq, each) for seq, each in enumerate(entries, start=first))
    number, latest_at = after.number + 1, max(each.at for each in entries)
    count, key_id, previous = len(entries), keys.current, after.link
    return Batch(
        number=number,
        first=first,
        count=count,
        latest_at=latest_at,
        sealed_at=sealed_at,
        key_id=key_id,
        previous=previous,
        macs=macs,
        link=_link(key, (number, first, count, latest_at, sealed_at), key_id, previous, macs),
    )


def is_linked(key: bytes, batch: Batch) -> bool:
    """Say whether a batch carries the link that we gave it; all its columns are under it."""
    numbers = (batch.number, batch.first, batch.count, batch.latest_at, batch.sealed_at)
    link = _link(key, numbers, batch.key_id, batch.previous, batch.macs)
    return hmac.compare_digest(link, batch.link)


def _link(key: bytes, numbers: tuple[int, ...], key_id: str, previous: bytes, macs: bytes) -> bytes:
    head = _joined("batch", *map(str, numbers), key_id, previous.hex())
    return hmac.digest(key, head + hashlib.sha256(macs).digest(), "sha256")


def erasure(keys: ChainKeys, id_: int, digest: bytes) -> str:
    """Return the mark that stands in the place of an event's personal part when it is erased."""
    mac = _erasure_mac(keys.by_id[keys.current], id_, digest)
    return f"{keys.current}:{base64.b64encode(digest + mac).decode()}"


def erased_digest(keys: ChainKeys, id_: int, mark: str) -> bytes:
    """Return the digest of a personal part that was erased; empty where the mark is not ours."""
    key_id, _, encoded = mark.partition(":")
    key = keys.by_id.get(key_id)
    try:
        both = base64.b64decode(encoded, validate=True)
    except ValueError:
        return b""
    digest, mac = both[:MAC_BYTES], both[MAC_BYTES:]
    if key is None or not hmac.compare_digest(mac, _erasure_mac(key, id_, digest)):
        return b""
    return digest


def _erasure_mac(key: bytes, id_: int, digest: bytes) -> bytes:
    return hmac.digest(key, _joined("erased", str(id_)) + digest, "sha256")


def removal(keys: ChainKeys, tip: Tip, removed_at: int) -> Removal:
    """Return the mark that everything up to `tip` is removed."""
    mac = _removal_mac(keys.by_id[keys.current], tip, removed_at)
    return Removal(tip=tip, removed_at=removed_at, key_id=keys.current, mac=mac)


def is_ours(keys: ChainKeys, mark: Removal) -> bool:
    """Say whether a removal was marked by us."""
    key = keys.by_id.get(mark.key_id)
    return key is not None and hmac.compare_digest(
        mark.mac, _removal_mac(key, mark.tip, mark.removed_at)
    )


def _removal_mac(key: bytes, tip: Tip, removed_at: int) -> bytes:
    words = (str(tip.number), str(tip.last), tip.link.hex(), str(removed_at))
    return hmac.digest(key, _joined("removed", *words), "sha256")


def _joined(*parts: str | None) -> bytes:
    """Join so that no two lists of parts give the same bytes: each part carries its length."""
    out: list[bytes] = []
    for part in parts:
        if part is None:
            out.append(_NULL)
        else:
            encoded = str(part).encode()  # whatever SQLite lets stand in a column of texts
            out += (len(encoded).to_bytes(4, "big"), encoded)
    return b"".join(out)
