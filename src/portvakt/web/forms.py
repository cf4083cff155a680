"""Form fields in, `Valid(value)` or `Invalid(errors by field)` out.

A form is decoded once and strictly: one encoding, one value per name, no NUL, no broken UTF-8. What
a browser of ours would not have sent is refused and never repaired; what a person may well have
typed wrong is a value that the page shows at its field.
"""

import asyncio
import re
from collections.abc import Awaitable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote_plus

from starlette.requests import Request

from portvakt.web.templates import Message

T = TypeVar("T")

MAX_FIELDS = 512
"""More boxes than a page of ours has for anybody; the body itself is bounded as well."""
MAX_NAME = 64
MAX_VALUE = 8192
READ_WITHIN = 10.0
"""Seconds that a browser has to send a form; a stalled sender must not hold a connection."""

WHOLE_KEY = "portvakt.whole"
"""What the server leaves in the scope of a request that has come to its end: nothing of it is
waited for any more."""

_SCOPE_KEY = "portvakt.form"
_TYPE = re.compile(
    rb'application/x-www-form-urlencoded(?:\s*;\s*charset="?utf-8"?)?', re.IGNORECASE
)
_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class BadFormError(ValueError):
    """A request says something that no form or link of ours could have said; answered with 400."""


class UnknownFormTypeError(BadFormError):
    """The body is not a urlencoded form; answered with 415."""


class ManyFieldsError(BadFormError):
    """The form has more fields than are read; the page says so, for nothing is broken."""


class SlowFormError(BadFormError):
    """The body did not arrive in time; answered with 408."""


@dataclass(frozen=True, slots=True)
class Valid(Generic[T]):
    """What was typed can be used."""

    value: T


@dataclass(frozen=True, slots=True)
class Invalid:
    """What was typed cannot be used: every error at once, by field.

    `kept` is what the page shows again. Never put passwords or codes in it.
    """

    errors: Mapping[str, Message | str]
    kept: Mapping[str, str] = field(default_factory=dict)


class Form(Mapping[str, str]):
    """The fields of one form: single values, decoded. A field that was not sent reads as empty."""

    __slots__ = ("_fields", "pairs")

    def __init__(
        self, fields: Mapping[str, str], pairs: tuple[tuple[str, str], ...] | None = None
    ) -> None:
        self._fields = fields
        self.pairs = tuple(fields.items()) if pairs is None else pairs
        """All of it in the order it came, with what may come twice."""

    def __getitem__(self, name: str) -> str:
        return self._fields.get(name, "")

    def __contains__(self, name: object) -> bool:
        return name in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        """Name the fields and never what they hold: passwords and codes come this way."""
        return f"Form({', '.join(sorted(self._fields))})"


def parse_form(body: bytes, many: Collection[str] = ()) -> Form:
    """Decode a urlencoded body or query; raises `BadFormError` for anything out of the ordinary.

    `many` names what may come more than once; read as a single value that is its first.
    """
    if not body.isascii() or _ESCAPE.search(body):
        raise BadFormError("not urlencoded")
    if body.count(b"&") >= MAX_FIELDS:
        raise ManyFieldsError("more fields than are read")
    try:
        pairs = _pairs(body.decode("ascii")) if body else []
    except ValueError as error:  # which a UnicodeDecodeError is as well
        raise BadFormError("not urlencoded UTF-8") from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields and name not in many:
            raise BadFormError("a field comes twice")
        if len(name) > MAX_NAME or len(value) > MAX_VALUE:
            raise BadFormError("a field is too long")
        if "\0" in name or "\0" in value:
            raise BadFormError("a field holds NUL")
        fields.setdefault(name, value)
    return Form(fields, tuple(pairs))


def _pairs(text: str) -> list[tuple[str, str]]:
    """Take a form apart (URL Standard section 5.1). Raises `ValueError`.

    `parse_qsl` does the same at twice the price, and apps send a form with each call.
    """
    pieces = [piece.partition("=") for piece in text.split("&")]
    if not all(equals for _, equals, _ in pieces):
        raise ValueError("a field without a value")
    return [(_decoded(name), _decoded(value)) for name, _, value in pieces]


def _decoded(text: str) -> str:
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def query(request: Request) -> Form:
    """Return the query of the address, as strictly as a form."""
    return parse_form(request.scope["query_string"])


async def form(request: Request, many: Collection[str] = ()) -> Form:
    """Return the form that was posted; a second call returns the same one.

    `many` names what may come more than once.

    The router has already judged its origin and token where the route is for browsers. Bodies over
    64 kB never come this far.
    """
    known: Form | None = request.scope.get(_SCOPE_KEY)
    if known is None:
        known = parse_form(await _read(request), many)
        request.scope[_SCOPE_KEY] = known
    return known


async def _read(request: Request) -> bytes:
    types = [value for name, value in request.scope["headers"] if name == b"content-type"]
    if len(types) != 1 or _TYPE.fullmatch(types[0]) is None:
        raise UnknownFormTypeError("not a urlencoded form")
    if WHOLE_KEY in request.scope:  # most are, and a timer costs as much as all else that is read
        return await request.body()
    return await in_time(request.body())


async def in_time(coming: Awaitable[T]) -> T:
    """Wait for some of a form, at most `READ_WITHIN`. Raises `SlowFormError`."""
    try:
        async with asyncio.timeout(READ_WITHIN):
            return await coming
    except TimeoutError as error:
        raise SlowFormError("the form did not arrive in time") from error
