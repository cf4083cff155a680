"""An operator for each text-message gateway, made to behave well or badly in the same words."""

import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

from portvakt import plugins
from portvakt.sms import Receipt, ReceiptRequest, SmsGateway
from portvakt.wire.http import HttpClient
from tests.conformance.operator import Behave, answers, closes, hangs, operator, writes
from tests.conformance.tools import tools
from tests.servers.message_centre import PASSWORD, SYSTEM_ID, MessageCentre

PACKAGE = "portvakt.sms"
SECRET = "a_secret_of-the_operator"
TOLD = "https://login.region.example/receipts/operator"

PATIENCE = 3
"""Seconds for an answer that comes: however busy the machine is. Only silence takes as long."""

Manner = Literal["takes", "refuses", "is busy", "says nothing", "says garbage", "hangs up"]
Fate = Literal["delivered", "failed", "buffered"]


@dataclass(frozen=True, slots=True)
class Rig:
    """A gateway, opened, and what its operator saw and can be made to do."""

    gateway: SmsGateway
    behave: Callable[[Manner], None]
    texts: Callable[[], list[tuple[str, str]]]
    """Number (digits only) and words of every text that was handed in."""
    marks: Callable[[], list[Any]]
    """What tells the operator of each one that it is the same text again."""
    tell: Callable[[str, Fate], Awaitable[Receipt | None]]
    """Make the operator say what became of a text, and return what we make of that."""
    forge: Callable[[str, Fate], Awaitable[Receipt | None]] | None
    """The same said by somebody else; None where nobody else can say anything."""


Open = Callable[[Path, MessageCentre | None], AbstractAsyncContextManager[Rig]]


def nobody() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


_TAKEN = answers(200, json.dumps({"id": "op-1"}).encode())
_MANNERS: dict[Manner, Behave] = {
    "takes": _TAKEN,
    "refuses": answers(400),
    "is busy": answers(503),
    "says nothing": hangs,
    "says garbage": writes(b"\x00\xff garbage \r\n\r\n"),
    "hangs up": closes,
}


@asynccontextmanager
async def http_form(folder: Path, centre: MessageCentre | None) -> AsyncIterator[Rig]:
    """An operator that takes forms and tells of texts in forms."""
    del centre
    async with operator(_TAKEN) as there:
        config = plugins.fill(PACKAGE, "http_form", http_settings(folder, there.url))
        http = HttpClient(config.destinations(), time_out=PATIENCE)
        gateway: SmsGateway = config.open(replace(tools(), http=http))
        reader = config.receipts()

        def behave(manner: Manner) -> None:
            there.behave = _MANNERS[manner]

        async def call(name: str, fate: Fate, shown: str) -> Receipt | None:
            body = urlencode({"id": name, "state": fate}).encode()
            found = reader.read(ReceiptRequest("POST", f"{TOLD}?key={shown}", {}, body))
            return found if isinstance(found, Receipt) else None

        yield Rig(
            gateway,
            behave,
            lambda: [
                (each.form["to"][0].removeprefix("+"), each.form["text"][0])
                for each in there.requests
            ],
            lambda: [each.headers["idempotency-key"] for each in there.requests],
            lambda name, fate: call(name, fate, SECRET),
            lambda name, fate: call(name, fate, "guessed"),
        )
        await gateway.close()


def http_settings(folder: Path, url: str) -> dict[str, Any]:
    """Settings for an operator at a URL."""
    (folder / "receipts").write_text(SECRET)
    return {
        "url": url,
        "body": "to={to}&text={text}",
        "idempotency_header": "Idempotency-Key",
        "receipt_field": "id",
        "receipt": {
            "id": "id",
            "state": "state",
            "delivered": ["delivered"],
            "failed": ["failed"],
            "proof": "query",
            "key": "key",
            "secret": {"file": str(folder / "receipts")},
        },
    }


_MODES: dict[Manner, dict[str, Any]] = {
    "takes": {},
    "refuses": {"submit": 0x0B},
    "is busy": {"submit": 0x58},
    "says nothing": {"on_submit": "ignore"},
    "says garbage": {"on_submit": "garbage"},
    "hangs up": {"on_submit": "hang_up"},
}
_STATES: dict[Fate, int] = {"delivered": 2, "failed": 5, "buffered": 1}


def smpp_settings(folder: Path, centre: MessageCentre, **changed: Any) -> dict[str, Any]:
    """Settings for a line to the centre, protected by TLS unless it is said otherwise."""
    (folder / "password").write_text(PASSWORD)
    plain = changed.get("tls") == "none"
    return {
        "host": "localhost",
        "port": centre.port if plain else centre.tls_port,
        "ca_file": str(centre.ca_file),
        "system_id": SYSTEM_ID,
        "password": {"file": str(folder / "password")},
        "sender": "Exempel",
        "answer_within": PATIENCE,
    } | changed


@asynccontextmanager
async def smpp(folder: Path, centre: MessageCentre | None, **changed: Any) -> AsyncIterator[Rig]:
    """A message centre, and a line to it."""
    if centre is None:
        raise AssertionError("a gateway for SMPP needs a message centre")
    centre.fresh()
    noted: list[Receipt] = []

    async def note(receipt: Receipt) -> None:
        noted.append(receipt)

    config = plugins.fill(PACKAGE, "smpp", smpp_settings(folder, centre, **changed))
    gateway: SmsGateway = config.open(replace(tools(), receipts=note))
    await centre.until("bind")

    async def tell(name: str, fate: Fate) -> Receipt | None:
        noted.clear()
        said = len(centre.of("said"))
        centre.say(esm_class=4, receipted_message_id=name, message_state=_STATES[fate])
        await centre.until("said", said + 1)
        return noted[0] if noted else None

    yield Rig(
        gateway,
        lambda manner: centre.mode(**_MODES[manner]),
        lambda: whole(centre.texts),
        lambda: [each["udh"][6:8] for each in centre.texts if each["udh"]],
        tell,
        None,
    )
    await gateway.close()


@asynccontextmanager
async def smpp_plain(folder: Path, centre: MessageCentre | None) -> AsyncIterator[Rig]:
    """The same without TLS, on loopback."""
    async with smpp(folder, centre, tls="none") as rig:
        yield rig


def whole(parts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Put texts together from their parts, as a phone does: by the header in each."""
    found: list[tuple[str, str]] = []
    for part in parts:
        at = int(part["udh"][8:10], 16) if part["udh"] else 1
        if at == 1:
            found.append((part["to"], part["text"]))
        else:
            found[-1] = (part["to"], found[-1][1] + part["text"])
    return found


RIGS: dict[str, tuple[str, Open]] = {
    "http_form": ("http_form", http_form),
    "smpp": ("smpp", smpp),
    "smpp without TLS": ("smpp", smpp_plain),
}
"""For each gateway that reaches out: its name, and its operator."""
AT_HOME = {"console"}
"""Gateways that reach nothing."""


def settings_for_nobody(name: str, folder: Path) -> dict[str, Any]:
    """Settings for an operator that is away."""
    port = nobody()
    if name == "http_form":
        return http_settings(folder, f"http://127.0.0.1:{port}/send")
    (folder / "password").write_text(PASSWORD)
    return {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "system_id": SYSTEM_ID,
        "password": {"file": str(folder / "password")},
        "sender": "Exempel",
    }
