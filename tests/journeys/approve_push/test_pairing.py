"""Bringing a phone to an account: once, soon, to the right one, and to few."""

import asyncio
import base64
import json
from typing import Any

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from tests import make
from tests.handset import b64u, jws
from tests.journeys.approve_push.conftest import OpenWard
from tests.world import OUTSIDE

PUSH, TOTP = AuthenticatorType.PUSH, AuthenticatorType.TOTP


async def test_a_phone_that_brings_the_code_of_the_page_waits_to_be_proved(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone = ward.handset()
        code, _ = await ward.show_code()
        answer = await phone.pair(code.long)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["state"] == "proving"
        assert told["name"] == "Annas Pixel"
        assert told["sign_in"] is False
        assert told["screen_lock"] is None
        assert told["account"] == {
            "name": "Anna Berg",
            "user_name": "anna.berg",
            "organisation": "Region Exempel",
            "colour": "#0B5A8A",
            "support_phone": "026-15 40 00",
        }
        assert told["requests"] == []
        assert told["totp"].keys() == {"secret", "digits", "period", "algorithm"}
        assert len(told["totp"]["secret"]) == 32
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
        assert await ward.bound(PUSH) == []
        assert "phone.paired" in await ward.world.events(ward.anna)


async def test_the_page_that_shows_the_code_learns_that_a_phone_has_come(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        records, (code, pairing) = ward.world.house.records, await ward.show_code()
        rung = asyncio.create_task(records.wait(f"pairing:{pairing.id}", 5))
        await asyncio.sleep(0.1)
        phone = ward.handset()
        await phone.pair(code.long)
        assert await rung is True
        assert pairing.session_id is not None
        session, now = pairing.session_id, ward.world.clock()
        found = await records.read(lambda unit: unit.pairings.load(pairing.id, session, now))
        assert found is not None
        assert found.phone_id == phone.id


async def test_the_secret_of_its_codes_is_kept_sealed_until_the_phone_is_bound(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone = ward.handset()
        code, _ = await ward.show_code()
        told = (await phone.pair(code.long)).json()
        stored = await ward.stored(phone)
        assert stored is not None
        sealed = await ward.world.house.records.read(lambda unit: unit.phones.totp_of(stored.id))
        assert sealed is not None
        opened = ward.world.house.sealer.open(sealed, table="phones", column="totp", row=stored.id)
        assert make_base32(opened) == told["totp"]["secret"]


def make_base32(data: bytes) -> str:
    return base64.b32encode(data).decode()


async def test_a_short_code_is_right_beside_the_name_of_its_account_only(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        await ward.world.person(
            make.account(id="bo", external_id="18", user_name="bo.ek", email="bo@region.example")
        )
        code, _ = await ward.show_code()
        for wrong in ("bo.ek", "nobody", "\x00", "x" * 300):
            answer = await ward.handset().pair(short=code.short, account=wrong)
            assert (answer.status_code, answer.json()["error"]) == (403, "wrong"), wrong
        answer = await ward.handset().pair(short=code.short, account=" Anna.Berg ")
        assert answer.status_code == 200, answer.text


async def test_a_wrong_short_code_and_an_unknown_name_get_the_same_answer(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        await ward.show_code()
        wrong = await ward.handset().pair(short="AAAAAAAA", account="anna.berg")
        nobody = await ward.handset().pair(short="AAAAAAAA", account="nobody")
        assert wrong.status_code == nobody.status_code == 403
        assert wrong.content == nobody.content


async def test_five_wrong_short_codes_end_the_code(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        code, _ = await ward.show_code()
        for _ in range(5):
            answer = await ward.handset().pair(short="AAAAAAAA", account="anna.berg")
            assert answer.json()["error"] == "wrong"
        for answer in (
            await ward.handset().pair(short=code.short, account="anna.berg"),
            await ward.handset().pair(code.long),
        ):
            assert (answer.status_code, answer.json()["error"]) == (403, "expired")


async def test_guesses_from_one_address_are_stopped_over_all_accounts(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        for n in range(30):
            answer = await ward.handset().pair(short="AAAAAAAA", account=f"person.{n}")
            assert answer.json()["error"] == "wrong"
        answer = await ward.handset().pair(short="AAAAAAAA", account="anna.berg")
        assert answer.status_code == 429
        assert answer.json()["error"] == "too_many"
        assert answer.json()["retry_at"] > answer.json()["now"]
        elsewhere = await ward.handset("198.51.100.4").pair(short="AAAAAAAA", account="anna.berg")
        assert elsewhere.status_code == 403


async def test_right_codes_use_up_nobodys_tries(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        for _ in range(31):
            code, _ = await ward.show_code()
            assert (await ward.handset().pair(code.long)).status_code == 200


async def test_a040_a_code_works_once_and_the_person_is_told_of_the_second_time(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        code, _ = await ward.show_code()
        first, second = ward.handset(), ward.handset("198.51.100.4")
        assert (await first.pair(code.long)).status_code == 200
        answer = await second.pair(code.long)
        assert (answer.status_code, answer.json()["error"]) == (403, "used")
        short = await second.pair(short=code.short, account="anna.berg")
        assert short.json()["error"] == "used"
        assert (await ward.world.events(ward.anna)).count("phone.pairing_reused") == 2
        assert "En kod för att koppla en telefon användes två gånger" in await ward.mails()
        assert await first.requests() == []


async def test_a_phone_that_asks_again_because_no_answer_came_alarms_nobody(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        code, _ = await ward.show_code()
        phone = ward.handset()
        assert (await phone.pair(code.long)).status_code == 200
        assert (await phone.pair(code.long)).json()["error"] == "used"
        assert "phone.pairing_reused" not in await ward.world.events(ward.anna)
        assert await ward.mails() == []


async def test_a040_of_two_phones_at_once_one_is_paired(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        code, _ = await ward.show_code()
        answers = await asyncio.gather(*(ward.handset().pair(code.long) for _ in range(4)))
        assert sorted(each.status_code for each in answers) == [200, 403, 403, 403]


async def test_a040_a_code_lives_ten_minutes(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        code, _ = await ward.show_code()
        ward.world.clock.move(minutes=9, seconds=59)
        early, (other, _) = code, await ward.show_code()
        assert (await ward.handset().pair(early.long)).json()["error"] == "expired"
        ward.world.clock.move(minutes=10)
        assert (await ward.handset().pair(other.long)).json()["error"] == "expired"


async def test_a_code_that_never_was_is_wrong(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        answer = await ward.handset().pair(b64u(bytes(16)))
        assert (answer.status_code, answer.json()["error"]) == (403, "wrong")


async def test_a_phone_that_was_not_proved_in_time_is_gone(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = ward.handset()
        code, _ = await ward.show_code()
        await phone.pair(code.long)
        ward.world.clock.move(minutes=10, seconds=1)
        answer = await phone.act("fetch")
        assert (answer.status_code, answer.json()["error"]) == (410, "gone")


async def test_a_sixth_phone_is_refused_and_its_code_is_not_spent(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phones = [await ward.phone() for _ in range(5)]
        code, _ = await ward.show_code()
        answer = await ward.handset().pair(code.long)
        assert (answer.status_code, answer.json()["error"]) == (409, "full")
        assert (await phones[0].act("retire")).status_code == 200
        assert (await ward.handset().pair(code.long)).status_code == 200


async def test_a_pairing_needs_one_code_in_its_form_and_a_name(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        code, _ = await ward.show_code()
        phone = ward.handset()
        wrong: tuple[dict[str, Any], ...] = (
            {"code": "", "short": "", "account": ""},
            {"code": code.long, "short": code.short, "account": "anna.berg"},
            {"code": code.long, "short": "", "account": "anna.berg"},
            {"code": "", "short": code.short, "account": ""},
            {"code": code.long + "A", "short": "", "account": ""},
            {"code": "", "short": code.short.lower(), "account": "anna.berg"},
            {"code": "", "short": f"{code.short[:4]}-{code.short[4:]}", "account": "anna.berg"},
        )
        for fields in wrong:
            answer = await phone.act("pair", name="Annas Pixel", **fields)
            assert (answer.status_code, answer.json()["error"]) == (400, "malformed"), fields
        for name in ("", "   ", "x" * 41, "a\u0000b", "a\u202eb"):
            answer = await phone.act("pair", code=code.long, short="", account="", name=name)
            assert answer.json()["error"] == "malformed", name
        assert (await phone.pair(code.long)).status_code == 200


async def test_a_key_that_is_not_on_the_curve_is_malformed(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        code, _ = await ward.show_code()
        phone = ward.handset()
        head = phone.header("pair")
        head["jwk"] = head["jwk"] | {"y": head["jwk"]["x"]}
        payload = phone.payload("pair", code=code.long, short="", account="", name="Annas Pixel")
        answer = await phone.post("pair", {"jws": jws(phone.key, head, payload)})
        assert answer.json()["error"] in {"malformed", "signature"}
        assert (await phone.pair(code.long)).status_code == 200


async def test_an_old_phone_hands_over_to_a_new_one_and_is_gone(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        old = await ward.signing_in_phone()
        assert (await old.act("rename", name="Jobbmobilen")).status_code == 200
        await ward.mails()
        answer = await old.act("transfer", proof="assertion")
        assert answer.status_code == 200, answer.text
        code = answer.json()["code"]
        assert answer.json()["url"].endswith(f"/authenticator/#pair={code}")
        assert answer.json()["expires_at"] - answer.json()["now"] == 10 * 60 * 1000
        new = ward.handset("198.51.100.4")
        told = (await new.pair(code, name="Ny telefon")).json()
        assert told["state"] == "active"
        assert told["name"] == "Jobbmobilen"
        assert told["sign_in"] is False
        gone = await old.act("fetch")
        assert (gone.status_code, gone.json()["error"]) == (410, "gone")
        phones = await ward.bound(PUSH)
        assert [(each.id, each.label) for each in phones] == [(new.id, "Jobbmobilen")]
        assert [each.detail for each in await ward.bound(TOTP)] == [new.id]
        assert await ward.bound(AuthenticatorType.PHONE_SIGN_IN) == []
        assert "phone.moved" in await ward.world.events(ward.anna)
        assert "Din app är flyttad till en ny telefon" in await ward.mails()


async def test_the_codes_of_a_phone_that_took_over_are_bound_with_its_own_secret(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        old = await ward.signing_in_phone()
        code = (await old.act("transfer", proof="assertion")).json()["code"]
        new = ward.handset()
        await new.pair(code)
        standing = await ward.world.standing(ward.anna)
        [row] = [each for each in standing.bound if each.authenticator.type is TOTP]
        assert row.sealed is not None
        place = {"table": "authenticators", "column": "sealed", "row": row.authenticator.id}
        assert make_base32(ward.world.house.sealer.open(row.sealed, **place)) == new.totp


async def test_a_phone_hands_over_with_its_screen_lock_only(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        without = await phone.act("transfer", proof="assertion")
        assert (without.status_code, without.json()["error"]) == (403, "lock")
        signing = await ward.signing_in_phone()
        assert (await signing.act("transfer")).json()["error"] == "lock"


async def test_a_phone_that_was_removed_hands_over_nothing(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        await ward.phone()
        old = await ward.signing_in_phone()
        code = (await old.act("transfer", proof="assertion")).json()["code"]
        assert (await old.act("retire")).status_code == 200
        answer = await ward.handset().pair(code)
        assert answer.json()["error"] == "expired"
        assert len(await ward.bound(PUSH)) == 1


async def test_a_phone_that_was_put_aside_is_gone_with_the_same_answer_as_one_that_never_was(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        [push], now = await ward.bound(PUSH), ward.world.clock()
        await ward.write(
            lambda unit: unit.authenticators.set_state(push.id, AuthenticatorState.SUSPENDED, now)
        )
        removed = await phone.act("fetch")
        stranger = ward.handset(OUTSIDE)
        stranger.id = "k7qm2xw4k7qm2xw4k7qm2xw4k7"
        never = await stranger.act("fetch")
        assert removed.status_code == never.status_code == 410
        assert json.loads(removed.content) == json.loads(never.content)
