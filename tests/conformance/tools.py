"""The tools that a composition root hands to adapters, for tests."""

from collections.abc import Iterable

from portvakt.crypto.passwords import PasswordHasher
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import CodeMac, MasterKeys
from portvakt.plugins import Tools
from portvakt.wire.addresses import Destination
from portvakt.wire.http import HttpClient

PATIENCE = 0.5
"""Seconds; the product waits ten times as long."""


def tools(allowed: Iterable[Destination] = ()) -> Tools:
    """Build them."""
    return Tools(
        random=SystemRandom(),
        hasher=PasswordHasher(),
        code_mac=CodeMac(MasterKeys({"k1": bytes(32)})),
        http=HttpClient(allowed, time_out=PATIENCE),
        public_host="login.region.example",
        organisation="Region Exempel",
        sender="no-reply@region.example",
    )
