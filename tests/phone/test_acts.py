"""What a phone does, against a service that refuses whatever the page does not say."""

import json

import pytest

from portvakt.phone.codes import code_at
from portvakt.phone.errors import (
    GoneError,
    MisusedError,
    PhoneError,
    RefusedError,
    UnreachableError,
    UnreadableError,
)
from portvakt.phone.screen_lock import ScreenLock
from tests.phone.hand import hand
from tests.phone.service import CODE, ORIGIN, Service

MINUTE = 60_000


async def test_a_phone_is_paired_by_its_code_and_learns_who_it_is() -> None:
    async with hand() as it:
        phone, said = await it.pairing()
        assert (said.state, said.name, said.account.user_name) == (
            "proving",
            "Annas telefon",
            "anna.berg",
        )
        assert phone.identity.phone == "phone-1"
        assert phone.identity.origin == ORIGIN


async def test_a_second_pairing_with_one_code_is_refused_in_words() -> None:
    async with hand() as it:
        await it.paired()
        with pytest.raises(RefusedError, match="used already") as refused:
            await it.paired()
        assert refused.value.word == "used"


async def test_the_right_number_approves_and_binds() -> None:
    async with hand() as it:
        phone = await it.paired()
        it.service.request("42")
        request = await it.one(phone)
        await phone.opened(request)
        assert (await phone.approve(request, "42")).result == "approved"
        assert (await phone.fetch()).state == "active"
        assert it.service.seen == [("opened", request.id), ("approve", request.id)]


async def test_a030_a_wrong_number_ends_the_request() -> None:
    async with hand() as it:
        phone = await it.paired()
        it.service.request("42")
        request = await it.one(phone)
        assert (await phone.approve(request, "43")).result == "wrong_number"
        assert (await phone.approve(request, "42")).result == "ended"


@pytest.mark.parametrize("number", ["4", "421", "4x", "٤٢", ""])
async def test_a_number_that_cannot_be_the_one_is_not_sent(number: str) -> None:
    async with hand() as it:
        phone = await it.paired()
        it.service.request("42")
        request = await it.one(phone)
        with pytest.raises(MisusedError, match="has 2 digits"):
            await phone.approve(request, number)
        assert "answer" not in it.service.asked


async def test_denying_ends_one_and_not_me_ends_all() -> None:
    async with hand() as it:
        phone = await it.paired()
        for _ in range(2):
            it.service.request()
        first, second = (await phone.fetch()).requests
        assert (await phone.deny(first)).result == "denied"
        it.service.request()
        assert (await phone.not_me(second)).result == "denied"
        assert not (await phone.fetch()).requests
        await phone.lock_account()
        assert it.service.seen[-1] == ("lock_account",)


async def test_sign_in_is_turned_on_off_and_on_with_one_screen_lock() -> None:
    async with hand() as it:
        phone = await it.paired()
        assert (await phone.set_sign_in(on=True)).sign_in
        first = phone.identity.lock
        assert first is not None
        assert not (await phone.set_sign_in(on=False)).sign_in
        assert (await phone.set_sign_in(on=True)).sign_in
        assert phone.identity.lock is first


async def test_a_request_with_the_lock_is_approved_by_number_and_screen_lock() -> None:
    async with hand() as it:
        phone = await it.paired()
        await phone.set_sign_in(on=True)
        it.service.request("123456", lock=True)
        assert (await phone.approve(await it.one(phone), "123456")).result == "approved"


async def test_without_a_screen_lock_nothing_that_asks_for_it_is_sent() -> None:
    async with hand() as it:
        phone = await it.paired()
        it.service.request("123456", lock=True)
        with pytest.raises(PhoneError, match="no screen lock yet"):
            await phone.approve(await it.one(phone), "123456")
        assert "answer" not in it.service.asked


async def test_a_screen_lock_of_another_phone_is_not_taken_for_this_one_s() -> None:
    async with hand() as it:
        phone = await it.paired()
        await phone.set_sign_in(on=True)
        phone.identity.lock = None
        with pytest.raises(PhoneError, match="no screen lock yet"):
            await phone.set_sign_in(on=True)
        phone.identity.lock = ScreenLock.made(ORIGIN)
        with pytest.raises(PhoneError, match="another screen lock"):
            await phone.transfer()


async def test_a_screen_lock_is_kept_before_the_service_has_it() -> None:
    """Its answer may be lost, and the service takes one lock only."""
    async with hand() as it:
        phone = await it.paired()
        fetched = json.dumps(it.service.fetched()).encode()
        it.service.answers = [
            (200, fetched, "application/json"),
            (502, b"", "text/html"),
        ]
        with pytest.raises(UnreachableError):
            await phone.set_sign_in(on=True)
        assert phone.identity.lock is not None


async def test_a_new_phone_takes_over_and_the_old_one_is_gone() -> None:
    async with hand() as it:
        old = await it.paired()
        code = (await old.transfer()).code
        assert not it.service.sign_in, "a screen lock made for the transfer turns nothing on"
        new = await it.paired(code)
        assert new.identity.key.jwk() != old.identity.key.jwk()
        assert (await new.fetch()).name == "Annas telefon"
        with pytest.raises(GoneError, match="pair it again"):
            await old.fetch()


async def test_a_phone_is_renamed_woken_and_retired() -> None:
    async with hand() as it:
        phone = await it.paired()
        assert (await phone.rename("Jobbtelefon")).name == "Jobbtelefon"
        await phone.subscribe("https://push.example/x", "cGs", "YXV0aA")
        assert it.service.seen[-1] == ("subscribe", "https://push.example/x", "cGs", "YXV0aA")
        await phone.retire()
        with pytest.raises(GoneError):
            await phone.fetch()


@pytest.mark.parametrize("ahead", [-10 * MINUTE, 10 * MINUTE])
async def test_a_clock_that_is_wrong_is_set_and_is_never_an_obstacle(ahead: int) -> None:
    async with hand(ahead=ahead) as it:
        phone = await it.paired()
        assert it.service.asked == ["pair", "pair"]
        await phone.fetch()
        assert it.service.asked == ["pair", "pair", "fetch"]
        assert it.line.clock.offset == -ahead


async def test_a_service_that_never_agrees_on_the_time_is_asked_twice() -> None:
    async with hand() as it:
        phone = await it.paired()
        error = json.dumps({"error": "clock", "now": 1}).encode()
        it.service.answers = [(401, error, "application/json")] * 3
        with pytest.raises(RefusedError, match="what time it is"):
            await phone.fetch()
        assert len(it.service.answers) == 1


async def test_a_busy_service_is_asked_again_with_growing_pauses() -> None:
    async with hand() as it:
        phone = await it.paired()
        busy = json.dumps({"error": "busy", "now": it.service.now}).encode()
        it.service.answers = [(503, busy, "application/json")] * 2
        await phone.fetch()
        first, second = it.pauses
        assert 1 <= first < 2 <= second < 4


async def test_a_service_that_stays_busy_is_left_alone() -> None:
    async with hand() as it:
        phone = await it.paired()
        down = json.dumps({"error": "down", "now": it.service.now}).encode()
        it.service.answers = [(503, down, "application/json")] * 9
        with pytest.raises(RefusedError, match="database"):
            await phone.fetch()
        assert len(it.service.answers) == 5


async def test_too_many_tries_say_how_long_to_wait() -> None:
    async with hand() as it:
        phone = await it.paired()
        now = it.service.now
        error = json.dumps({"error": "too_many", "now": now, "retry_at": now + 29_001}).encode()
        it.service.answers = [(429, error, "application/json")]
        with pytest.raises(RefusedError, match="wait 30 s"):
            await phone.fetch()


async def test_an_answer_that_is_no_answer_of_the_api_is_refused() -> None:
    async with hand() as it:
        phone = await it.paired()
        page = b"<h1>proxy</h1>", "text/html; charset=utf-8"
        it.service.answers = [(200, *page), (502, *page)]
        with pytest.raises(UnreadableError, match="status 200 with “text/html”"):
            await phone.fetch()
        with pytest.raises(UnreachableError, match="away: status 502"):
            await phone.fetch()


async def test_redirects_are_not_followed() -> None:
    async with hand() as it:
        phone = await it.paired()
        it.service.answers = [(307, b"{}", "application/json")]
        with pytest.raises(UnreadableError):
            await phone.fetch()


async def test_a_name_of_41_characters_is_not_sent() -> None:
    async with hand() as it:
        with pytest.raises(MisusedError, match="1 to 40"):
            await it.paired(CODE, "x" * 41)
        assert not it.service.asked


async def test_codes_are_those_of_rfc_6238() -> None:
    async with hand() as it:
        phone = await it.paired()
        totp = phone.identity.totp
        assert totp is not None
        assert code_at(totp, 59_000) == ("287082", 1)
        assert code_at(totp, 1_111_111_109_000) == ("081804", 1)
        assert code_at(totp, 20_000_000_000_000) == ("353130", 10)


async def test_no_secret_is_in_the_repr_of_a_phone() -> None:
    async with hand(Service()) as it:
        phone = await it.paired()
        await phone.set_sign_in(on=True)
        assert "GEZDGNBV" not in repr(phone.identity)
        assert "rivate" not in repr(phone.identity)
