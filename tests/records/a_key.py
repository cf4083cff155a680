"""A key of Anna's, and a challenge that waits for it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.records import Unit
from portvakt.records.keys import Passkey, SpentChallenge
from tests import make

ID = AuthenticatorId("anna-passkey")
BROWSER = b"b" * 32

KEY = Passkey(
    id=ID,
    account_id=make.ANNA,
    credential_id=b"credential",
    public_key=b"cose",
    algorithm=-7,
    sign_count=9,
    aaguid="00000000-0000-0000-0000-000000000000",
    transports=("nfc", "usb"),
    copied=False,
    backed_up=False,
    verifies=True,
    attestation="none",
    handle=b"h" * 32,
)
CHALLENGE = SpentChallenge(
    challenge=b"c" * 32,
    browser=BROWSER,
    flow="flow",
    purpose="sign_in",
    asked_at=make.NOW,
    expires_at=make.NOW + timedelta(minutes=10),
)


async def add(unit: Unit, account_id: AccountId, **given: Any) -> None:
    """Keep the key of an authenticator that is bound already."""
    await unit.keys.add(replace(KEY, account_id=account_id, **given))


async def put(unit: Unit, **given: Any) -> None:
    key = replace(KEY, **given)
    await unit.authenticators.bind(make.bound(make.PASSKEY, id=key.id))
    await unit.keys.add(key)
