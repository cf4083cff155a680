"""Trails to tamper with, and what a walk says of them."""

from datetime import timedelta

from portvakt.audit_check import Checked, check
from portvakt.core.assurance import Aal
from portvakt.core.audit_chain import ChainKeys, Tip
from portvakt.core.events import Event, PersonInvited, SignInFailed, SignInSucceeded
from portvakt.core.ids import AccountId, RuleId, SessionId
from portvakt.core.policy import Outcome, TraceLine
from portvakt.records import Records, Unit
from tests import make

KEYS = ChainKeys("k1", {"k1": b"1" * 32})
SIZES = (3, 1, 4, 2)
"""Of the batches of `fill`."""
EVENTS = sum(SIZES)
TRACE = (TraceLine(RuleId("outside"), Outcome.APPLIED, "multifactor"),)


def event(n: int) -> Event:
    """Say one of three things."""
    told = {
        "at": make.NOW + timedelta(minutes=n),
        "account_id": make.ANNA if n % 2 else AccountId("bo"),
        "address": f"192.0.2.{n % 250}",
        "request_id": f"r{n}",
    }
    if n % 3 == 0:
        return PersonInvited(**told, actor="import")  # type: ignore[arg-type]  # as given
    if n % 3 == 1:
        return SignInFailed(**told, method=make.TOTP, reason="wrong")  # type: ignore[arg-type]
    return SignInSucceeded(
        **told,  # type: ignore[arg-type]
        session_id=SessionId(f"s{n}"),
        app=None,
        methods=(make.PASSWORD,),
        aal=Aal.ONE,
        rules=(),
        networks=(),
        known_browser=True,
        user_agent="Firefox",
    )


async def fill(records: Records) -> None:
    """Write and seal a few batches."""
    n = 0
    for size in SIZES:
        for _ in range(size):
            n += 1
            told = event(n)
            await records.write(lambda unit: unit.audit.write(told, TRACE))  # noqa: B023
        await seal(records, size)


async def seal(records: Records, most: int = 1_000, keys: ChainKeys = KEYS) -> Tip:
    """Seal what waits in one batch, and return where the trail ends."""

    async def act(unit: Unit) -> Tip:
        await unit.audit_chain.seal(keys, make.NOW, most)
        return await unit.audit_chain.tip()

    return await records.write(act)


async def checked(records: Records, *heads: Tip, keys: ChainKeys = KEYS) -> Checked:
    """Walk through it."""
    return await check(records, keys, {each.number: each for each in heads}, lambda _d, _o: None)
