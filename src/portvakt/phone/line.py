"""How a phone asks: one signed act in one POST, and what it does about clocks and busy services."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from portvakt.phone.answers import read, refusal
from portvakt.phone.errors import RefusedError, UnreachableError, UnreadableError
from portvakt.phone.keys import Key, json_bytes, jws

T = TypeVar("T")
TYPE = "portvakt-phone+jwt"
VERSION = 1
TRIES = 4
"""How often an act is sent while the service is busy, or its database away."""
JSON = "application/json"

Pause = Callable[[float], Awaitable[None]]
Beside = Callable[[bytes], Mapping[str, Mapping[str, str]]]
"""Makes what stands beside `jws` in the body, from the bytes of the JWS payload."""


def nothing_beside(_payload: bytes) -> Mapping[str, Mapping[str, str]]:
    """Most acts stand alone."""
    return {}


def growing(tries: int, most: int) -> float:
    """Return the pause after so many failed tries: 1 s, doubling, with up to as much at random."""
    seconds: int = min(most, 1 << min(tries, 16))
    return seconds + secrets.randbelow(seconds * 1000) / 1000


@dataclass(slots=True)
class Clock:
    """The clock of this machine, and how far it is from the service's; all in milliseconds."""

    read: Callable[[], int]
    offset: int = 0

    def now(self) -> int:
        """Return the time by the service's clock, as far as it is known."""
        return self.read() + self.offset

    def set(self, now: int) -> None:
        """Keep the difference to the service's `now`."""
        self.offset = now - self.read()


@dataclass(frozen=True, slots=True)
class Line:
    """The way to one service. `client` follows no redirects and is closed by whoever made it."""

    client: httpx.AsyncClient
    origin: str
    clock: Clock
    pause: Pause = asyncio.sleep

    def address(self, act: str) -> str:
        """Return where an act is sent."""
        return f"{self.origin}/authenticator/api/v1/{act}"

    def signed(
        self, act: str, fields: Mapping[str, Any], key: Key, phone: str | None
    ) -> tuple[str, bytes]:
        """Sign an act as of now: the JWS, and the bytes of its payload.

        Without the id of a phone, the header holds the public key: that is for `pair` only.
        """
        who: dict[str, Any] = {"jwk": key.jwk()} if phone is None else {"kid": phone}
        payload = json_bytes(
            {"v": VERSION, "aud": self.origin, "act": act, "iat": self.clock.now(), **fields}
        )
        return jws(key, {"alg": "ES256", "typ": TYPE, **who}, payload), payload

    async def ask(
        self,
        kind: type[T],
        act: str,
        fields: Mapping[str, Any],
        *,
        key: Key,
        phone: str | None,
        beside: Beside = nothing_beside,
    ) -> T:
        """Send an act and read its answer.

        A wrong clock is set and the act sent again; so it is while the service is busy or down.
        Raises `RefusedError`, `GoneError`, `UnreachableError`, `UnreadableError`.
        """
        clock_set, tries = False, 0
        while True:
            compact, payload = self.signed(act, fields, key, phone)
            try:
                return await self._once(kind, act, {"jws": compact, **beside(payload)})
            except RefusedError as refused:
                if refused.word == "clock" and not clock_set:
                    self.clock.set(refused.now)
                    clock_set = True
                elif refused.word in {"busy", "down"} and tries + 1 < TRIES:
                    await self.pause(growing(tries, most=60))
                    tries += 1
                else:
                    raise

    async def _once(self, kind: type[T], act: str, body: Mapping[str, Any]) -> T:
        try:
            answer = await self.client.post(
                self.address(act), content=json_bytes(body), headers={"content-type": JSON}
            )
        except httpx.TransportError as error:
            raise unreachable(self.origin, error) from error
        check_kind(answer, JSON)
        if answer.status_code != httpx.codes.OK:
            raise refusal(answer.status_code, answer.content)
        return read(kind, answer.content)


def unreachable(origin: str, error: httpx.TransportError) -> UnreachableError:
    """Say that a service did not answer, and why."""
    return UnreachableError(f"cannot reach {origin}: {str(error) or type(error).__name__}")


def check_kind(answer: httpx.Response, kind: str) -> None:
    """Refuse an answer of another media type: it is no answer of the API.

    Raises `UnreachableError` where whatever stands between says that the service is away, and
    otherwise `UnreadableError`.
    """
    found = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found == kind:
        return
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise UnreachableError(f"the service is away: status {answer.status_code}")
    raise UnreadableError(f"status {answer.status_code} with “{found[:60]}”, not {kind}")
