"""Several text gateways in an order: who is asked, who is asked next, who is left alone.

A gateway that surely did not take a text is followed by the next one at once. Where nobody can say,
a code goes to the same gateway again, which knows the key; only where that one surely does not take
it the second time does another get it, with the same digits. See docs/adr/0033.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from portvakt.plugins import fill
from portvakt.settings.structs import Sms
from portvakt.sms import GatewayConfig, ReceiptReader, SmsGateway, TextMessage
from portvakt.wire.breaker import Breaker
from portvakt.wire.outcomes import Outcome, Refused, Sent, Unknown

FAILURES: Final = 3
"""Failures in a row after which a gateway is left alone."""
LEFT_ALONE: Final = timedelta(seconds=10)
"""How long, before one text tries it again. The only gateway of a number is never left alone."""
ONE_TRY: Final = 8.0
"""Seconds for one try of one gateway: more than any adapter of ours takes by itself."""
ALL_TRIES: Final = 16.0
"""Seconds after which no further gateway is asked: the claim of a message lasts 25."""

Clock = Callable[[], datetime]
Asks = Callable[[str], Awaitable[None]]
"""Keeps which gateway is asked next, before it is asked."""

_log = structlog.get_logger("portvakt.sms")


@dataclass(frozen=True, slots=True)
class Gateway:
    """One `[[sms]]` block, opened: its name, which numbers it is for, and the gateway."""

    name: str
    prefixes: tuple[str, ...]
    sms: SmsGateway


@dataclass(frozen=True, slots=True)
class Handed:
    """What handing a text over came to."""

    outcome: Outcome
    gateway: str | None
    """Which one took it, or may have; None where surely none has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What earlier tries of a text came to."""

    asked: str | None
    """The gateway that was asked last, where it is not the first that the number has."""
    may_have_it: bool
    """Whether that one may have taken it."""
    bound: bool
    """Whether it is a code, which the gateway that may have it is asked about first."""

    @property
    def comes_first(self) -> bool:
        """Whether that gateway is asked before any other, however ill it is."""
        return self.may_have_it and self.bound


class TextGateways:
    """Asks gateways in turn. What it knows of their health it forgets with the process."""

    def __init__(self, gateways: Sequence[Gateway], clock: Clock) -> None:
        """Ask in this order; of several with the same prefix, the first is the usual one."""
        self._gateways = tuple(gateways)
        self._clock = clock
        self._breaker = Breaker(FAILURES, LEFT_ALONE)

    async def send(self, text: TextMessage, holder: Holder, asks: Asks) -> Handed:
        """Hand one text over to the first gateway that takes it.

        Raises what `asks` raises; then nobody further was asked.
        """
        usual = [each for each in self._gateways if text.to.startswith(each.prefixes)]
        if not usual:
            return Handed(Refused("no [[sms]] for this prefix", retry=False), None)
        noted = held = holder.asked or usual[0].name
        order = _order(usual, held) if holder.comes_first else usual
        if not order:
            gone = Refused("the gateway that may have it is not in the settings", retry=False)
            return Handed(gone, held)
        clock = asyncio.get_running_loop().time
        ends, refused = clock() + ALL_TRIES, list[Refused]()
        for gateway in order:
            wait = self._breaker.pause(gateway.name, self._clock())
            needed = len(usual) == 1 or (holder.comes_first and gateway.name == held)
            if wait and not needed:
                why = f"{gateway.name} is left alone for a while"
                refused.append(Refused(why, retry=True, wait=wait))
                continue
            if gateway.name != noted:
                noted = gateway.name
                await asks(noted)
            outcome = await self._try(gateway, text)
            if not isinstance(outcome, Refused):
                return Handed(outcome, gateway.name)
            refused.append(outcome)
            if clock() >= ends:
                break
        return Handed(_of_all(refused), held if holder.may_have_it else None)

    async def close(self) -> None:
        """Close what the gateways keep open."""
        for each in self._gateways:
            await each.sms.close()

    async def _try(self, gateway: Gateway, text: TextMessage) -> Outcome:
        outcome: Outcome = Unknown("no answer in time")
        try:
            async with asyncio.timeout(ONE_TRY):
                outcome = await gateway.sms.send(text)
        except TimeoutError:
            _log.warning("gateway.no_answer_in_time", gateway=gateway.name)
        if isinstance(outcome, Sent) or (isinstance(outcome, Refused) and not outcome.retry):
            self._breaker.well(gateway.name)
            return outcome
        self._breaker.failed(gateway.name, self._clock())
        _log.warning("gateway.not_taken", gateway=gateway.name, why=outcome.reason)
        return outcome


def _order(usual: list[Gateway], held: str) -> list[Gateway]:
    """Put the gateway that may have it first; nobody is asked where the settings lack it now."""
    first = [each for each in usual if each.name == held]
    return first and first + [each for each in usual if each.name != held]


def _of_all(refused: Sequence[Refused]) -> Refused:
    """Make one no of several: it can be tried again where any of them can, and as soon."""
    again = [each for each in refused if each.retry]
    if not again:
        return refused[-1]
    reason = "; ".join(dict.fromkeys(each.reason for each in refused))
    return Refused(reason, retry=True, wait=min(each.wait for each in again))


def gateway_names(blocks: Sequence[Sms]) -> tuple[str, ...]:
    """Name each `[[sms]]` block; one without a name by its adapter, and its place among those."""
    unnamed: Counter[str] = Counter()
    names = []
    for each in blocks:
        if each.name is not None:
            names.append(each.name)
            continue
        unnamed[each.gateway] += 1
        place = unnamed[each.gateway]
        names.append(each.gateway if place == 1 else f"{each.gateway}-{place}")
    return tuple(names)


def receipt_readers(blocks: Sequence[Sms]) -> dict[str, ReceiptReader]:
    """Open what reads receipts that come by HTTP, by name of the gateway. Reaches nothing.

    Raises `portvakt.plugins.AdapterSettingsError`.
    """
    found: dict[str, ReceiptReader] = {}
    for name, each in zip(gateway_names(blocks), blocks, strict=True):
        config: GatewayConfig = fill("portvakt.sms", each.gateway, each.options)
        reader = config.receipts()
        if reader is not None:
            found[name] = reader
    return found
