"""While a change is disowned a phone changes nothing about itself; it answers as before."""

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.freezing import Change, Disowned
from portvakt.core.push_approval import ApprovalState
from tests.journeys.approve_push.conftest import OpenWard
from tests.journeys.approve_push.ward import Ward

PUSH, PHONE_SIGN_IN = AuthenticatorType.PUSH, AuthenticatorType.PHONE_SIGN_IN


async def freeze(ward: Ward) -> None:
    now = ward.world.clock.at
    gone = Disowned(Change.ADDED, now, now)
    await ward.world.house.records.write(lambda unit: unit.freezes.freeze(ward.anna.id, gone))


async def test_it_neither_signs_in_alone_from_now_on_nor_stops(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        signing, other = await ward.signing_in_phone(), await ward.phone()
        await freeze(ward)
        off = await signing.act("screen_lock", sign_in=False)
        assert (off.status_code, off.json()["error"]) == (409, "frozen")
        on = await other.act("screen_lock", proof="attestation", sign_in=True)
        assert (on.status_code, on.json()["error"]) == (409, "frozen")
        assert [each.detail for each in await ward.bound(PHONE_SIGN_IN)] == [signing.id]


async def test_it_neither_moves_nor_leaves(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.signing_in_phone()
        begun = (await phone.act("transfer", proof="assertion")).json()["code"]
        await freeze(ward)
        moved = await ward.handset().pair(begun)
        assert moved.status_code == 403
        again = await phone.act("transfer", proof="assertion")
        assert (again.status_code, again.json()["error"]) == (409, "frozen")
        left = await phone.act("retire")
        assert (left.status_code, left.json()["error"]) == (409, "frozen")
        assert [each.id for each in await ward.bound(PUSH)] == [phone.id]


async def test_it_answers_as_before(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        await freeze(ward)
        approval = await ward.ask()
        [shown] = await phone.requests()
        assert await phone.result(shown, "approve", "42") == "approved"
        assert (await ward.approval(approval)).state is ApprovalState.APPROVED
