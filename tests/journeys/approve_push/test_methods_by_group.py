"""A phone whose owner may not use it any more approves nothing, and nothing is turned on in it."""

from portvakt.core.authenticators import SECOND_FACTORS, AuthenticatorType
from portvakt.core.method_rules import NAMEABLE, MethodEntry
from portvakt.core.push_approval import RESET, ApprovalState
from tests.journeys.approve_push.conftest import OpenWard
from tests.journeys.approve_push.ward import Ward

PUSH, PHONE_SIGN_IN = AuthenticatorType.PUSH, AuthenticatorType.PHONE_SIGN_IN
NO_PHONES = MethodEntry(id="staff", second_factor=SECOND_FACTORS - {PUSH})


async def with_entry(ward: Ward, entry: MethodEntry) -> None:
    await ward.world.configure(methods=[entry])


async def test_a_request_that_waited_is_not_shown_and_not_approved(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        await with_entry(ward, NO_PHONES)
        assert await phone.requests() == []
        assert await phone.result(shown, "approve", "42") == "ended"
        assert (await ward.approval(approval)).state is ApprovalState.WAITING


async def test_it_may_still_say_no(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        await with_entry(ward, NO_PHONES)
        assert await phone.result(shown, "deny") == "denied"
        assert (await ward.approval(approval)).state is ApprovalState.DENIED


async def test_for_a_reset_it_is_judged_by_what_resets_take(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        await with_entry(ward, NO_PHONES)
        await ward.ask("123456", purpose=RESET)
        [shown] = await phone.requests()
        assert await phone.result(shown, "approve", "123456") == "approved"


async def test_signing_in_with_the_phone_is_not_turned_on(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        entry = MethodEntry(id="staff", may_register=NAMEABLE - {PHONE_SIGN_IN})
        await with_entry(ward, entry)
        answer = await phone.act("screen_lock", proof="attestation", sign_in=True)
        assert answer.json()["error"] == "lock"
        assert await ward.bound(PHONE_SIGN_IN) == []


async def test_a_phone_is_not_moved_to_a_new_one(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        old = await ward.signing_in_phone()
        code = (await old.act("transfer", proof="assertion")).json()["code"]
        await with_entry(ward, MethodEntry(id="staff", may_register=NAMEABLE - {PUSH}))
        new = ward.handset()
        assert (await new.pair(code)).json()["error"] == "expired"
        assert len(await ward.bound(PUSH)) == 1


async def test_signing_in_with_the_phone_that_is_withdrawn_is_off(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.signing_in_phone()
        await with_entry(ward, MethodEntry(id="staff", passwordless=frozenset()))
        await ward.ask("123456", lock=True)
        assert await phone.requests() == []
        told = await phone.act("fetch")
        assert told.json()["sign_in"] is False
