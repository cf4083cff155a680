"""Waking a closed phone: what a gateway is, and which push services may be reached.

A message of this kind says nothing: a phone that is woken asks by itself what there is (A039). To
add a gateway: a module with a `Config` struct whose `hosts` are the services it may reach, whose
`destinations()` lists them and whose `open(tools)` returns a `WakeGateway`. `tests/conformance`
finds it by itself.
"""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from portvakt.core.phones import Subscription
from portvakt.plugins import Tools
from portvakt.wire.addresses import BadDestinationError, Destination
from portvakt.wire.outcomes import Outcome, Refused, Sent, Unknown

__all__ = ["Outcome", "Refused", "Sent", "Unknown"]  # gateways take them from here

LONGEST_ENDPOINT: Final = 1024

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PATTERN = re.compile(rf"\*(?:\.{_LABEL})+\.[a-z]{{2,63}}")
# What a browser's own URL serializer writes (URL Standard): lower-case ASCII host, nothing to
# unescape, no user, no fragment. Two readers of such an address cannot understand it differently.
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]{{2,45}}\])"
_ORIGIN = re.compile(rf"https?://{_HOST}(?::[1-9][0-9]{{0,4}})?")
_ENDPOINT = re.compile(_ORIGIN.pattern + r"/[!$%&'()*+,./0-9:;=?@A-Z_a-z~-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """One phone to be woken for one request. `at` is now; after `not_after` it is of no use."""

    subscription: Subscription = field(repr=False)
    phone_id: str
    request_id: str
    at: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Gone:
    """The subscription leads nowhere, and never will again: it is to be forgotten."""

    reason: str


class WakeGateway(Protocol):
    """Wakes phones. It raises nothing that can be foreseen: each way out is an outcome."""

    async def send(self, wake: Wake) -> Outcome | Gone:
        """Ask once that a phone be woken. Trying again is the caller's business."""


class GatewayConfig(Protocol):
    """The settings of one gateway."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The services that may be reached, as `destination_of` reads them."""

    def destinations(self) -> tuple[Destination, ...]:
        """List every place the gateway reaches."""

    def open(self, tools: Tools) -> WakeGateway:
        """Open the gateway."""


def destination_of(entry: str) -> Destination:
    """Read one entry of the list of services. Raises `BadDestinationError`.

    `push.example` is that host on port 443, `push.example:8443` on that port. `*.push.example` is
    every host below. `http://127.0.0.1:8770` is for tests: plain http goes to this machine only.
    """
    if entry.startswith("*"):
        if not _PATTERN.fullmatch(entry):
            raise BadDestinationError(f"“{entry}” is not a pattern such as *.push.example")
        return Destination("https", entry, 443)
    url = entry if "://" in entry else f"https://{entry}"
    if not _ORIGIN.fullmatch(url):
        raise BadDestinationError(f"“{entry}” is not a host such as push.example")
    return Destination.of_url(url)


def allowed_endpoint(endpoint: str, hosts: Sequence[str]) -> bool:
    """Say whether a phone's push address belongs to one of the services in the settings (A035).

    An address that is written in any unusual way is not allowed. Nothing is looked up here: that
    the name leads to a public address is judged when it is called (R16). Raises
    `BadDestinationError` for entries that the settings should have refused.
    """
    if len(endpoint) > LONGEST_ENDPOINT or not _ENDPOINT.fullmatch(endpoint):
        return False
    try:
        asked = Destination.of_url(endpoint)
    except BadDestinationError:
        return False
    return any(destination_of(entry).covers(asked) for entry in hosts)


def to_body(subscription: Subscription, phone_id: str, request_id: str) -> bytes:
    """Write what the outbox keeps, sealed, of one phone to be woken."""
    kept = {
        "endpoint": subscription.endpoint,
        "p256dh": base64.b64encode(subscription.p256dh).decode("ascii"),
        "auth": base64.b64encode(subscription.auth).decode("ascii"),
        "phone": phone_id,
        "request": request_id,
    }
    return json.dumps(kept).encode()


def from_body(body: bytes, *, at: datetime, not_after: datetime) -> Wake:
    """Read what `to_body` wrote, and make of it what is to be done now."""
    kept = json.loads(body)
    return Wake(
        subscription=Subscription(
            endpoint=kept["endpoint"],
            p256dh=base64.b64decode(kept["p256dh"]),
            auth=base64.b64decode(kept["auth"]),
        ),
        phone_id=kept["phone"],
        request_id=kept["request"],
        at=at,
        not_after=not_after,
    )
