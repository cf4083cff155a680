"""Anna's phone, how it came and what it is asked; a test names only what it is about."""

from datetime import timedelta
from typing import Any

from portvakt.core.authenticators import Authenticator
from portvakt.core.ids import ApprovalId, AuthenticatorId, PairingId, SessionId
from portvakt.core.phones import Pairing, Phone, PhoneState
from portvakt.core.push_approval import LIVES, PAIRING_LIVES, Approval, ApprovalState
from portvakt.records import Unit
from tests import make

ID = AuthenticatorId("phone")
OTHER = AuthenticatorId("other-phone")
SESSION = SessionId("session")
NUMBER, WRONG = "42", "43"
CODE, SHORT = b"c" * 32, b"s" * 32


def phone(**given: Any) -> Phone:
    """A phone that was bound a while ago and is not woken."""
    fields: dict[str, Any] = {
        "id": ID,
        "account_id": make.ANNA,
        "state": PhoneState.ACTIVE,
        "name": "Annas Pixel",
        "jwk": '{"crv":"P-256","kty":"EC","x":"AA","y":"AA"}',
        "created_at": make.NOW - timedelta(days=3),
    }
    return Phone(**(fields | given))


def parts(id_: AuthenticatorId = ID, **given: Any) -> list[Authenticator]:
    """What a phone is bound with: itself, its codes and its sign-in."""
    name = {"label": "Annas Pixel"}
    return [
        make.bound(make.PUSH, **({"id": id_} | name | given)),
        make.bound(make.TOTP, **({"id": f"{id_}-totp", "detail": id_} | name | given)),
        make.bound(make.PHONE_SIGN_IN, **({"id": f"{id_}-sign-in", "detail": id_} | name | given)),
    ]


async def put(unit: Unit, id_: AuthenticatorId = ID, **given: Any) -> None:
    """Keep a phone of hers with all that belongs to it."""
    await unit.phones.add(phone(id=id_, **given), None)
    for each in parts(id_):
        await unit.authenticators.bind(each)


def pairing(**given: Any) -> Pairing:
    """A code that her page shows."""
    begun = given.get("created_at", make.NOW)
    fields: dict[str, Any] = {
        "id": PairingId("pairing"),
        "account_id": make.ANNA,
        "session_id": SESSION,
        "old_phone": None,
        "code_hash": CODE,
        "short_hash": SHORT,
        "created_at": begun,
        "expires_at": begun + PAIRING_LIVES,
    }
    return Pairing(**(fields | given))


async def put_proving(unit: Unit, id_: AuthenticatorId = ID) -> None:
    """Keep a phone that has just come with her code, and has not shown that it works."""
    await unit.pairings.start(pairing())
    await unit.pairings.spend(CODE, id_, make.NOW)
    proving = phone(id=id_, state=PhoneState.PROVING, created_at=make.NOW)
    await unit.phones.add(proving, b"sealed")


def approval(**given: Any) -> Approval:
    """A request that has just been made for any phone of hers."""
    made = given.get("created_at", make.NOW)
    fields: dict[str, Any] = {
        "id": ApprovalId("approval"),
        "account_id": make.ANNA,
        "flow": "flow",
        "browser": b"b" * 32,
        "purpose": "sign_in",
        "app": "",
        "number": NUMBER,
        "digits": 2,
        "lock": False,
        "quiet": False,
        "known_browser": True,
        "shown": b'{"v":1}',
        "state": ApprovalState.WAITING,
        "phone_id": None,
        "created_at": made,
        "expires_at": made + LIVES,
    }
    return Approval(**(fields | given))
