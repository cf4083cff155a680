"""Who is one lost thing away from being locked out is told so, when they have signed in."""

from datetime import datetime, timedelta
from typing import Final

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.one_proof import hangs_on
from portvakt.proving.gate import Current
from portvakt.records.unit import Records

AFTER_SIGN_IN: Final = timedelta(minutes=15)
"""How long it stands there: somebody who is at work needs no reminder on every visit."""


async def one_thing_left(records: Records, current: Current, now: datetime) -> bool:
    """Say whether everything that this person can show would be gone with one thing.

    Reads nothing but for whoever has a card that all hangs on: how much is left of it. Raises
    RecordsUnavailable.
    """
    if now - current.session.created_at > AFTER_SIGN_IN:
        return False
    bound = current.standing.authenticators
    cards = [each.id for each in bound if each.type is AuthenticatorType.RECOVERY_CODE]
    if hangs_on(bound, cards, now) is not None:
        return True
    if hangs_on(bound, (), now) is None:
        return False
    account_id = current.standing.account.id
    left: int = await records.read(lambda unit: unit.authenticators.recovery_left(account_id))
    return left == 0
