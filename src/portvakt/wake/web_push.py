"""Wakes phones through the push services of the browser makers (RFC 8030, 8291, 8292).

    [wake]
    gateway = "web_push"
    hosts = ["fcm.googleapis.com", "updates.push.services.mozilla.com", "*.push.apple.com"]

What is sent is always the same encrypted text. The service sees when which of its subscriptions is
woken, and which organisation does it; not for whom, for what or with what number (A039).
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from portvakt.crypto.push_message import encrypted
from portvakt.crypto.randomness import Random
from portvakt.plugins import AdapterSettingsError, PushKeySource, Tools
from portvakt.wake import (
    Gone,
    Outcome,
    Refused,
    Sent,
    Unknown,
    Wake,
    WakeGateway,
    allowed_endpoint,
    destination_of,
)
from portvakt.wire.addresses import BadDestinationError, Destination
from portvakt.wire.breaker import Breaker
from portvakt.wire.http import Answer, HttpClient, NoAnswer, NotSent

PAYLOAD: Final = b'{"v":1}'
"""All that a phone is told; docs/developers/phone-protocol.md, `subscribe`."""
LONGEST_TTL: Final = timedelta(seconds=90)
JWT_LIVES: Final = timedelta(hours=12)
JWT_USED: Final = timedelta(hours=6)
"""How long one signed line is sent again, so that a service need not check a new one each time."""

_BROKEN: Final = range(500, 600)
_NO: Final = range(300, 500)  # a redirect is a no: it is not followed
_MANY_ORIGINS: Final = 100
_MAILTO: Final = "mailto:"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which services may be reached, and how they find us."""

    hosts: tuple[str, ...]
    """Push services: `fcm.googleapis.com`, or `*.push.apple.com` for every host below. Phones of
    other services are not woken."""
    subject: str | None = None
    """Where an operator of a service finds us: `mailto:…` or `https://…`. Without it:
    `https://` and the host of `public_url`."""

    def __post_init__(self) -> None:
        if not self.hosts:
            raise ValueError("hosts: is empty, so no phone could ever be woken")
        for entry in self.hosts:
            try:
                destination_of(entry)
            except BadDestinationError as error:
                raise ValueError(f"hosts: {error}") from error
        if self.subject is not None and not _is_subject(self.subject):
            raise ValueError("subject: must be a mailto: or https: address")

    def destinations(self) -> tuple[Destination, ...]:
        """Reach the hosts."""
        return tuple(destination_of(entry) for entry in self.hosts)

    def open(self, tools: Tools) -> WakeGateway:
        """Open the gateway. Raises `AdapterSettingsError` where nobody keeps a key for it."""
        if tools.push_key is None:
            raise AdapterSettingsError("web_push needs the key that phones subscribe with")
        return WebPush(
            http=tools.http,
            key=tools.push_key,
            random=tools.random,
            hosts=self.hosts,
            subject=self.subject or f"https://{tools.public_host}",
        )


def _is_subject(text: str) -> bool:
    """Say whether services take it for a contact (RFC 8292 section 2.1)."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return False
    if text.startswith(_MAILTO):
        name, at, host = text.removeprefix(_MAILTO).partition("@")
        return bool(name and at and host)
    return text.startswith("https://") and bool(urlsplit(text).hostname)


class WebPush:
    """Encrypts, signs, sends once, and reads what the answer means."""

    def __init__(
        self,
        *,
        http: HttpClient,
        key: PushKeySource,
        random: Random,
        hosts: tuple[str, ...],
        subject: str,
    ) -> None:
        self._http = http
        self._key = key
        self._random = random
        self._hosts = hosts
        self._subject = subject
        self._breaker = Breaker()
        self._lines: dict[str, tuple[datetime, str]] = {}

    async def send(self, wake: Wake) -> Outcome | Gone:
        """Wake one phone. A service that fails again and again is left alone for a while."""
        endpoint = wake.subscription.endpoint
        if not allowed_endpoint(endpoint, self._hosts):
            return Gone("not one of the services in the settings")
        try:
            content = encrypted(
                PAYLOAD,
                p256dh=wake.subscription.p256dh,
                auth=wake.subscription.auth,
                random=self._random,
            )
        except ValueError:
            return Gone("the phone's key is no point on the curve")
        origin = _origin(endpoint)
        wait = self._breaker.pause(origin, wake.at)
        if wait:
            return Refused("the service is left alone for a while", retry=True, wait=wait)
        headers = {
            "Authorization": await self._authorization(origin, wake.at),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(_ttl(wake)),
            "Urgency": "high",
        }
        answer = await self._http.send("POST", endpoint, headers=headers, content=content)
        if isinstance(answer, Answer) and answer.status not in _BROKEN:
            self._breaker.well(origin)
        else:
            self._breaker.failed(origin, wake.at)
        return _meaning(answer, wake.at)

    async def _authorization(self, origin: str, now: datetime) -> str:
        """Return the signed line for one service, made at most `JWT_USED` ago."""
        made_at, line = self._lines.get(origin, (None, ""))
        if made_at is not None and timedelta() <= now - made_at < JWT_USED:
            return line
        if len(self._lines) >= _MANY_ORIGINS:
            self._lines.clear()
        key = await self._key()
        line = key.authorization(origin, subject=self._subject, expires_at=now + JWT_LIVES)
        self._lines[origin] = (now, line)
        return line


def _origin(endpoint: str) -> str:
    """Return the origin, which an allowed endpoint spells in one way only (RFC 6454)."""
    parts = urlsplit(endpoint)
    default = {"https": 443, "http": 80}[parts.scheme]
    host = parts.netloc if parts.port != default else parts.netloc.rpartition(":")[0]
    return f"{parts.scheme}://{host}"


def _ttl(wake: Wake) -> int:
    """Return for how many seconds the service may keep it for a phone without network."""
    left = min(wake.not_after - wake.at, LONGEST_TTL)
    return max(int(left.total_seconds()), 0)


def _meaning(answer: Answer | NotSent | NoAnswer, now: datetime) -> Outcome | Gone:
    """Read an answer. What is not clearly a yes or a no is unknown: it may have been taken."""
    if isinstance(answer, NotSent):
        return Refused(f"not reached: {answer.why}", retry=True)
    if isinstance(answer, NoAnswer):
        return Unknown(answer.why)
    return _meaning_of_status(answer, now)


def _meaning_of_status(answer: Answer, now: datetime) -> Outcome | Gone:
    said = f"status {answer.status}"
    match answer.status:
        case 201 | 202 | 204:
            return Sent("")  # its own name for the message is an address that could unsend it
        case 404 | 410:  # RFC 8030 section 7.3
            return Gone(said)
        case 429:
            wait = _retry_after(answer.headers.get("retry-after", ""), now)
            return Refused(said, retry=True, wait=wait)
        case status if status in _NO:
            return Refused(said, retry=False)
        case _:
            return Unknown(said)


def _retry_after(text: str, now: datetime) -> timedelta:
    """Read `Retry-After` (RFC 9110 section 10.2.3); what cannot be read asks for no wait."""
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 86_400))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return timedelta()
    return max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta())
