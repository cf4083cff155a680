"""Phones that listen by the thousand: memory, how fast one hears, what an answer costs.

    .venv/bin/python -m bench.phones [PHONES]

Phones are plain sockets of this process with a key each; the server is `portvakt serve` with a
hash that costs nothing, behind what looks like a proxy. All of it stays on loopback and ends by
itself.
"""

import asyncio
import hashlib
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bench.house import (
    DATABASES,
    Database,
    Server,
    database,
    serving_free,
    store,
    user_name,
    write_settings,
)
from bench.measure import Goal, cpu_ms, here, load, pss_mb, table
from bench.visitor import HOST, OUTSIDE, PASSWORD, Connection, Visitor
from portvakt.app import opened
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId, ApprovalId, AuthenticatorId
from portvakt.core.phones import Phone, PhoneState
from portvakt.core.push_approval import LIVES, Approval, ApprovalState
from portvakt.crypto.randomness import SystemRandom
from portvakt.records.unit import Unit
from portvakt.settings import load_settings
from tests import make
from tests.handset import b64u, compact, jws, new_key, public, sign, unb64u

PHONES, WAKES, ANSWERS, SIGN_INS, PENDING = 10_000, 500, 200, 100, 10_000
PEOPLE_WITH_CODES = 2 * SIGN_INS
AT_ONCE = 200
_PART = 500
MEMORY = Goal(16, 24)
HEARD = Goal(100, 100)
ANSWER = Goal(15, 15)


@dataclass(slots=True)
class Listener(asyncio.Protocol):
    """One phone that listens."""

    name: str
    id: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    at: float = 0.0
    request: dict[str, object] = field(default_factory=dict)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    rest: bytes = b""

    def signed(self, act: str, **fields: object) -> str:
        """Sign an act."""
        head = {"alg": "ES256", "typ": "portvakt-phone+jwt", "kid": self.id}
        now = time.time_ns() // 1_000_000
        always = {"v": 1, "aud": f"https://{HOST}", "act": act, "iat": now}
        return jws(self.key, head, compact(always | fields))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        lines = (
            "GET /authenticator/api/v1/stream HTTP/1.1",
            f"host: {HOST}",
            "x-forwarded-proto: https",
            f"x-forwarded-for: {OUTSIDE}",
            f"authorization: PortvaktPhone {self.signed('stream')}",
        )
        if not isinstance(transport, asyncio.WriteTransport):
            raise TypeError("a connection that cannot be written to")
        transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        """Note when a request comes, and what it shows."""
        now = time.perf_counter()
        self.rest += data
        while (end := self.rest.find(b"\n\n")) >= 0:
            event, self.rest = self.rest[:end], self.rest[end + 2 :]
            start = event.find(b"\ndata: ")
            if start < 0:
                continue
            said = json.loads(event[start + 7 :])
            self.opened.set()
            if said.get("requests"):
                self.at, self.request = now, said["requests"][0]
                self.heard.set()


async def _store_phones(file: Path, many: int) -> list[Listener]:
    """Give the first people a phone each, in place of their codes."""
    listeners = [Listener(user_name(number), SystemRandom().id()) for number in range(many)]
    async with opened(load_settings(file, os.environ)) as house:
        for first in range(0, many, _PART):
            part = listeners[first : first + _PART]
            await house.records.write(lambda unit, part=part: _put(unit, part))
    return listeners


async def _put(unit: Unit, listeners: Iterable[Listener]) -> None:
    now = datetime.now(UTC)
    for each in listeners:
        found = await unit.people.find(each.name)
        if found is None:
            raise AssertionError(each.name)
        account = found.account.id
        phone = Phone(
            id=AuthenticatorId(each.id),
            account_id=account,
            state=PhoneState.ACTIVE,
            name="Telefon",
            jwk=json.dumps(public(each.key), sort_keys=True, separators=(",", ":")),
            created_at=now,
            seen_at=now,
        )
        await unit.phones.add(phone, None)
        await unit.authenticators.bind(
            make.bound(
                AuthenticatorType.PUSH,
                id=phone.id,
                account_id=account,
                label="Telefon",
                created_at=now,
                preferred=True,
            )
        )


async def _connect(listeners: list[Listener], port: int) -> None:
    loop = asyncio.get_running_loop()
    for first in range(0, len(listeners), AT_ONCE):
        part = listeners[first : first + AT_ONCE]
        await asyncio.gather(
            *(
                loop.create_connection(lambda each=each: each, "127.0.0.1", port)  # type: ignore[misc]  # mypy cannot type a lambda's default
                for each in part
            )
        )
        await asyncio.gather(*(each.opened.wait() for each in part))


def _wake(server: Server, listener: Listener) -> tuple[float, float]:
    """Send a right password; return when it was sent, and when the number stood on the screen."""
    visitor = Visitor(Connection(server.port), listener.name)
    visitor.get("/sign-in").expect(200)
    began = time.perf_counter()
    visitor.post("/sign-in", {"name": listener.name, "password": PASSWORD}).expect(303)
    visitor.get(visitor.last.location).expect(200)
    shown = time.perf_counter()
    visitor.connection.close()
    return began, shown


async def _heard(server: Server, listeners: list[Listener]) -> list[tuple[float, float]]:
    """Wake phones one after another: ms after the number was shown, and after the password."""
    found = []
    for each in listeners:
        each.heard.clear()
        began, shown = await asyncio.to_thread(_wake, server, each)
        async with asyncio.timeout(10):
            await each.heard.wait()
        found.append(((each.at - shown) * 1000, (each.at - began) * 1000))
    return found


async def _answers(server: Server, listeners: list[Listener]) -> list[float]:
    """Answer what was asked with a wrong number; CPU ms of the server for each answer."""
    line, found = Connection(server.port), []
    for each in listeners:
        seen = unb64u(str(each.request["shown"]))
        digest = b64u(hashlib.sha256(seen).digest())
        signed = each.signed(
            "answer",
            request=each.request["id"],
            shown=digest,
            decision="approve",
            number="0" * json.loads(seen)["digits"],
        )
        body = compact({"jws": signed})
        used = cpu_ms(server.pid)
        answer = await asyncio.to_thread(
            line.ask,
            "POST",
            "/authenticator/api/v1/answer",
            "content-type: application/json\r\n",
            body,
        )
        answer.expect(200)
        await asyncio.sleep(0.02)  # what the answer wakes is a part of its price
        found.append(cpu_ms(server.pid) - used)
    return found


def _idle(server: Server) -> float:
    """CPU ms that the server uses in the time of one answer's pause, with nothing to do."""
    used = cpu_ms(server.pid)
    time.sleep(2)
    return (cpu_ms(server.pid) - used) / 100


async def _jwks(server: Server, seconds: float) -> list[float]:
    """Ask for keys for a while; ms each."""
    line, found = Connection(server.port), []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter()
        await asyncio.to_thread(line.ask, "GET", "/oidc/jwks")
        found.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(0.005)
    return found


def _sign_ins(server: Server, first: int) -> list[float]:
    """Sign people in, each once; ms each."""
    found = []
    for visitor in server.visitors(first, SIGN_INS):
        began = time.perf_counter()
        visitor.sign_in()
        found.append((time.perf_counter() - began) * 1000)
    return found


async def _fill(file: Path) -> None:
    """Put requests that wait, of people who do not answer."""
    now = datetime.now(UTC)
    async with opened(load_settings(file, os.environ)) as house:

        async def act(unit: Unit) -> None:
            found = await unit.people.find(user_name(0))
            account = None if found is None else found.account.id
            for _ in range(PENDING):
                await unit.approvals.start(_pending(account, now))

        await house.records.write(act)


def _pending(account: AccountId | None, now: datetime) -> Approval:
    id_ = SystemRandom().id()
    return Approval(
        id=ApprovalId(id_),
        account_id=account,
        flow=id_,
        browser=b"b" * 32,
        purpose="sign_in",
        app="",
        number="47",
        digits=2,
        lock=False,
        quiet=False,
        known_browser=False,
        shown=b"{}",
        state=ApprovalState.WAITING,
        phone_id=None,
        created_at=now,
        expires_at=now + 10 * LIVES,
    )


def _verification() -> float:
    """CPU ms of one bare ES256 verification, here."""
    key = new_key()
    data = b"x" * 300
    raw, signature = sign(key, data), key.sign(data, ec.ECDSA(SHA256()))
    del raw
    known = key.public_key()
    return here(lambda: known.verify(signature, data, ec.ECDSA(SHA256())), 1000)


def p(found: list[float], share: float) -> float:
    """Return the value that so large a share of them does not exceed."""
    return sorted(found)[min(int(len(found) * share), len(found) - 1)]


async def _measure(on: Database, many: int) -> list[list[object]]:
    rows: list[list[object]] = []
    with ExitStack() as stack:
        file = write_settings(Path(stack.enter_context(tempfile.TemporaryDirectory())), on.url)
        await store(file, many + PEOPLE_WITH_CODES)
        listeners = await _store_phones(file, many)
        await asyncio.to_thread(on.settle)
        server = stack.enter_context(serving_free(file))
        await asyncio.to_thread(_sign_ins_warm, server, many)
        before = pss_mb(server.pid)
        used = cpu_ms(server.pid)
        await _connect(listeners, server.port)
        rows.append(["CPU ms to connect one", (cpu_ms(server.pid) - used) / many, ""])
        each_kb = (pss_mb(server.pid) - before) * 1000 / many
        rows.append([f"kB of memory each, {many:,} connected", each_kb, MEMORY.verdict(each_kb)])
        chosen = random.Random(1).sample(listeners, min(WAKES, many))  # noqa: S311 - a choice, no secret
        heard = await _heard(server, chosen)
        after_number, after_password = ([pair[at] for pair in heard] for at in (0, 1))
        late = p(after_number, 0.99)
        rows += [
            ["ms from the number on the screen to the phone, p99", late, HEARD.verdict(late)],
            ["ms from the password sent to the phone, p50", statistics.median(after_password), ""],
            ["the same, p99", p(after_password, 0.99), ""],
        ]
        idle = await asyncio.to_thread(_idle, server)
        answers = await _answers(server, chosen[:ANSWERS])
        bare = _verification()
        cost = statistics.median(answers) - idle
        rows += [
            ["CPU ms of an answer", cost, ""],
            ["the same, in ES256 verifications", cost / bare, ANSWER.verdict(cost / bare)],
        ]
        calm = await _jwks(server, 5)
        others = random.Random(2).sample(listeners, min(100, many))  # noqa: S311 - a choice
        waking = asyncio.create_task(_heard(server, others))
        busy = await _jwks(server, 5)
        await waking
        rows.append(["JWKS p99 in ms: calm, while phones are woken", p(calm, 0.99), p(busy, 0.99)])
        free = await asyncio.to_thread(_sign_ins, server, many)
        await _fill(file)
        full = await asyncio.to_thread(_sign_ins, server, many + SIGN_INS)
        rows.append([f"sign-in p95 in ms: none, {PENDING:,} waiting", p(free, 0.95), p(full, 0.95)])
    return rows


def _sign_ins_warm(server: Server, many: int) -> None:
    """Open every page once, so that what is loaded late is loaded."""
    visitor = server.visitors(many, 1)[0]
    visitor.get("/sign-in").expect(200)
    visitor.get("/authenticator/").expect(200)


def report(many: int) -> str:
    """Measure on both databases and return the table."""
    before = load()
    rows = []
    for kind in DATABASES:
        with database(kind) as on:
            rows += [[kind, *row] for row in asyncio.run(_measure(on, many))]
    told = [[f"{cell:.2f}" if isinstance(cell, float) else cell for cell in row] for row in rows]
    head = ("", "what", "measured", "")
    return f"Load {before} before, {load()} after.\n\n{table(head, told)}"


if __name__ == "__main__":
    print(report(int(sys.argv[1]) if len(sys.argv) > 1 else PHONES))
