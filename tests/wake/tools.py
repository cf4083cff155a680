"""A gateway with a key and an outgoing client of its own, as the worker opens it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from portvakt import plugins
from portvakt.core.phones import Subscription
from portvakt.crypto.vapid import VapidKey
from portvakt.wake import Wake, WakeGateway
from tests.conformance.tools import tools

KEY = VapidKey.generate()
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


async def push_key() -> VapidKey:
    """The same key each time."""
    return KEY


def opened(name: str, **settings: Any) -> WakeGateway:
    """Open a gateway with these settings."""
    config = plugins.fill("portvakt.wake", name, settings)
    gateway: WakeGateway = config.open(replace(tools(config.destinations()), push_key=push_key))
    return gateway


def wake(subscription: Subscription, at: datetime = NOW, lives: float = 90) -> Wake:
    """One phone to be woken."""
    return Wake(
        subscription=subscription,
        phone_id="phone-of-anna",
        request_id="request-1",
        at=at,
        not_after=NOW + timedelta(seconds=lives),
    )
