"""`portvakt demo`: makes the region, starts every server, and says where they are."""

import argparse
import asyncio
import ssl
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from socket import socket

from portvakt import log, worker
from portvakt.app import House, build
from portvakt.demo import region
from portvakt.demo.apps import AppServer
from portvakt.demo.control import Control
from portvakt.demo.folder import DemoError, Folder
from portvakt.demo.front import Front, Switch
from portvakt.demo.guide import DemoGuide
from portvakt.demo.mailbox import LARGEST, Mailbox
from portvakt.demo.phone_page import Phones
from portvakt.demo.region import Addresses, Shown
from portvakt.demo.serving import (
    EVERYWHERE,
    LOOPBACK,
    NoPortError,
    Place,
    Servers,
    Tls,
    listen,
    listen_from,
    port_of,
)
from portvakt.settings import Settings, load_settings

FIRST_PORT = 8000


def clock() -> datetime:
    """Return the time; the demo is a root."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Sockets:
    """Where each part answers. Taken before anything is written, so that addresses are true."""

    front: socket
    control: socket
    phone: socket
    shop: socket
    product: socket
    mail: socket


@dataclass(frozen=True, slots=True)
class Region:
    """What there is in this run."""

    addresses: Addresses
    people: tuple[Shown, ...]
    guide: DemoGuide


def main(words: Sequence[str]) -> int:
    """Run until Ctrl-C; 0 then, 1 where it cannot start, 2 where it was called wrongly."""
    own = parser()
    try:
        asked = own.parse_args(words)
    except SystemExit as end:  # argparse has said what it had to say
        return 2 if end.code else 0
    if len({asked.host is None, asked.tls_cert is None, asked.tls_key is None}) > 1:
        own.print_usage(sys.stderr)
        print("portvakt demo: --host, --tls-cert and --tls-key belong together", file=sys.stderr)
        return 2
    try:
        return _demo(asked)
    except (DemoError, NoPortError) as error:
        print(f"portvakt demo: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("portvakt demo: stopped before it was ready", file=sys.stderr)
    return 1


def parser() -> argparse.ArgumentParser:
    """Return what may stand after `portvakt demo`."""
    words = argparse.ArgumentParser(
        prog="portvakt demo",
        description="Run the whole product with a small fictional region. Ctrl-C stops it.",
        epilog="example:\n  portvakt demo --port 8000 --data demo-data",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    words.add_argument("--port", type=int, metavar="N", help="where it answers; 0: any free port")
    words.add_argument(
        "--data", type=Path, metavar="DIR", default=Path("demo-data"), help="where it keeps things"
    )
    words.add_argument("--host", metavar="NAME", help="a name by which a real phone reaches it")
    words.add_argument("--tls-cert", type=Path, metavar="F", help="certificate for NAME (PEM)")
    words.add_argument("--tls-key", type=Path, metavar="F", help="its key (PEM)")
    words.add_argument(
        "--guide",
        action="store_true",
        help="make the illustrated guide, its PDF and its films, too; it takes some minutes",
    )
    return words


def _demo(asked: argparse.Namespace) -> int:
    tls = Tls(asked.tls_cert, asked.tls_key) if asked.host else None
    trust = _trust(tls)
    folder = Folder(asked.data.resolve())
    folder.claim()
    sockets = _take_ports(asked.port, EVERYWHERE if tls else LOOPBACK)
    addresses = _addresses(sockets, asked.host, tls)
    folder.write_settings(
        region.settings(
            data=folder.path,
            public_url=addresses.portvakt,
            product_port=port_of(sockets.product),
            gateway=addresses.phone,
            mail_port=port_of(sockets.mail),
            host=asked.host or "localhost",
        )
    )
    people = folder.build(clock, shop=addresses.shop)
    folder.write_facts(addresses, people)
    shown = Region(addresses, people, DemoGuide(folder.guide, addresses.guide, wanted=asked.guide))
    return asyncio.run(_serve(folder, sockets, shown, tls, trust))


def _trust(tls: Tls | None) -> ssl.SSLContext:
    """Say whom the shop believes: the usual, and the certificate that was given."""
    trust = ssl.create_default_context()
    if tls is not None:
        try:
            trust.load_verify_locations(tls.cert)
            trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tls.cert, tls.key)
        except OSError as error:  # ssl.SSLError is one
            raise DemoError(f"the certificate or its key cannot be used: {error}") from error
    return trust


def _take_ports(port: int | None, address: str) -> Sockets:
    """Take six ports: the one that was asked for, or the first free one, and those after it."""
    front = (
        listen_from(FIRST_PORT, address=address) if port is None else listen(port, address=address)
    )
    after = 0 if port == 0 else port_of(front) + 1
    control, phone = listen_from(after), listen_from(after)
    shop = listen_from(after, address=address)
    return Sockets(front, control, phone, shop, listen_from(after), listen_from(after))


def _addresses(sockets: Sockets, host: str | None, tls: Tls | None) -> Addresses:
    scheme, name, port = "https" if tls else "http", host or "localhost", port_of(sockets.front)
    return Addresses(
        portvakt=f"{scheme}://{name}:{port}",
        registration=f"{scheme}://mfaregistrering.{name}:{port}/",
        apps=f"{scheme}://myapps.{name}:{port}/",
        control=f"http://localhost:{port_of(sockets.control)}",
        phone=f"http://localhost:{port_of(sockets.phone)}",
        letters=f"http://localhost:{port_of(sockets.phone)}/letters",
        shop=f"{scheme}://{name}:{port_of(sockets.shop)}",
    )


async def _serve(
    folder: Folder,
    sockets: Sockets,
    shown: Region,
    tls: Tls | None,
    trust: ssl.SSLContext,
) -> int:
    addresses, people, guide = shown.addresses, shown.people, shown.guide
    settings = load_settings(folder.settings, {})
    log.configure(settings.log.format, settings.log.level)
    switch = Switch()
    phones, mailbox = Phones(clock, region.owners()), Mailbox(clock)
    front = Front(switch, port_of(sockets.product))
    shop = AppServer(issuer=addresses.portvakt, url=addresses.shop, trust=trust, clock=clock)
    servers = Servers(
        [
            Place(phones.app(*mailbox.routes()), sockets.phone),
            Place(build(settings, clock=clock, beside=_beside), sockets.product, lifespan=True),
            Place(shop.app(), sockets.shop, tls),
            Place(Control(switch, people, addresses.links(), guide).app(), sockets.control),
            Place(front, sockets.front, tls, own_date=False),
        ]
    )
    try:
        async with await asyncio.start_server(mailbox.answer, sock=sockets.mail, limit=LARGEST):
            if not await servers.start():
                return await servers.finished()
            print(_said(addresses, people), flush=True)
            async with guide.made_beside(folder.settings):
                return await servers.finished()
    finally:
        await front.close()
        await shop.close()


def _beside(settings: Settings, house: House) -> AbstractAsyncContextManager[None]:
    """Do the background work beside the server, as `serve` does on the embedded database."""
    return worker.beside(settings, records=house.records, keys=house.keys, hasher=house.hasher)


def _said(addresses: Addresses, people: tuple[Shown, ...]) -> str:
    """Return what is printed when all of it answers; the first line is the address."""
    name, email = (max(len(getattr(each, field)) for each in people) for field in ("name", "email"))
    return "\n".join(
        [
            addresses.portvakt,
            "",
            f"  {'Personer och var du är':24}{addresses.control}",
            *(f"  {what:24}{where}" for what, where in addresses.links()[1:]),
            "",
            *(f"  {who.name:{name}}  {who.email:{email}}  {who.password}" for who in people),
            "",
            "Ctrl-C stänger av.",
        ]
    )
