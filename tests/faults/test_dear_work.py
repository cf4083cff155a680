"""Work that is dear to us and costs a stranger nothing to ask for: hashes and huge keys (F58)."""

import asyncio
import base64
import json
import os
from pathlib import Path

import httpx
import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.secret import Secret
from portvakt.core.throttle import LIMITS, Kind
from portvakt.records import Unit
from tests import make
from tests.bad_days.conftest import Open
from tests.bad_days.processes import HOST, PATIENCE, Node
from tests.bad_days.site import Site
from tests.bad_days.test_metrics import BEHIND as MONITORING
from tests.bad_days.test_metrics import METRICS, asked
from tests.bad_days.test_texts import in_time
from tests.metrics.scrape import Scrape
from tests.world import Browser

pytestmark = pytest.mark.slow

GUESSERS = 30
"""Three times as many as there are tries."""
AT_ONCE = 5
"""So few that the line for hashing turns nobody away: it is the count that must."""
HUGE_BITS = 80_000
"""What a body of 16 kB has room for; a key of 4096 bits is the largest that anybody needs."""
CHEAP = 0.05
"""Seconds of CPU for a refusal, at the very most: one use of a key of 16,384 bits costs more."""


async def with_a_card(here: Site) -> None:
    """Store Anna, who has printed a card with one code on it."""
    anna = await here.person()
    card = make.bound(
        AuthenticatorType.RECOVERY_CODE, id=AuthenticatorId("card"), account_id=anna.id
    )
    code = await here.world.house.hasher.hash(Secret("ABCDABCDABCDABCD"))

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(card)
        await unit.authenticators.recovery_put(card.id, [(1, "AA", code)])

    await here.world.house.records.write(act)


async def hashes(node: Node) -> float:
    """How many hashes the node has begun."""
    return Scrape((await asked(node, **MONITORING)).text).value("portvakt_hashes_total")


async def test_f58_a_flood_of_printed_codes_is_hashed_only_as_often_as_a_guess_is_taken(
    open_small_site: Open,
) -> None:
    async with open_small_site() as here:
        here.configure(METRICS)
        await with_a_card(here)
        await here.person_with_app("bo.ek")
        async with here.serving() as node, here.browsers(GUESSERS) as guessers:
            for each in guessers:
                await each.sign_in()
                await each.get(f"{each.page.path}/other")
                await each.submit({"way": "card"})
                assert each.page.title == "Skriv en av dina reservkoder"
            before = await hashes(node)
            guess = {"code": "AABBBB-BBBBBB-BBBBBB"}
            for at in range(0, GUESSERS, AT_ONCE):
                now = guessers[at : at + AT_ONCE]
                pages = await asyncio.gather(*(each.submit(guess) for each in now))
                assert {page.status for page in pages} <= {422, 429}
            spent = await hashes(node) - before
            assert 0 < spent <= LIMITS[Kind.RECOVERY_CODE].run
            async with here.browser() as bo:
                await bo.get("/sign-in")
                assert (await in_time(bo.sign_in("bo.ek"))).path != "/sign-in"
            assert await hashes(node) - before == spent + 1, "his password, and nothing of theirs"


def huge_key() -> dict[str, str]:
    return {"kty": "RSA", "e": "AQAB", "n": _b64u(((1 << HUGE_BITS) - 1).to_bytes(HUGE_BITS // 8))}


def _b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed_by(key: dict[str, str], alg: str) -> str:
    """Write a JWS that says it is signed by a key, which nobody should try."""
    head = json.dumps({"alg": alg, "typ": "portvakt-phone+jwt", "jwk": key}).encode()
    return f"{_b64u(head)}.{_b64u(b'{}')}.{_b64u(bytes(512))}"


def cpu_of(node: Node) -> float:
    """Seconds of CPU that a process has used (proc(5))."""
    fields = Path(f"/proc/{node.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_f58_a_huge_key_that_a_stranger_brings_is_refused_unread(
    open_small_site: Open,
) -> None:
    times = 40
    async with open_small_site() as here, here.serving() as node:
        front = {"host": HOST, "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{node.port}",
            headers=front,
            timeout=PATIENCE,
            trust_env=False,
        ) as client:

            async def pairs(alg: str) -> tuple[int, str]:
                body = {"jws": signed_by(huge_key(), alg)}
                answer = await client.post("/authenticator/api/v1/pair", json=body)
                return answer.status_code, answer.json()["error"]

            async def shows() -> int:
                form = {
                    "grant_type": "authorization_code",
                    "code": "x",
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:"
                    "jwt-bearer",
                    "client_assertion": signed_by(huge_key(), "RS256"),
                }
                return (await client.post("/oidc/token", data=form)).status_code

            await asyncio.gather(pairs("RS256"), shows())  # what is loaded once is loaded
            before = cpu_of(node)
            said = await asyncio.gather(*(pairs(alg) for alg in ("RS256", "ES256") * times))
            assert set(said) == {(400, "malformed")}
            assert set(await asyncio.gather(*(shows() for _ in range(times)))) == {400}
            assert cpu_of(node) - before < 3 * times * CHEAP
        assert await node.status("/readyz") == 200


async def test_f58_a_flood_of_passwords_waits_in_one_line_and_others_are_told_to_come_back(
    open_small_site: Open,
) -> None:
    """`test_f54_f55_…` fills the line with many people; here one address has guesses only."""
    tries = LIMITS[Kind.ADDRESS].run
    async with open_small_site() as here:
        here.configure(METRICS)
        async with here.serving() as node, here.browser() as stranger:
            await stranger.get("/sign-in")
            form, before = stranger.page, await hashes(node)
            assert form.status == 200

            async def guesses(number: int) -> int:
                mine = Browser(stranger.client, stranger.address)
                mine.page = form
                await mine.submit({"name": f"nobody.{number}", "password": "gissat"})
                return mine.page.status

            said = await asyncio.gather(*(guesses(number) for number in range(2 * tries)))
            assert set(said) <= {422, 429, 503}
            assert 0 < await hashes(node) - before <= tries
