"""Texts a second over SMPP: the product's gateway beside the library's own client, in turn.

    .venv/bin/python -m bench.sms [TEXTS [ROUNDS]]

Both hand the same text over to the same message centre on loopback (node-smpp), and wait for every
answer. The library's client writes all it can and reads in a thread of its own; the gateway keeps
a window of a hundred, makes an outcome of each answer, and can be told of receipts. CPU is this
process's own.
"""

import asyncio
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from smpplib import consts, gsm
from smpplib.client import Client

from bench.measure import ROUNDS, Figure, cpu_ms, load
from portvakt import plugins
from portvakt.core.secret import Secret
from portvakt.sms import Receipt, Sent, SmsGateway, TextMessage
from tests.conformance.sms_rigs import PACKAGE, smpp_settings
from tests.conformance.tools import tools
from tests.servers.message_centre import PASSWORD, SYSTEM_ID, MessageCentre

TEXTS = 3_000
WINDOW = 100
AT_ONCE = 200
TEXT = "Region Exempel: 012345 är din kod för att logga in.\n\n@login.region.example #012345"
NUMBER = "+46701740605"


def with_the_library(centre: MessageCentre, count: int) -> None:
    """Hand texts over with the library's own client."""
    answered = threading.Semaphore(0)
    client = Client("127.0.0.1", centre.port, allow_unknown_opt_params=True)
    client.set_message_sent_handler(lambda **_: answered.release())
    client.connect()
    client.bind_transceiver(system_id=SYSTEM_ID, password=PASSWORD)

    def listen() -> None:
        for _ in range(count):
            client.read_once(auto_send_enquire_link=False)

    reading = threading.Thread(target=listen)
    reading.start()
    for _ in range(count):
        parts, coding, kind = gsm.make_parts(TEXT)
        for part in parts:
            client.send_message(
                source_addr_ton=consts.SMPP_TON_ALNUM,
                source_addr="Exempel",
                dest_addr_ton=consts.SMPP_TON_INTL,
                dest_addr_npi=consts.SMPP_NPI_ISDN,
                destination_addr=NUMBER.removeprefix("+"),
                short_message=part,
                data_coding=coding,
                esm_class=kind,
                registered_delivery=1,
            )
    for _ in range(count):
        answered.acquire()
    reading.join()
    client.unbind()
    client.disconnect()


def with_the_gateway(centre: MessageCentre, count: int, folder: Path) -> None:
    """Hand texts over as the product does."""
    asyncio.run(_handed_over(centre, count, folder))


async def _handed_over(centre: MessageCentre, count: int, folder: Path) -> None:
    async def note(receipt: Receipt) -> None:
        raise AssertionError(f"the centre sends no receipts here, and sent {receipt}")

    settings = smpp_settings(folder, centre, tls="none", window=WINDOW, answer_within=5)
    config = plugins.fill(PACKAGE, "smpp", settings)
    gateway: SmsGateway = config.open(replace(tools(), receipts=note))
    left = iter(range(count))

    async def one_after_another() -> None:
        for at in left:
            outcome = await gateway.send(TextMessage(NUMBER, Secret(TEXT), f"key-{at}"))
            if not isinstance(outcome, Sent):
                raise TypeError(f"not sent: {outcome}")

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    await gateway.close()


def timed(work: Callable[[], None], count: int) -> tuple[float, float]:
    """Do it; return texts a second and milliseconds of our CPU for each."""
    began, used = time.perf_counter(), cpu_ms(os.getpid())
    work()
    took = time.perf_counter() - began
    return count / took, (cpu_ms(os.getpid()) - used) / count


def main() -> None:
    """Measure, and print a table."""
    count = int(sys.argv[1]) if sys.argv[1:] else TEXTS
    rounds = int(sys.argv[2]) if sys.argv[2:] else ROUNDS
    logging.disable(logging.CRITICAL)  # the library writes each text to its log otherwise
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        centre = MessageCentre(folder)
        try:
            centre.fresh(quiet=True)
            library, gateway = [], []
            for _ in range(rounds):
                library.append(timed(lambda: with_the_library(centre, count), count))
                gateway.append(timed(lambda: with_the_gateway(centre, count, folder), count))
        finally:
            centre.close()
    ratio = Figure(tuple(ours[0] / bare[0] for ours, bare in zip(gateway, library, strict=True)))
    print(f"{count} texts, {rounds} rounds, load {load()}")
    for name, found in (("the library's client", library), ("the gateway", gateway)):
        rate, cpu = (Figure(tuple(each[at] for each in found)) for at in (0, 1))
        print(f"{name}: {rate} a second ({rate.spread}), {cpu} ms of CPU each ({cpu.spread})")
    print(f"rate against the library's: {ratio} ({ratio.spread})")


if __name__ == "__main__":
    main()
