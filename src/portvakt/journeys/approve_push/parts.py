"""What the flows of a phone are built with, and what they answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from urllib.parse import urlsplit

from portvakt.core.phones import Phone
from portvakt.core.push_approval import milliseconds
from portvakt.crypto.pairing_codes import PairingCodes
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer
from portvakt.proving.notices import Notices
from portvakt.proving.rules import Rules
from portvakt.proving.visit import Said, Visit, said
from portvakt.records import Records, Standing

API = "/authenticator/api/v1/"
STREAM = f"{API}stream"
"""The one address that is held open; the root mounts `live.Stream` there."""

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Shown:
    """What phones show of the organisation."""

    name: str
    colour: str
    support_phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the root builds once, for every flow of this journey."""

    records: Records
    rules: Rules
    notices: Notices
    sealer: Sealer
    random: Random
    codes: PairingCodes
    app_origin: str
    """The origin of the app, as browsers write it; it is the audience of every signature."""
    origin: str
    """The origin that signs people in."""
    organisation: Shown
    push_hosts: tuple[str, ...] = ()
    """Which push services a phone may name; none where no phone is woken."""
    vapid: Callable[[], Awaitable[str | None]]
    """Gives the public key that push services know us by; None where no phone is woken."""

    @property
    def rp_id(self) -> str:
        """The relying party id of screen locks (WebAuthn Level 3): the host of the app."""
        return urlsplit(self.app_origin).hostname or ""


class Word(Enum):
    """Why a phone is refused: the word, and the status that goes with it."""

    MALFORMED = ("malformed", 400)
    VERSION = ("version", 400)
    SIGNATURE = ("signature", 401)
    CLOCK = ("clock", 401)
    GONE = ("gone", 410)
    LOCK = ("lock", 403)
    WRONG = ("wrong", 403)
    USED = ("used", 403)
    EXPIRED = ("expired", 403)
    FULL = ("full", 409)
    KEPT = ("kept", 409)
    FROZEN = ("frozen", 409)
    ENDPOINT = ("endpoint", 400)
    TOO_MANY = ("too_many", 429)
    DOWN = ("down", 503)

    @property
    def text(self) -> str:
        """The word of the protocol."""
        return self.value[0]

    @property
    def status(self) -> int:
        """The HTTP status that carries it."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer is no; `retry_at` says until when, where waiting helps."""

    word: Word
    retry_at: datetime | None = None


Answer = Json | Refused


def body_of(answer: Answer, now: datetime) -> tuple[int, Json]:
    """Return status and body of an answer; every one says what time it is here."""
    if not isinstance(answer, Refused):
        return 200, answer | {"now": milliseconds(now)}
    body: Json = {"error": answer.word.text, "now": milliseconds(now)}
    if answer.retry_at is not None:
        body["retry_at"] = milliseconds(answer.retry_at)
    return answer.word.status, body


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A phone whose signature was right, and its person, in one request."""

    phone: Phone
    standing: Standing
    visit: Visit
    challenge: bytes = field(repr=False)
    """What the screen lock must have signed: the SHA-256 of the payload."""

    @property
    def now(self) -> datetime:
        """The time of the request."""
        return self.visit.now

    def said(self) -> Said:
        """Return what every event about this person tells."""
        return said(self.visit, self.standing.account.id)
