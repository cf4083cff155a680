"""A letter that the product's own mailer sends can be read on the demo's page."""

import asyncio
from datetime import UTC, datetime
from email.message import EmailMessage

import aiosmtplib
import httpx
from starlette.applications import Starlette

from portvakt.demo.mailbox import LARGEST, Mailbox

AT = datetime(2026, 11, 22, 12, 3, 4, tzinfo=UTC)


def letter(text: str) -> EmailMessage:
    made = EmailMessage()
    made["from"], made["to"] = "no-reply@region.example", "anna.berg@region.example"
    made["subject"] = "Du har lagt till en app – åäö"
    made.set_content(text)
    return made


async def shown(mailbox: Mailbox) -> str:
    app = Starlette(routes=mailbox.routes())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://localhost"
    ) as browser:
        return (await browser.get("/letters")).text


async def test_a_letter_arrives_whole_and_escaped() -> None:
    mailbox = Mailbox(lambda: AT)
    async with await asyncio.start_server(mailbox.answer, "127.0.0.1", 0, limit=LARGEST) as server:
        port = server.sockets[0].getsockname()[1]
        for text in ("Hej Anna\n.en rad som börjar med punkt", "<b>" + "lång text " * 20_000):
            await aiosmtplib.send(letter(text), hostname="127.0.0.1", port=port, start_tls=False)
    page = await shown(mailbox)
    assert "Du har lagt till en app – åäö" in page
    assert "\n.en rad som börjar med punkt" in page
    assert "&lt;b&gt;" in page


async def test_a_client_that_hangs_up_harms_nobody() -> None:
    mailbox = Mailbox(lambda: AT)
    async with await asyncio.start_server(mailbox.answer, "127.0.0.1", 0, limit=LARGEST) as server:
        port = server.sockets[0].getsockname()[1]
        for words in (b"", b"DATA\r\nhalf a letter", b"WHAT\r\n", b"x" * (LARGEST + 1)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert (await reader.readline()).startswith(b"220")
            writer.write(words)
            writer.close()
        await aiosmtplib.send(letter("Hej"), hostname="127.0.0.1", port=port, start_tls=False)
    assert "Inget mejl" not in await shown(mailbox)
