"""Passwordless sign-in: the screen lock is proved for exactly what the phone signs."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.push_approval import ApprovalState
from tests.handset import UP, UV, Handset, jws, new_key
from tests.journeys.approve_push.conftest import OpenWard

PHONE_SIGN_IN = AuthenticatorType.PHONE_SIGN_IN


async def test_the_lock_is_made_and_passwordless_sign_in_turned_on_in_one_act(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        answer = await phone.act("screen_lock", proof="attestation", sign_in=True)
        assert answer.status_code == 200, answer.text
        assert answer.json()["sign_in"] is True
        assert answer.json()["screen_lock"] is not None
        [bound] = await ward.bound(PHONE_SIGN_IN)
        assert bound.detail == phone.id
        assert "phone.sign_in_enabled" in await ward.world.events(ward.anna)
        assert await ward.mails() == ["Nytt sätt att logga in på ditt konto"]


async def test_it_is_turned_off_without_a_proof_and_on_again_with_one(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.signing_in_phone()
        off = await phone.act("screen_lock", sign_in=False)
        assert off.json()["sign_in"] is False
        assert off.json()["screen_lock"] is not None
        assert await ward.bound(PHONE_SIGN_IN) == []
        assert (await phone.act("screen_lock", sign_in=True)).json()["error"] == "lock"
        on = await phone.act("screen_lock", proof="assertion", sign_in=True)
        assert on.json()["sign_in"] is True
        again = await phone.act("screen_lock", proof="assertion", sign_in=True)
        assert again.json()["sign_in"] is True
        events = await ward.world.events(ward.anna)
        assert events.count("phone.sign_in_enabled") == 2
        assert events.count("phone.sign_in_disabled") == 1
        assert len(await ward.bound(PHONE_SIGN_IN)) == 1


async def test_a_credential_is_made_once(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.signing_in_phone()
        again = await phone.act("screen_lock", proof="attestation", sign_in=True)
        assert (again.status_code, again.json()["error"]) == (400, "malformed")


async def test_a_phone_that_is_not_proved_does_not_sign_in_alone(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = ward.handset()
        code, _ = await ward.show_code()
        await phone.pair(code.long)
        refused = await phone.act("screen_lock", proof="attestation", sign_in=True)
        assert (refused.status_code, refused.json()["error"]) == (403, "lock")
        made = await phone.act("screen_lock", proof="attestation", sign_in=False)
        assert made.json()["screen_lock"] is not None
        assert await ward.bound(PHONE_SIGN_IN) == []
        await ward.bind(phone)
        on = await phone.act("screen_lock", proof="assertion", sign_in=True)
        assert on.json()["sign_in"] is True


async def test_a_request_with_lock_is_approved_with_number_and_lock(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.signing_in_phone()
        approval = await ward.ask("012345", lock=True)
        [shown] = await phone.requests()
        without = await phone.answer(shown, "approve", "012345")
        assert (without.status_code, without.json()["error"]) == (403, "lock")
        assert await phone.result(shown, "approve", "012345") == "approved"
        assert await ward.finish(approval) == phone.id


async def test_denying_takes_no_lock(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.signing_in_phone()
        await ward.ask("012345", lock=True)
        [shown] = await phone.requests()
        assert await phone.result(shown, "deny") == "denied"


async def test_a_request_with_lock_is_for_phones_that_sign_in_alone(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        plain, signing = await ward.phone(), await ward.signing_in_phone()
        approval = await ward.ask("012345", lock=True)
        assert await plain.requests() == []
        [shown] = await signing.requests()
        assert (await plain.answer(shown, "approve", "012345")).json()["error"] == "lock"
        await signing.act("screen_lock", sign_in=False)
        answer = await signing.answer(shown, "approve", "012345", proof="assertion")
        assert answer.json()["error"] == "lock"
        assert (await ward.approval(approval)).state is ApprovalState.WAITING


def without_presence(phone: Handset) -> None:
    phone.lock.flags = UV


def without_verification(phone: Handset) -> None:
    phone.lock.flags = UP


def another_key(phone: Handset) -> None:
    phone.lock.key = new_key()


def another_credential(phone: Handset) -> None:
    phone.lock.id = b"another-credential"


def another_host(phone: Handset) -> None:
    phone.lock.rp_id = "region.example"


def a_count_that_does_not_rise(phone: Handset) -> None:
    phone.lock.count = 0
    phone.lock.counts = False


@pytest.mark.parametrize(
    "wrong",
    [
        without_presence,
        without_verification,
        another_key,
        another_credential,
        another_host,
        a_count_that_does_not_rise,
    ],
)
async def test_a_lock_that_is_not_this_phones_open_now_approves_nothing(
    open_ward: OpenWard, wrong: Callable[[Handset], None]
) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        phone.lock.count = 7
        await phone.act("screen_lock", proof="attestation", sign_in=True)
        approval = await ward.ask("012345", lock=True)
        [shown] = await phone.requests()
        wrong(phone)
        answer = await phone.answer(shown, "approve", "012345", proof="assertion")
        assert (answer.status_code, answer.json()["error"]) == (403, "lock")
        assert (await ward.approval(approval)).state is ApprovalState.WAITING


@pytest.mark.parametrize(
    "said",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://portvakt.region.example.evil.example"},
        {"origin": "http://portvakt.region.example"},
        {"type": "webauthn.create"},
        {"challenge": "AAAA"},
        {"crossOrigin": True},
    ],
)
async def test_a_lock_that_was_asked_for_elsewhere_or_for_something_else_is_refused(
    open_ward: OpenWard, said: dict[str, Any]
) -> None:
    async with open_ward() as ward:
        phone = await ward.signing_in_phone()
        approval = await ward.ask("012345", lock=True)
        [shown] = await phone.requests()
        answer = await phone.answer(shown, "approve", "012345", proof="assertion", said=said)
        assert (answer.status_code, answer.json()["error"]) == (403, "lock")
        assert (await ward.approval(approval)).state is ApprovalState.WAITING


async def test_a033_a_lock_that_was_used_is_not_used_again(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.signing_in_phone()
        first, second = await ward.ask("012345", lock=True), await ward.ask("543210", lock=True)
        shown = {each["id"]: each for each in await phone.requests()}
        assert await phone.result(shown[first.id], "approve", "012345") == "approved"
        used = phone.sent[-1]["assertion"]
        await phone.answer(shown[second.id], "approve", "543210", proof="assertion")
        body = phone.sent[-1] | {"assertion": used}
        assert (await phone.post("answer", body)).json()["error"] == "lock"


async def test_an_authenticator_that_counts_nothing_is_taken_at_its_word(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        phone.lock.counts = False
        await phone.act("screen_lock", proof="attestation", sign_in=True)
        for _ in range(2):
            await ward.ask("012345", lock=True)
            [shown] = await phone.requests()
            assert await phone.result(shown, "approve", "012345") == "approved"


async def test_a_proof_stands_beside_acts_that_take_one_only(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.signing_in_phone()
        for act in ("fetch", "retire", "lock_account"):
            assert (await phone.act(act, proof="assertion")).json()["error"] == "malformed"
        assert (await phone.act("transfer", proof="attestation")).json()["error"] == "malformed"


@pytest.mark.parametrize("part", ["client_data", "attestation_object", "id"])
async def test_rubbish_in_place_of_an_attestation_is_refused(
    open_ward: OpenWard, part: str
) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        payload = phone.payload("screen_lock", sign_in=True)
        right = phone.lock.made(hashlib.sha256(payload).digest())
        for rubbish in ("", "AA", "oA", "x" * 3000, right[part][:-4]):
            body = {
                "jws": jws(phone.key, phone.header("screen_lock"), payload),
                "attestation": right | {part: rubbish},
            }
            answer = await phone.post("screen_lock", body)
            assert answer.json()["error"] in {"lock", "malformed"}, rubbish
        assert await ward.bound(PHONE_SIGN_IN) == []
