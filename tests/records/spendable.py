"""Everything that may happen once, as (how it comes to be, how somebody takes it)."""

import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from portvakt.core.ids import AuthenticatorId, FlowId, GrantId, SessionId
from portvakt.core.throttle import Limit
from portvakt.records import Code, Draft, KeyState, Spent, StoredKey, Unit
from tests import make
from tests.records import test_codes, test_drafts, test_grants, test_outbox
from tests.records.stored import somebody

MAC = test_codes.MAC


@dataclass(frozen=True, slots=True)
class Spendable:
    """`put` makes the n-th of it; `take` says whether this taker got it."""

    put: Callable[[Unit, int], Coroutine[Any, Any, None]]
    take: Callable[[Unit, int], Coroutine[Any, Any, bool]]


async def put_code(unit: Unit, n: int) -> None:
    code: Code = replace(test_codes.CODE, id=f"code{n}", flow=f"flow{n}")
    await unit.codes.issue(code)


async def take_code(unit: Unit, n: int) -> bool:
    return isinstance(await unit.codes.spend(f"flow{n}", "sign_in", MAC, make.NOW), Spent)


async def put_totp(unit: Unit, n: int) -> None:
    totp = make.bound(make.TOTP, id=AuthenticatorId(f"totp{n}"))
    await unit.authenticators.bind(totp, sealed=b"x", last_step=10)


async def take_totp(unit: Unit, n: int) -> bool:
    return await unit.authenticators.burn_step(AuthenticatorId(f"totp{n}"), 11, make.NOW)


async def put_card(unit: Unit, n: int) -> None:
    card = make.bound(make.RECOVERY_CODE, id=AuthenticatorId(f"card{n}"))
    await unit.authenticators.bind(card)
    await unit.authenticators.recovery_put(card.id, [(0, f"h{n}", "$x")])


async def take_card(unit: Unit, n: int) -> bool:
    rows = await unit.authenticators.recovery_find(make.ANNA, f"h{n}")
    return bool(rows) and await unit.authenticators.recovery_burn(rows[0].id, make.NOW)


async def put_start_code(unit: Unit, n: int) -> None:
    await unit.people.upsert_many([somebody(n)])
    code = make.bound(make.START_CODE, id=AuthenticatorId(f"start{n}"), account_id=somebody(n).id)
    await unit.authenticators.bind(code, verifier="$x")


async def take_start_code(unit: Unit, n: int) -> bool:
    return await unit.authenticators.start_code_burn(AuthenticatorId(f"start{n}"), make.NOW)


async def put_grant(unit: Unit, n: int) -> None:
    code = test_grants.CODE
    grant = replace(code.grant, id=GrantId(f"grant{n}"))
    await unit.grants.put_code(replace(code, grant=grant, hash=f"{n:032}".encode()))


async def take_grant(unit: Unit, n: int) -> bool:
    got = await unit.grants.spend_code(f"{n:032}".encode(), make.NOW)
    return hasattr(got, "grant")


async def put_draft(unit: Unit, n: int) -> None:
    draft: Draft = replace(test_drafts.DRAFT, id=f"draft{n}")
    await unit.drafts.put(draft)


async def take_draft(unit: Unit, n: int) -> bool:
    taken = await unit.drafts.spend(f"draft{n}", make.ANNA, test_drafts.SESSION, make.NOW)
    return taken is not None


async def put_flow(unit: Unit, n: int) -> None:
    await unit.flows.start(make.sign_in(id=FlowId(f"flow{n}")), b"m" * 32)


async def end_flow(unit: Unit, n: int) -> bool:
    return await unit.flows.close(FlowId(f"flow{n}"), 0)


async def save_flow(unit: Unit, n: int) -> bool:
    return await unit.flows.save(make.sign_in(id=FlowId(f"flow{n}")))


async def put_session(unit: Unit, n: int) -> None:
    await unit.sessions.open(make.session(id=SessionId(f"session{n}")), b"s" * 32)


async def grow_session(unit: Unit, n: int) -> bool:
    return await unit.sessions.update(make.session(id=SessionId(f"session{n}")), None, 0)


async def put_person(unit: Unit, n: int) -> None:
    await unit.people.upsert_many([somebody(n)])


async def take_welcome(unit: Unit, n: int) -> bool:
    return await unit.people.welcome_used(somebody(n).id, make.NOW)


async def put_message(unit: Unit, n: int) -> None:
    await unit.outbox.put(test_outbox.numbered(n))


async def take_message(unit: Unit, n: int) -> bool:
    later = make.NOW + timedelta(days=1)
    claimed = await unit.outbox.claim("sms", later, 1, timedelta(days=9))
    return [each.id for each in claimed] == [f"m{n}"]


async def nothing(_unit: Unit, _n: int) -> None:
    pass


async def make_key(unit: Unit, n: int) -> bool:
    key = StoredKey(
        kid="",
        alg=f"alg{n}",
        sealed=b"x",
        state=KeyState.CURRENT,
        created_at=make.NOW,
        changed_at=make.NOW,
    )
    # Each brings another key: only the algorithm makes them meet.
    return await unit.signing_keys.put(replace(key, kid=f"{n}-{os.getpid()}"))


async def last_try(unit: Unit, n: int) -> bool:
    """One try is allowed; all others meet the stop."""
    limit = Limit(run=1, stop=timedelta(minutes=15))
    count = await unit.attempts.count(f"subject{n}", "password", "known", limit, make.NOW)
    return count.allowed


SPENDABLE = {
    "code": Spendable(put_code, take_code),
    "totp_step": Spendable(put_totp, take_totp),
    "recovery_code": Spendable(put_card, take_card),
    "start_code": Spendable(put_start_code, take_start_code),
    "authorization_code": Spendable(put_grant, take_grant),
    "draft": Spendable(put_draft, take_draft),
    "end_of_a_flow": Spendable(put_flow, end_flow),
    "version_of_a_flow": Spendable(put_flow, save_flow),
    "version_of_a_session": Spendable(put_session, grow_session),
    "welcome_window": Spendable(put_person, take_welcome),
    "message": Spendable(put_message, take_message),
    "first_signing_key": Spendable(nothing, make_key),
    "last_try": Spendable(nothing, last_try),
}
