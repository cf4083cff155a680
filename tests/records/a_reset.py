"""Anna's attempt to reset her password, and those who could stand up for her."""

from datetime import timedelta
from typing import Any

from portvakt.core.ids import AccountId, FlowId, SessionId
from portvakt.core.password_reset import Reset
from portvakt.core.push_approval import RESET
from portvakt.core.vouchers import Sort
from portvakt.records import Unit
from tests import make
from tests.records.stored import person, somebody

ID = FlowId("reset")
MINE, THEIRS = b"m" * 32, b"t" * 32
BOSS, BO, CILLA, ELSEWHERE = (AccountId(f"id{n}") for n in (1, 2, 3, 4))
MINUTE = timedelta(minutes=1)


def reset(**given: Any) -> Reset:
    """One in which she has shown that she has her telephone."""
    begun = given.get("created_at", make.NOW)
    fields: dict[str, Any] = {
        "id": ID,
        "account_id": make.ANNA,
        "claimed": "anna.berg",
        "evidence": (make.evidence(make.SMS_CODE, purpose=RESET),),
        "created_at": begun,
        "expires_at": begun + 15 * MINUTE,
    }
    return Reset(**(fields | given))


def asking(**given: Any) -> Reset:
    """One that asks people."""
    return reset(**({"asked_at": make.NOW, "expires_at": make.NOW + 30 * MINUTE} | given))


async def start(unit: Unit, **given: Any) -> None:
    await unit.resets.start(reset(**given), MINE)


async def put_people(unit: Unit) -> None:
    """Her manager, two colleagues, and somebody of another unit; each with a session."""
    boss = somebody(1)
    await unit.people.upsert_many(
        [
            person(manager=boss.external_id),
            somebody(1, unit="Ledningen"),
            somebody(2),
            somebody(3),
            somebody(4, unit="Ekonomi"),
        ]
    )
    for each in (BOSS, BO, CILLA, ELSEWHERE):
        session = make.session(id=session_of(each), account_id=each)
        await unit.sessions.open(session, f"{each:>32}".encode())


async def ask(unit: Unit, **given: Any) -> None:
    """All of that, and she asks them."""
    await put_people(unit)
    await unit.resets.start(asking(**given), MINE)


def session_of(voucher: AccountId) -> SessionId:
    return SessionId(f"session-{voucher}")


async def give(
    unit: Unit,
    voucher: AccountId = BO,
    sort: Sort = Sort.COLLEAGUE,
    after: timedelta = timedelta(),
    attempt: FlowId = ID,
) -> bool:
    session = session_of(voucher)
    return await unit.vouches.give(attempt, voucher, session, sort, make.NOW + after)
