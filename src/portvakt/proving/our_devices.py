"""Whether what a browser has shown of its device makes it ours now (ADR 55).

What was shown is kept sealed in a cookie of the browser, and with its session. Every use asks here:
the authority, the certificate's end and the lists of revoked ones are held against it each time, so
that a computer that is reported stolen is nobody's within a minute.
"""

import asyncio
import base64
import binascii
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec

from portvakt.core.asking import Require, parts_of
from portvakt.core.ids import NetworkId
from portvakt.core.our_devices import Refusal, ShownDevice, counts, is_stale
from portvakt.core.policy import Rule
from portvakt.core.signals import Device
from portvakt.crypto.device_certificates import (
    BadListError,
    DeviceAuthority,
    RevocationList,
    revoked,
)
from portvakt.crypto.sealing import Sealer, SealError
from portvakt.records.revocation_lists import ListState
from portvakt.records.unit import Records
from portvakt.records.values import shown_device, to_json

LOOKED: Final = timedelta(seconds=15)
"""How long a process may go on with lists that another has read anew (rule R27: a minute)."""
_PLACE: Final = {"table": "sessions", "column": "our_device"}
_LONGEST: Final = 2048


def as_read(
    found: RevocationList, read_at: datetime | None, lives: timedelta
) -> RevocationList | None:
    """Return a list with its end where it was read last too long ago; None if it never was."""
    if read_at is None:
        return None
    return replace(found, ends=min(found.ends, read_at + lives))


def asks_whose(rule: Rule) -> bool:
    """Say whether a rule looks at, or asks for, the device."""
    named = rule.when.devices | rule.when.devices_not
    return bool(named) or Require.OUR_DEVICE in parts_of(rule.require)


def matters(rules: Iterable[Rule], networks: AbstractSet[NetworkId]) -> bool:
    """Say whether any of these rules asks, on these networks, whose device it is."""
    return any(
        asks_whose(each)
        and (not each.when.networks or each.when.networks & networks)
        and not each.when.networks_not & networks
        for each in rules
    )


class ParsedLists:
    """Lists that are kept, each taken apart once."""

    def __init__(self, records: Records, authority: DeviceAuthority) -> None:
        self._records = records
        self._authority = authority
        self._by_mark: dict[str, RevocationList] = {}

    async def of(self, state: ListState) -> RevocationList | None:
        """Return a list; None where none was read, or of an authority that is ours no more."""
        if state.mark and state.mark not in self._by_mark:
            content = await self._records.read(
                lambda unit: unit.revocation_lists.content(state.place)
            )
            try:
                found = await asyncio.to_thread(self._authority.read_list, content or b"")
            except BadListError:
                return None
            self._by_mark[state.mark] = found
        return self._by_mark.get(state.mark)

    def keep(self, states: Iterable[ListState]) -> None:
        """Forget all others."""
        marks = {state.mark for state in states}
        self._by_mark = {mark: each for mark, each in self._by_mark.items() if mark in marks}


@dataclass(frozen=True, slots=True)
class NotOurs:
    """A certificate that does not make a device ours, and what is known of it."""

    why: Refusal
    device: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True)
class KnownDevices:
    """Whose certificates count, and which of them are on a list, at one moment."""

    authorities: AbstractSet[str]
    lists: tuple[RevocationList, ...] | None
    """None where nothing is held against any."""

    def whose(self, shown: ShownDevice | None, now: datetime) -> Device:
        """Say whose the device is; it is nobody's without proof, and where no list would tell."""
        if shown is None or not shown.at <= now < shown.ends:
            return Device.OTHER
        if shown.authority not in self.authorities:
            return Device.OTHER
        if self.lists is not None and revoked(shown, self.lists, now) is not None:
            return Device.OTHER
        return Device.OURS


NO_DEVICES: Final = KnownDevices(frozenset(), ())
"""Where nothing says how ours are known."""


class OurDevices:
    """Knows the authority, and the lists as they were last read."""

    def __init__(
        self,
        *,
        records: Records,
        sealer: Sealer,
        authority: DeviceAuthority,
        lists: Iterable[str],
        lists_live: timedelta,
        shown_for: timedelta,
    ) -> None:
        """Take the places of the lists; where there are none, nothing is held against any."""
        self._records = records
        self._sealer = sealer
        self._authority = authority
        self._places = frozenset(lists)
        self._lists_live = lists_live
        self._shown_for = shown_for
        self._parsed = ParsedLists(records, authority)
        self._looked: tuple[datetime, tuple[RevocationList, ...]] | None = None

    @property
    def shown_for(self) -> timedelta:
        """Return how long what was shown counts in a browser."""
        return self._shown_for

    def is_stale(self, shown: ShownDevice | None, now: datetime) -> bool:
        """Say whether the device is to be looked at again."""
        return is_stale(shown, now, self._shown_for)

    async def judge(self, der: bytes, now: datetime) -> ShownDevice | NotOurs:
        """Judge a certificate that is being shown. Raises RecordsUnavailable."""
        found = self._authority.look(der, now)
        if isinstance(found, Refusal):
            return NotOurs(found)
        lists = await self._lists(now)
        why = revoked(found, lists, now) if self._places else None
        if why is not None:
            return NotOurs(why, found.name, found.serial)
        named = {place for each in lists for place in each.places}
        return replace(found, places=tuple(each for each in found.places if each in named))

    async def still(self, shown: ShownDevice | None, now: datetime) -> ShownDevice | None:
        """Return what was shown if it counts now, else None. Raises RecordsUnavailable."""
        if shown is None or not counts(shown, now, self._shown_for):
            return None
        return shown if await self.whose(shown, now) is Device.OURS else None

    async def whose(self, shown: ShownDevice | None, now: datetime) -> Device:
        """Say whose a device is today that showed itself once, however long ago that was.

        For what cannot show it again: the calls of an app. Raises RecordsUnavailable.
        """
        return (await self.known(now)).whose(shown, now)

    async def known(self, now: datetime) -> "KnownDevices":
        """Return what is known now, for an act that can wait for nothing else."""
        lists = await self._lists(now) if self._places else None
        return KnownDevices(self._authority.keys, lists)

    def cookie(self, shown: ShownDevice, binding: bytes) -> str:
        """Write what was shown for the browser whose binding has this digest, and no other."""
        sealed = self._sealer.seal(to_json(shown).encode(), **_PLACE, row=binding.hex())
        return base64.urlsafe_b64encode(sealed).decode("ascii").rstrip("=")

    async def of_cookie(
        self, cookie: str | None, binding: bytes | None, now: datetime
    ) -> ShownDevice | None:
        """Read what `cookie` wrote, if it counts now, in the browser that it was written for."""
        if cookie is None or binding is None or len(cookie) > _LONGEST:
            return None
        try:
            sealed = base64.b64decode(cookie + "=" * (-len(cookie) % 4), b"-_", validate=True)
            shown = shown_device(self._sealer.open(sealed, **_PLACE, row=binding.hex()))
        except (binascii.Error, ValueError, SealError, msgspec.MsgspecError):
            return None
        return await self.still(shown, now)

    async def _lists(self, now: datetime) -> tuple[RevocationList, ...]:
        """Return every list that was read, with its end; what is in it is taken apart once."""
        if self._looked is not None and timedelta() <= now - self._looked[0] < LOOKED:
            return self._looked[1]
        if not self._places:
            return ()
        states = await self._records.read(lambda unit: unit.revocation_lists.states())
        found = [
            as_read(each, state.read_at, self._lists_live)
            for state in states
            if state.place in self._places and (each := await self._parsed.of(state)) is not None
        ]
        lists = tuple(each for each in found if each is not None)
        self._looked = (now, lists)
        self._parsed.keep(states)
        return lists
