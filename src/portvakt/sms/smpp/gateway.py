"""Keeps a line to a message centre, hands texts over on it, and passes receipts on.

The line is bound as long as the gateway is open, because receipts come on it. When it is lost it
is opened again, after a second at first and half a minute at most; a text that comes meanwhile is
refused at once, so that another gateway can take it, and shortens the wait.
"""

import asyncio
import functools
import hashlib
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from portvakt.sms import Outcome, Receipt, ReceiptSink, Refused, Sent, TextMessage, Unknown
from portvakt.sms.smpp import letters, pdus, receipts
from portvakt.sms.smpp.line import Line, LineLostError, Login, NotLetInError, open_line
from portvakt.sms.smpp.pdus import Delivered, Pdu

if TYPE_CHECKING:
    from portvakt.sms.smpp import Config

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
FOR_A_PLACE: Final = 2.0
"""Seconds that a text waits for the line to be opened and for a place in the window. With the
longest `answer_within` that is less than the patience of whoever has several gateways."""
NOTING: Final = 10.0
"""Seconds to note a receipt in; the centre is asked to come again with what takes longer."""

_NOT_BOUND: Final = 0x04
_LATER: Final = {
    _NOT_BOUND: timedelta(),  # the line is opened again
    0x08: timedelta(),  # system error
    0x14: timedelta(seconds=5),  # queue full
    0x45: timedelta(),  # submit_sm failed
    0x58: timedelta(seconds=1),  # throttled
    0x64: timedelta(),  # temporary
    0xFF: timedelta(),  # unknown error
}
"""Statuses that may be another the next time (section 5.1.3), and the shortest wait."""
_UDHI: Final = 0x40
_TON_INTERNATIONAL: Final = 1
_NPI_TELEPHONE: Final = 1

_log = structlog.get_logger("portvakt.smpp")


class SmppGateway:
    """Takes texts for one message centre."""

    def __init__(
        self,
        config: "Config",
        login: Login,
        tls: ssl.SSLContext | None,
        sink: ReceiptSink | None,
    ) -> None:
        """Begin to open the line, inside the running loop."""
        self._config = config
        self._login = login
        self._tls = tls
        self._sink = sink
        self._line: Line | None = None
        self._why = ""
        self._opening = True
        self._changed = asyncio.Event()
        self._wanted = asyncio.Event()
        self._window = asyncio.Semaphore(config.window)
        self._source = config.source()
        self._place = str(config.place())
        self._keeper = asyncio.create_task(self._keep())

    async def send(self, message: TextMessage) -> Outcome:
        """Hand one text over, in as many parts as it takes, one after the other."""
        outcome: Outcome = Refused("nothing to send", retry=False)
        for at, fields in enumerate(self._submits(message)):
            outcome = await self._hand_over(fields)
            if not isinstance(outcome, Sent):
                began = at > 0 and isinstance(outcome, Refused)
                return Unknown(f"after {at} parts: {outcome.reason}") if began else outcome
        return outcome

    async def close(self) -> None:
        """Take leave of the centre."""
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        self._note(None, "closed", opening=False)

    async def _hand_over(self, fields: dict[str, Any]) -> Outcome:
        """Hand one part over. What was not written on the line has surely not been taken."""
        try:
            async with asyncio.timeout(FOR_A_PLACE):
                line = await self._bound()
                await self._window.acquire()
        except LineLostError as error:
            return Refused(f"not reached: {error}", retry=True)
        except TimeoutError:
            opening = "the line is still being opened"
            return Refused(opening if self._opening else "no place in the window", retry=True)
        try:
            if line.is_lost:
                return Refused(f"not reached: {line.why}", retry=True)
            answer = await line.ask(
                functools.partial(pdus.submit, **fields), self._config.answer_within
            )
        except LineLostError as error:
            return Unknown(f"the line died: {error}")
        except TimeoutError:
            return Unknown("no answer in time")
        finally:
            self._window.release()
        if answer.status == _NOT_BOUND:
            line.end("the centre says that we are not bound")
        return self._meaning(answer)

    def _meaning(self, answer: Pdu) -> Outcome:
        if answer.status == pdus.OK:
            return Sent(receipts.own_name(answer.message_id, self._config.receipt_ids))
        wait = _LATER.get(answer.status)
        said = pdus.meaning(answer.status)
        if wait is None:
            return Refused(said, retry=False)
        return Refused(said, retry=True, wait=wait)

    def _submits(self, message: TextMessage) -> Iterator[dict[str, Any]]:
        """Yield the fields of each part's `submit_sm`.

        Only the last part asks for a receipt: there is one name for a text. The number that holds
        the parts together is the same for each try, so that a phone that gets some of them twice
        can tell.
        """
        config = self._config
        written = letters.write(message.text.open(), latin1=config.alphabet == "latin1")
        common = {
            **self._source,
            "dest_addr_ton": _TON_INTERNATIONAL,
            "dest_addr_npi": _NPI_TELEPHONE,
            "destination_addr": message.to.removeprefix("+"),
            "data_coding": written.coding,
        }
        last = {"registered_delivery": 1} if self._sink is not None else {}
        total = len(written.parts)
        if total == 1:
            yield common | last | {"short_message": written.whole}
            return
        if config.long_texts == "payload":
            yield common | last | {"message_payload": written.whole}
            return
        reference = hashlib.sha256(message.key.encode()).digest()[0]
        for at, part in enumerate(written.parts, start=1):
            fields = common | (last if at == total else {})
            if config.long_texts == "sar":
                yield fields | {
                    "sar_msg_ref_num": reference,
                    "sar_total_segments": total,
                    "sar_segment_seqnum": at,
                    "short_message": part,
                }
            else:
                head = letters.header(reference, total, at)
                yield fields | {"esm_class": _UDHI, "short_message": head + part}

    async def _bound(self) -> Line:
        """Return the bound line; wait while it is being opened.

        Raises `LineLostError` between two tries.
        """
        while True:
            if self._line is not None and not self._line.is_lost:
                return self._line
            self._wanted.set()
            if not self._opening:
                raise LineLostError(self._why)
            self._changed.clear()
            await self._changed.wait()

    async def _keep(self) -> None:
        """Open the line, and open it again whenever it is lost."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE
        while True:
            began, patient = loop.time(), False
            self._note(None, "", opening=True)
            try:
                why = await self._live()
            except LineLostError as error:
                why, patient = str(error), isinstance(error, NotLetInError)
            except Exception:  # noqa: BLE001 - a line that nobody opens again is worse
                why = "broken"
                _log.exception("smpp.line_broken", place=self._place)
            self._note(None, why, opening=False)
            _log.warning("smpp.line_lost", place=self._place, why=why)
            if loop.time() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            await self._rest(LONGEST_PAUSE if patient else pause, patient=patient)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _live(self) -> str:
        """Open the line and use it until it is lost; return why. Raises `LineLostError`."""
        line = await self._opened()
        try:
            self._note(line, "", opening=False)
            _log.info("smpp.line_open", place=self._place)
            return await line.until_lost()
        finally:
            await line.close()

    async def _opened(self) -> Line:
        return await open_line(
            self._config.place(),
            self._tls,
            self._login,
            self._deliver,
            enquire_every=self._config.enquire_every,
            answer_within=self._config.answer_within,
        )

    def _note(self, line: Line | None, why: str, *, opening: bool) -> None:
        self._line, self._why, self._opening = line, why, opening
        self._changed.set()

    async def _rest(self, seconds: float, *, patient: bool) -> None:
        """Rest; a text that comes ends it early, unless a person has to mend something first."""
        self._wanted.clear()
        await asyncio.sleep(FIRST_PAUSE)
        if patient:
            await asyncio.sleep(seconds - FIRST_PAUSE)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds - FIRST_PAUSE):
                await self._wanted.wait()

    async def _deliver(self, delivered: Delivered) -> int:
        """Pass a receipt on; what cannot be noted now is to come again."""
        found = receipts.read(delivered, self._config.receipt_ids)
        if not isinstance(found, Receipt) or self._sink is None:
            return pdus.OK
        try:
            async with asyncio.timeout(NOTING):
                await self._sink(found)
        except Exception:  # noqa: BLE001 - whatever it was, the centre brings the receipt again
            _log.exception("smpp.receipt_not_noted", place=self._place)
            return pdus.TEMPORARY
        return pdus.OK
