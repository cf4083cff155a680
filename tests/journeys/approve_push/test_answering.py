"""What a phone is shown, and what its answer does: once, in time, for what was shown."""

import asyncio
import hashlib
import json

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.push_approval import ApprovalState
from tests import make
from tests.handset import b64u, jws, new_key, unb64u
from tests.journeys.approve_push.conftest import OpenWard
from tests.journeys.approve_push.ward import Ward
from tests.offline import give_offline, holds_offline


async def test_a_request_is_shown_as_it_was_stored_and_counts_as_delivered(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask()
        rung = asyncio.create_task(ward.world.house.records.wait(f"approval:{approval.id}", 5))
        await asyncio.sleep(0.1)
        [shown] = await phone.requests()
        assert shown["id"] == approval.id
        assert unb64u(shown["shown"]) == approval.shown
        assert json.loads(approval.shown)["app"] == "Lön & tid"
        assert "number" not in json.loads(approval.shown)
        assert await rung is True
        assert (await ward.approval(approval)).delivered_at == ward.world.clock()


async def test_a030_the_right_number_lets_the_browser_go_on_once(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        assert await phone.result(shown, "approve", "42") == "approved"
        assert (await ward.approval(approval)).state is ApprovalState.APPROVED
        assert await ward.finish(approval) == phone.id
        assert await ward.finish(approval) is None
        assert "phone.request_approved" in await ward.world.events(ward.anna)


async def test_a030_a_wrong_number_ends_the_request_and_the_right_one_comes_too_late(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        assert await phone.result(shown, "approve", "43") == "wrong_number"
        assert await phone.result(shown, "approve", "42") == "ended"
        assert await ward.finish(approval) is None
        assert "phone.request_wrong_number" in await ward.world.events(ward.anna)


async def test_a030_without_a_number_nothing_is_approved(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        answer = await phone.answer(shown, "approve", "")
        assert (answer.status_code, answer.json()["error"]) == (400, "malformed")
        for decision in ("deny", "not_me"):
            assert (await phone.answer(shown, decision, "42")).json()["error"] == "malformed"
        for number in ("4 2", "4x", "٤٢", "1234567"):
            assert (await phone.answer(shown, "approve", number)).json()["error"] == "malformed"
        assert (await ward.approval(approval)).state is ApprovalState.WAITING


async def test_deny_ends_the_request_and_beats_an_approval_that_is_not_used_yet(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        one, other, approval = await ward.phone(), await ward.phone(), await ward.ask("42")
        [shown] = await one.requests()
        assert await one.result(shown, "approve", "42") == "approved"
        assert await other.result(shown, "deny") == "denied"
        assert await ward.finish(approval) is None


async def test_a033_an_answer_that_is_sent_again_has_ended(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        assert await phone.result(shown, "approve", "42") == "approved"
        replayed = phone.sent[-1]
        again = await phone.post("answer", replayed)
        assert again.json()["result"] == "ended"
        assert await ward.finish(approval) == phone.id
        assert (await phone.post("answer", replayed)).json()["result"] == "ended"


async def test_a033_of_many_answers_at_once_one_counts(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, _ = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        results = await asyncio.gather(*(phone.result(shown, "approve", "42") for _ in range(5)))
        assert sorted(results) == ["approved", "ended", "ended", "ended", "ended"]


async def test_a034_one_changed_field_is_a_wrong_signature(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        digest = b64u(hashlib.sha256(approval.shown).digest())
        right = {"request": shown["id"], "shown": digest, "decision": "deny", "number": ""}
        signed = jws(phone.key, phone.header("answer"), phone.payload("answer", **right))
        for changed in (
            {"decision": "approve", "number": "42"},
            {"request": "a" * 26},
            {"shown": b64u(bytes(32))},
            {"iat": 1},
        ):
            head, _, signature = signed.split(".")
            payload = b64u(phone.payload("answer", **(right | changed)))
            answer = await phone.post("answer", {"jws": f"{head}.{payload}.{signature}"})
            assert (answer.status_code, answer.json()["error"]) == (401, "signature"), changed
        assert (await ward.approval(approval)).state is ApprovalState.WAITING


async def test_a034_another_phones_key_signs_for_nobody_else(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        phone.key = new_key()
        answer = await phone.answer(shown, "approve", "42")
        assert (answer.status_code, answer.json()["error"]) == (401, "signature")
        assert (await ward.approval(approval)).state is ApprovalState.WAITING


async def test_a034_what_was_signed_for_one_act_or_one_service_is_no_other(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone, _ = await ward.phone(), await ward.ask("42")
        for other in ({"act": "retire"}, {"aud": "https://other.example"}, {"aud": ""}):
            body = {"jws": phone.signed("fetch", **other)}
            answer = await phone.post("fetch", body)
            assert (answer.status_code, answer.json()["error"]) == (401, "signature"), other
        assert (await phone.act("fetch", v=2)).json()["error"] == "version"


async def test_a034_the_hash_of_something_else_is_refused_and_ends_nothing(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        other = {"shown": b64u(hashlib.sha256(b"something else").digest())}
        answer = await phone.answer(shown, "approve", "42", fields=other)
        assert (answer.status_code, answer.json()["error"]) == (400, "malformed")
        assert (await ward.approval(approval)).state is ApprovalState.WAITING


async def test_a034_nobody_answers_for_another_account(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        bo = await ward.world.person(
            make.account(id="bo", external_id="18", user_name="bo.ek", email="bo@region.example")
        )
        annas, bos = await ward.phone(), await ward.phone(account=bo)
        approval = await ward.ask("42")
        [shown] = await annas.requests()
        assert await bos.requests() == []
        for decision, number in (("approve", "42"), ("deny", ""), ("not_me", "")):
            assert await bos.result(shown, decision, number) == "ended"
        assert (await ward.approval(approval)).state is ApprovalState.WAITING


async def test_a034_a_phone_that_is_removed_while_a_request_waits_answers_it_no_more(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        id_ = AuthenticatorId(phone.id)
        await ward.write(lambda unit: unit.phones.remove(id_, ward.anna.id))
        answer = await phone.answer(shown, "approve", "42")
        assert (answer.status_code, answer.json()["error"]) == (410, "gone")
        assert (await ward.approval(approval)).state is ApprovalState.WAITING


async def test_a034_a_phone_that_is_removed_after_its_answer_opens_nothing(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        assert await phone.result(shown, "approve", "42") == "approved"
        assert (await phone.act("retire")).status_code == 200
        assert await ward.finish(approval) is None


async def test_a036_an_answer_after_ninety_seconds_has_ended(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        in_time, late = await ward.ask("42"), await ward.ask("43")
        first, second = await phone.requests()
        assert first["expires_at"] - first_made(first) == 90_000
        ward.world.clock.move(seconds=89)
        by_id = {each["id"]: each for each in (first, second)}
        assert await phone.result(by_id[in_time.id], "approve", "42") == "approved"
        ward.world.clock.move(seconds=2)
        assert await phone.requests() == []
        assert await phone.result(by_id[late.id], "approve", "43") == "ended"


def first_made(request: dict[str, str]) -> int:
    made: int = json.loads(unb64u(request["shown"]))["at"]
    return made


async def test_a036_a_browser_that_goes_on_a_minute_too_late_does_not(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask("42")
        [shown] = await phone.requests()
        await phone.result(shown, "approve", "42")
        ward.world.clock.move(seconds=61)
        assert await ward.finish(approval) is None


async def test_a032_at_most_two_requests_are_shown_and_those_from_a_known_browser_first(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        strange = await ward.ask("11", known_browser=False)
        ward.world.clock.move(seconds=1)
        known = await ward.ask("22")
        ward.world.clock.move(seconds=1)
        await ward.ask("33", known_browser=False)
        assert [each["id"] for each in await phone.requests()] == [known.id, strange.id]


async def test_a032_approving_one_request_leaves_the_other_as_it_is(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        hers, strangers = await ward.ask("42"), await ward.ask("17", known_browser=False)
        shown = {each["id"]: each for each in await phone.requests()}
        assert await phone.result(shown[hers.id], "approve", "42") == "approved"
        assert await ward.finish(strangers) is None
        assert (await ward.approval(strangers)).state is ApprovalState.WAITING
        assert await ward.finish(hers) == phone.id


async def test_opened_is_kept_the_first_time_and_wakes_the_page(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, approval = await ward.phone(), await ward.ask()
        assert (await phone.act("opened", request=approval.id)).json().keys() == {"now"}
        at = ward.world.clock()
        ward.world.clock.move(seconds=3)
        await phone.act("opened", request=approval.id)
        assert (await ward.approval(approval)).opened_at == at
        assert (await phone.act("opened", request="nosuch")).status_code == 200


async def test_a_test_request_is_for_its_own_phone_only(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        other, phone = await ward.phone(), ward.handset()
        code, _ = await ward.show_code()
        await phone.pair(code.long)
        await ward.ask("11")
        test = await ward.ask("22", purpose="test", phone_id=phone.id)
        assert [each["id"] for each in await phone.requests()] == [test.id]
        assert test.id not in [each["id"] for each in await other.requests()]
        [shown] = await phone.requests()
        assert await other.result(shown, "approve", "22") == "ended"
        assert await phone.result(shown, "approve", "22") == "approved"


async def test_a_phone_that_is_not_proved_answers_nothing_but_its_test(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        bound, phone, approval = await ward.phone(), ward.handset(), await ward.ask("42")
        code, _ = await ward.show_code()
        await phone.pair(code.long)
        assert await phone.requests() == []
        [shown] = await bound.requests()
        assert await phone.result(shown, "approve", "42") == "ended"
        assert (await ward.approval(approval)).state is ApprovalState.WAITING


async def test_not_me_ends_everything_that_waits_and_tells_the_person(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, one, two = await ward.phone(), await ward.ask("11"), await ward.ask("22")
        shown = await phone.requests()
        assert await phone.result(shown[0], "not_me") == "denied"
        for each in (one, two):
            assert (await ward.approval(each)).state is ApprovalState.DENIED
        assert (await ward.world.events(ward.anna)).count("phone.request_not_me") == 1
        assert await ward.mails() == ["Du svarade att det inte var du"]
        assert await phone.result(shown[0], "not_me") == "ended"
        assert await ward.mails() == []


async def test_a_phone_that_is_not_proved_ends_its_own_test_and_nothing_else(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone, approval = ward.handset(), await ward.ask("42")
        code, _ = await ward.show_code()
        await phone.pair(code.long)
        await ward.ask("22", purpose="test", phone_id=phone.id)
        [shown] = await phone.requests()
        assert await phone.result(shown, "not_me") == "denied"
        assert (await ward.approval(approval)).state is ApprovalState.WAITING
        assert (await phone.act("lock_account")).json()["error"] == "malformed"
        assert await ward.mails() == []


async def test_after_not_me_the_phone_may_lock_the_account(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, other, _ = await ward.phone(), await ward.phone(), await ward.ask()
        refused = await phone.act("lock_account")
        assert (refused.status_code, refused.json()["error"]) == (400, "malformed")
        [shown] = await phone.requests()
        await phone.result(shown, "not_me")
        await open_session(ward)
        now = ward.world.clock.at
        await ward.write(lambda unit: give_offline(unit, ward.anna.id, now))
        assert (await other.act("lock_account")).json()["error"] == "malformed"
        assert (await phone.act("lock_account")).json().keys() == {"now"}
        assert await ward.world.sessions(ward.anna) == []
        assert not await ward.write(lambda unit: holds_offline(unit, now))
        [password] = await ward.bound(AuthenticatorType.PASSWORD)
        assert password.state is AuthenticatorState.SUSPENDED
        assert (await phone.act("lock_account")).status_code == 200
        events = await ward.world.events(ward.anna)
        assert events.count("phone.password_put_aside") == 1
        assert "Ditt konto är låst" in await ward.mails()


async def test_a_quarter_of_an_hour_after_not_me_the_phone_no_longer_locks(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone, _ = await ward.phone(), await ward.ask()
        [shown] = await phone.requests()
        await phone.result(shown, "not_me")
        ward.world.clock.move(minutes=15, seconds=1)
        assert (await phone.act("lock_account")).json()["error"] == "malformed"
        [password] = await ward.bound(AuthenticatorType.PASSWORD)
        assert password.state is AuthenticatorState.ACTIVE


async def open_session(ward: Ward) -> None:
    session = make.session(account_id=make.ANNA)
    await ward.write(lambda unit: unit.sessions.open(session, b"secret"))
