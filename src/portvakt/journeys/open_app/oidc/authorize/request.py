"""An authorization request as it was sent: decoded once, strictly, and never repaired."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self
from urllib.parse import parse_qsl, urlencode

from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.proving.destination import NEED

MAX_QUERY = 2560
"""Octets. The whole request travels on as `to` to the sign-in page, percent-encoded once more.
That makes it three times as long at worst, and it must still fit the 8 kB that proxies allow."""

MAX_STORED = 16 * 1024
"""Octets of a request that comes in a form, is kept here, and travels on as a short handle."""

MAX_PARAMETERS = 40
"""OpenID Connect Core names 17; the rest is room for extensions that are ignored."""

_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

RESOURCE = "resource"
ASKED = "asked"
"""Our own parameter: when a fresh sign-in was asked for (`freshness`)."""
OWN = frozenset({ASKED, NEED})
"""What we add to the address that the browser comes back with."""
_MOST_OWN = 96
"""Octets that they take together; they come on top of what an app may send."""


@dataclass(frozen=True)
class AuthorizationRequest:
    """The parameters of one request, in the order they came, names repeated where they were.

    Known parameters are read through `get`; what we do not know is ignored, as OpenID Connect Core
    section 3.1.2.1 demands. Some thirty questions are asked of each request, so it is sorted out
    once.
    """

    parameters: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, query: bytes, most: int = MAX_QUERY) -> "AuthorizationRequest | OAuthError":
        """Decode a query string.

        Refused: more than `most` octets or `MAX_PARAMETERS` parameters, octets outside ASCII,
        broken percent-encoding, anything that is not UTF-8, control characters.
        """
        if len(query) > most + _MOST_OWN:
            return _malformed(f"The request is larger than {most} octets.")
        try:
            text = query.decode("ascii")
            if _BROKEN_PERCENT.search(text):
                return _malformed("The request is not percent-encoded correctly.")
            pairs = parse_qsl(
                text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
            )
        except ValueError:  # UnicodeDecodeError is one: not ASCII, not UTF-8, or too many fields
            return _malformed("The request is not percent-encoded UTF-8 of at most 40 parameters.")
        return cls.of(pairs, most)

    @classmethod
    def of(
        cls, pairs: Iterable[tuple[str, str]], most: int = MAX_STORED
    ) -> "AuthorizationRequest | OAuthError":
        """Take parameters that were decoded elsewhere, by the same rules."""
        request = cls(tuple(pairs))
        if len(request.parameters) > MAX_PARAMETERS:
            return _malformed("The request has more than 40 parameters.")
        text = "".join([part for pair in request.parameters for part in pair])
        if _CONTROL.search(text):
            return _malformed("The request contains control characters.")
        # It grows where it was not encoded to the letter; nothing grows beyond `%F0` for an octet.
        longest = 3 * len(text.encode()) + 2 * len(request.parameters)
        if longest > most and len(request.without(*OWN).query()) > most:
            return _malformed(f"The request is larger than {most} octets.")
        return request

    @cached_property
    def _first(self) -> Mapping[str, str]:
        return {name: value for name, value in reversed(self.parameters) if value}

    @cached_property
    def _repeated(self) -> frozenset[str]:
        counted = Counter(name for name, _ in self.parameters if name != RESOURCE)
        return frozenset(name for name, times in counted.items() if times > 1)

    def get(self, name: str) -> str | None:
        """Return the first value; a parameter without a value counts as omitted (RFC 6749 3.1)."""
        return self._first.get(name)

    def every(self, name: str) -> tuple[str, ...]:
        """Return all values of a parameter that may come more than once (RFC 8707 section 2)."""
        return tuple(
            dict.fromkeys(value for key, value in self.parameters if key == name and value)
        )

    def repeated(self) -> frozenset[str]:
        """Return the names that came more than once, and may not."""
        return self._repeated

    def words(self, name: str) -> tuple[str, ...]:
        """Return a space-separated list, such as `scope` or `prompt`."""
        return tuple((self.get(name) or "").split())

    def without(self, *names: str) -> Self:
        """Return the request without these parameters."""
        return type(self)(tuple(pair for pair in self.parameters if pair[0] not in names))

    def only(self, names: Collection[str]) -> Self:
        """Return the request with these parameters alone."""
        return type(self)(tuple(pair for pair in self.parameters if pair[0] in names))

    def with_own(self, name: str, value: str) -> Self:
        """Return the request with a parameter of ours, replacing one that was there."""
        return type(self)((*self.without(name).parameters, (name, value)))

    def query(self) -> str:
        """Encode again. What `parse` accepts comes back the same from `parse`."""
        return urlencode(self.parameters)


def _malformed(why: str) -> OAuthError:
    return OAuthError(ErrorCode.INVALID_REQUEST, why)
