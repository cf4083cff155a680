"""What the service answers, read strictly: a member that the page does not name is refused."""

import json
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import msgspec

from portvakt.phone.encoding import from_b64u
from portvakt.phone.errors import STATUS, GoneError, RefusedError, UnreadableError

T = TypeVar("T")
Millis = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800_000)]
"""A time, to the end of the year 9999."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON object with exactly these members. Times are milliseconds since 1970 UTC."""


class Now(Strict, frozen=True):
    """The answer that says nothing but the service's time."""

    now: Millis


class Result(Now, frozen=True):
    """What became of a request that was answered."""

    result: Literal["approved", "denied", "wrong_number", "ended"]


class Transfer(Now, frozen=True):
    """A pairing code for the phone that takes over."""

    code: str
    url: str
    expires_at: Millis


class Account(Strict, frozen=True):
    """Whose account it is, and where."""

    name: str
    user_name: str
    organisation: str
    colour: str
    support_phone: str


class Request(Strict, frozen=True):
    """One request that waits; `shown` is opened by `shown_in`."""

    id: str
    shown: str
    expires_at: Millis


class State(Now, frozen=True):
    """Everything that a phone shows."""

    state: Literal["proving", "active"]
    name: str
    sign_in: bool
    screen_lock: str | None
    account: Account
    vapid: str | None
    requests: Annotated[tuple[Request, ...], msgspec.Meta(max_length=2)]


class Totp(Strict, frozen=True):
    """The codes that work without network."""

    secret: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z2-7]+\Z")]
    digits: Literal[6]
    period: Literal[30]
    algorithm: Literal["SHA1"]

    def __repr__(self) -> str:
        return "Totp()"  # a secret is not printed by accident


class Paired(State, frozen=True):
    """What a phone learns when it is paired."""

    phone: Annotated[str, msgspec.Meta(min_length=1)]
    totp: Totp | None


class Shown(Strict, frozen=True):
    """What one request asks, to be shown in words of the phone's own."""

    v: Literal[1]
    request: str
    account: str
    purpose: Literal["sign_in", "methods", "reset", "test"]
    app: str
    network: str
    address: str
    browser: str
    known_browser: bool
    quiet: bool
    at: Millis
    session: str
    digits: Literal[2, 6]
    lock: bool


class _Error(Strict, frozen=True):
    error: str
    now: Millis
    retry_at: Millis | msgspec.UnsetType = msgspec.UNSET


class _Gone(Strict, frozen=True):
    """The data of the stream's event `gone`: an object without members."""


def read(kind: type[T], text: bytes | str) -> T:
    """Read one answer. Raises `UnreadableError` where it is not what the page says."""
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        return msgspec.convert(value, kind)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def refusal(status: int, text: bytes) -> RefusedError:
    """Read an error. Raises `UnreadableError` where word and status do not belong together."""
    found = read(_Error, text)
    if STATUS.get(found.error) != status:
        raise UnreadableError(f"the error “{found.error[:40]}” with status {status}")
    if (found.retry_at is not msgspec.UNSET) != (found.error == "too_many"):
        raise UnreadableError(f"`retry_at` and the error “{found.error}” do not go together")
    if found.error == "gone":
        return GoneError(found.now)
    retry_at = None if isinstance(found.retry_at, msgspec.UnsetType) else found.retry_at
    return RefusedError(found.error, found.now, retry_at)


def gone_event(data: str, now: int) -> GoneError:
    """Read the event `gone` of the stream."""
    read(_Gone, data)
    return GoneError(now)


def shown_bytes(request: Request) -> bytes:
    """Return the bytes that a request shows, a hash of which is signed."""
    try:
        return from_b64u(request.shown)
    except ValueError as error:
        raise UnreadableError(f"`shown` is {error}") from error


def shown_in(request: Request) -> Shown:
    """Open what a request shows."""
    found = read(Shown, shown_bytes(request))
    if found.request != request.id:
        raise UnreadableError("a request shows the id of another")
    return found
