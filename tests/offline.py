"""An app that holds something of a person offline, in as few words as a test has for it."""

from dataclasses import replace
from datetime import datetime, timedelta

from portvakt.core.ids import AccountId, GrantId
from portvakt.records import Unit
from tests.records.test_grants import CODE, GRANT

OFFLINE = GrantId("offline")


async def give_offline(unit: Unit, account_id: AccountId, now: datetime) -> None:
    """Give the shop what outlives every session, for a day."""
    day = now + timedelta(days=1)
    grant = replace(GRANT, id=OFFLINE, account_id=account_id, offline=True, expires_at=day)
    await unit.grants.put_code(replace(CODE, hash=b"o" * 32, grant=grant))


async def holds_offline(unit: Unit, now: datetime) -> bool:
    """Say whether it has it still."""
    return await unit.grants.load(OFFLINE, now) is not None
