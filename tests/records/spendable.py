"""Everything that may happen once, as (how it comes to be, how somebody takes it)."""

import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from portvakt.core.freezing import Change
from portvakt.core.ids import (
    ApprovalId,
    AuthenticatorId,
    FlowId,
    GrantId,
    PairingId,
    SessionId,
)
from portvakt.core.password_reset import Stage
from portvakt.core.phones import PhoneState
from portvakt.core.push_approval import ApprovalState
from portvakt.core.throttle import Limit
from portvakt.records import Code, Draft, KeyState, Paired, Rotated, Spent, StoredKey, Unit
from portvakt.records.freezes import Link
from tests import make
from tests.records import (
    a_key,
    a_phone,
    a_reset,
    test_codes,
    test_drafts,
    test_grants,
    test_hardware_tokens,
    test_known_browsers,
    test_outbox,
)
from tests.records.spendable_apps import OF_APPS
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
    session = replace(make.session(), id=SessionId(f"session{n}"))
    await unit.sessions.open(session, f"{n:032}".encode())
    grant = replace(code.grant, id=GrantId(f"grant{n}"), session_id=session.id)
    await unit.grants.put_code(replace(code, grant=grant, hash=f"{n:032}".encode()))


async def take_grant(unit: Unit, n: int) -> bool:
    got = await unit.grants.spend_code(f"{n:032}".encode(), make.NOW)
    return hasattr(got, "grant")


async def put_family(unit: Unit, n: int) -> None:
    await put_grant(unit, n)
    await unit.refresh_tokens.begin(b"f%d" % n, b"first", GrantId(f"grant{n}"), make.NOW)


async def refresh(unit: Unit, n: int) -> bool:
    new = os.urandom(32)
    return isinstance(
        await unit.refresh_tokens.rotate(b"f%d" % n, b"first", new, make.NOW), Rotated
    )


async def spend_id(unit: Unit, n: int) -> bool:
    return await unit.seen_ids.spend(b"id%d" % n, make.NOW)


async def put_draft(unit: Unit, n: int) -> None:
    draft: Draft = replace(test_drafts.DRAFT, id=f"draft{n}")
    await unit.drafts.put(draft)


async def take_draft(unit: Unit, n: int) -> bool:
    taken = await unit.drafts.spend(f"draft{n}", make.ANNA, test_drafts.SESSION, make.NOW)
    return taken is not None


async def put_challenge(unit: Unit, n: int) -> None:
    """Nothing is kept of it before it is spent."""


async def take_challenge(unit: Unit, n: int) -> bool:
    return await unit.keys.spend(replace(a_key.CHALLENGE, challenge=f"{n:032}".encode()), make.NOW)


async def put_key(unit: Unit, n: int) -> None:
    await a_key.put(unit, id=AuthenticatorId(f"key{n}"), credential_id=f"{n:032}".encode())


async def take_key_count(unit: Unit, n: int) -> bool:
    return await unit.keys.used(AuthenticatorId(f"key{n}"), 10, make.NOW, backed_up=False)


async def put_freeze_link(unit: Unit, n: int) -> None:
    await unit.freezes.put_link(f"{n:032}".encode(), Link(make.ANNA, Change.ADDED, make.NOW))


async def take_freeze_link(unit: Unit, n: int) -> bool:
    return await unit.freezes.spend(f"{n:032}".encode(), make.NOW) is not None


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


async def put_approval(unit: Unit, n: int) -> None:
    """Each on a phone of its own, as it is the phone that is asked for."""
    await a_phone.put(unit, AuthenticatorId(f"phone{n}"))
    await unit.approvals.start(a_phone.approval(id=ApprovalId(f"approval{n}"), flow=f"flow{n}"))


async def answer(unit: Unit, n: int, *, approve: bool) -> ApprovalState | None:
    return await unit.approvals.answer(
        ApprovalId(f"approval{n}"),
        make.ANNA,
        AuthenticatorId(f"phone{n}"),
        a_phone.NUMBER,
        make.NOW,
        approve=approve,
    )


async def take_yes(unit: Unit, n: int) -> bool:
    return await answer(unit, n, approve=True) is ApprovalState.APPROVED


async def put_answered(unit: Unit, n: int) -> None:
    await put_approval(unit, n)
    await answer(unit, n, approve=True)


async def finish(unit: Unit, n: int) -> bool:
    return await unit.approvals.finish(f"flow{n}", "sign_in", make.NOW, lock=False) is not None


async def finish_or_deny(unit: Unit, n: int) -> bool:
    """Half of them go on, the other half say that it was not them."""
    if os.getpid() % 2 == 0:
        return await finish(unit, n)
    return await answer(unit, n, approve=False) is not None


async def put_pairing(unit: Unit, n: int) -> None:
    await unit.pairings.start(
        a_phone.pairing(id=PairingId(f"pairing{n}"), code_hash=f"{n:032}".encode())
    )


async def take_pairing(unit: Unit, n: int) -> bool:
    phone = AuthenticatorId(f"phone{os.getpid()}")
    got = await unit.pairings.spend(f"{n:032}".encode(), phone, make.NOW)
    return isinstance(got, Paired)


async def take_short(unit: Unit, _n: int) -> bool:
    phone = AuthenticatorId(f"phone{os.getpid()}")
    got = await unit.pairings.spend_short(make.ANNA, a_phone.SHORT, phone, make.NOW)
    return isinstance(got, Paired)


async def take_either_code(unit: Unit, n: int) -> bool:
    return await (take_pairing if os.getpid() % 2 == 0 else take_short)(unit, n)


async def put_proving(unit: Unit, n: int) -> None:
    phone = a_phone.phone(id=AuthenticatorId(f"proving{n}"), state=PhoneState.PROVING)
    await unit.phones.add(phone, b"sealed")


async def activate(unit: Unit, n: int) -> bool:
    return await unit.phones.activate(AuthenticatorId(f"proving{n}"), make.NOW)


async def make_lock(unit: Unit, n: int) -> bool:
    key = str(os.getpid()).encode()
    return await unit.phones.lock(AuthenticatorId(f"proving{n}"), key, key, 0)


async def put_lock(unit: Unit, n: int) -> None:
    await put_proving(unit, n)
    await make_lock(unit, n)


async def take_count(unit: Unit, n: int) -> bool:
    return await unit.phones.signed(AuthenticatorId(f"proving{n}"), 1)


async def remove_phone(unit: Unit, n: int) -> bool:
    return await unit.phones.remove(AuthenticatorId(f"phone{n}"), make.ANNA)


async def put_vouchers(unit: Unit) -> None:
    if await unit.people.load(a_reset.BO) is None:
        await a_reset.put_people(unit)


async def put_reset(unit: Unit, n: int) -> None:
    await put_vouchers(unit)
    await unit.resets.start(a_reset.asking(id=FlowId(f"reset{n}")), a_reset.MINE)


async def save_reset(unit: Unit, n: int) -> bool:
    return await unit.resets.save(a_reset.asking(id=FlowId(f"reset{n}")))


async def claim_write(unit: Unit, n: int) -> bool:
    return await unit.resets.begin_writing(FlowId(f"reset{n}"), 0, make.NOW)


async def claim_or_end(unit: Unit, n: int) -> bool:
    """Half of them write, the other half end it."""
    if os.getpid() % 2 == 0:
        return await claim_write(unit, n)
    return await unit.resets.close(FlowId(f"reset{n}"), 0)


async def put_written(unit: Unit, n: int) -> None:
    await put_reset(unit, n)
    await claim_write(unit, n)


async def settle(unit: Unit, n: int) -> bool:
    """The browser that waits, and the job that reads back."""
    done = a_reset.asking(id=FlowId(f"reset{n}"), stage=Stage.DONE, version=1)
    return await unit.resets.save(done)


async def vouch(unit: Unit, n: int) -> bool:
    return await a_reset.give(unit, attempt=FlowId(f"reset{n}"))


async def put_old_vouch(unit: Unit, n: int) -> None:
    """One that counts no more, in an attempt that asks again."""
    await put_vouchers(unit)
    id_, before = FlowId(f"reset{n}"), -15 * a_reset.MINUTE
    begun = make.NOW + before
    await unit.resets.start(a_reset.asking(id=id_, created_at=begun, asked_at=begun), a_reset.MINE)
    await a_reset.give(unit, after=before, attempt=id_)
    await unit.resets.save(a_reset.asking(id=id_))


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
    "known_browser": Spendable(test_known_browsers.put, test_known_browsers.use),
    "copy_of_a_known_browser": Spendable(
        test_known_browsers.put_copied, test_known_browsers.end_copied
    ),
    "hardware_token": Spendable(test_hardware_tokens.put, test_hardware_tokens.take),
    "recovery_code": Spendable(put_card, take_card),
    "start_code": Spendable(put_start_code, take_start_code),
    "authorization_code": Spendable(put_grant, take_grant),
    "refresh_token": Spendable(put_family, refresh),
    "id_of_an_assertion": Spendable(nothing, spend_id),
    **{name: Spendable(*acts) for name, acts in OF_APPS.items()},
    "draft": Spendable(put_draft, take_draft),
    "challenge_of_a_key": Spendable(put_challenge, take_challenge),
    "count_of_a_key": Spendable(put_key, take_key_count),
    "link_that_freezes": Spendable(put_freeze_link, take_freeze_link),
    "end_of_a_flow": Spendable(put_flow, end_flow),
    "version_of_a_flow": Spendable(put_flow, save_flow),
    "version_of_a_session": Spendable(put_session, grow_session),
    "welcome_window": Spendable(put_person, take_welcome),
    "message": Spendable(put_message, take_message),
    "yes_of_a_phone": Spendable(put_approval, take_yes),
    "approval": Spendable(put_answered, finish),
    "approval_or_its_denial": Spendable(put_answered, finish_or_deny),
    "pairing_code": Spendable(put_pairing, take_pairing),
    "short_pairing_code": Spendable(put_pairing, take_short),
    "either_pairing_code": Spendable(put_pairing, take_either_code),
    "phone_that_proves": Spendable(put_proving, activate),
    "screen_lock": Spendable(put_proving, make_lock),
    "count_of_a_screen_lock": Spendable(put_lock, take_count),
    "phone": Spendable(put_approval, remove_phone),
    "version_of_a_reset": Spendable(put_reset, save_reset),
    "write_of_a_reset": Spendable(put_reset, claim_write),
    "write_of_a_reset_or_its_end": Spendable(put_reset, claim_or_end),
    "outcome_of_a_reset": Spendable(put_written, settle),
    "vouch": Spendable(put_reset, vouch),
    "vouch_given_anew": Spendable(put_old_vouch, vouch),
    "first_signing_key": Spendable(nothing, make_key),
    "last_try": Spendable(nothing, last_try),
}
