"""What a phone changes about itself."""

from typing import Any

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.phones import Subscription
from portvakt.core.policy import Require
from portvakt.core.push_approval import ApprovalState
from tests import make
from tests.handset import b64u, new_key, public, unb64u
from tests.journeys.approve_push.conftest import OpenWard
from tests.journeys.approve_push.ward import VAPID

PUSH = AuthenticatorType.PUSH


def subscription(endpoint: str = "https://push.example/send/abc") -> dict[str, Any]:
    """What a browser's push service would give."""
    key = public(new_key())
    point = b"\x04" + unb64u(key["x"]) + unb64u(key["y"])
    return {"endpoint": endpoint, "p256dh": b64u(point), "auth": b64u(bytes(range(16)))}


async def test_fetch_tells_the_key_that_push_services_know_us_by(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        assert (await phone.act("fetch")).json()["vapid"] == VAPID


async def test_where_a_phone_is_woken_is_kept_sealed(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, given = await ward.phone(), subscription()
        assert (await phone.act("subscribe", **given)).json().keys() == {"now"}
        stored = await ward.stored(phone)
        assert stored is not None
        assert stored.subscription is not None
        assert b"push.example" not in stored.subscription
        place = {"table": "phones", "column": "subscription", "row": phone.id}
        opened = ward.world.house.sealer.open(stored.subscription, **place)
        assert Subscription.from_json(opened).endpoint == given["endpoint"]
        await phone.act("subscribe", endpoint="", p256dh="", auth="")
        stored = await ward.stored(phone)
        assert stored is not None
        assert stored.subscription is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example/send",
        "https://push.example.evil.example/send",
        "http://push.example/send",
        "https://127.0.0.1/send",
        "https://[::1]/send",
        "https://169.254.169.254/latest",
        "https://user@push.example/send",
        "https://push.example:8443/send",
        "https://PUSH.example/send",
        "https://push.example\\@evil.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://[bad/",
        "x",
    ],
)
async def test_a035_an_address_of_another_service_is_refused_and_never_asked(
    open_ward: OpenWard, endpoint: str
) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        answer = await phone.act("subscribe", **subscription(endpoint))
        assert (answer.status_code, answer.json()["error"]) == (400, "endpoint")
        assert "phone.push_address_refused" in await ward.world.events(ward.anna)
        stored = await ward.stored(phone)
        assert stored is not None
        assert stored.subscription is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"p256dh": ""},
        {"auth": ""},
        {"endpoint": ""},
        {"auth": b64u(bytes(15))},
        {"p256dh": b64u(b"\x04" + bytes(64))},
        {"p256dh": b64u(b"\x02" + bytes(32))},
        {"p256dh": b64u(b"\x04" + b"\x01" * 64)},
        {"auth": "AAAAAAAAAAAAAAAAAAAAAB"},
    ],
)
async def test_keys_that_are_none_are_malformed(open_ward: OpenWard, wrong: dict[str, str]) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        answer = await phone.act("subscribe", **(subscription() | wrong))
        assert (answer.status_code, answer.json()["error"]) == (400, "malformed")


async def test_a_phone_is_renamed_here_and_among_the_methods(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.phone()
        answer = await phone.act("rename", name="  Jobb   mobilen ")
        assert answer.json()["name"] == "Jobb mobilen"
        [push] = await ward.bound(PUSH)
        assert push.label == "Jobb mobilen"
        assert await ward.mails() == ["Ett sätt att logga in är ändrat"]
        await phone.act("rename", name="Jobb mobilen")
        assert (await ward.world.events(ward.anna)).count("method.renamed") == 1
        for name in ("", " ", "x" * 41, "a\u0000"):
            assert (await phone.act("rename", name=name)).json()["error"] == "malformed"


async def test_a_phone_that_is_not_proved_may_be_renamed_and_may_leave(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        phone = ward.handset()
        code, _ = await ward.show_code()
        await phone.pair(code.long)
        assert (await phone.act("rename", name="Ny")).json()["name"] == "Ny"
        assert (await phone.act("retire")).status_code == 200
        assert (await phone.act("fetch")).json()["error"] == "gone"
        assert await ward.mails() == []


async def test_a_phone_removes_itself_with_all_that_belongs_to_it(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone = await ward.signing_in_phone()
        await ward.mails()
        assert (await phone.act("retire")).json().keys() == {"now"}
        assert (await phone.act("fetch")).status_code == 410
        for kind in (PUSH, AuthenticatorType.TOTP, AuthenticatorType.PHONE_SIGN_IN):
            assert await ward.bound(kind) == []
        assert "phone.retired" in await ward.world.events(ward.anna)
        assert await ward.mails() == ["Ett sätt att logga in är borttaget"]


async def test_a034_nobody_waits_for_a_phone_that_removed_itself(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        first, second = await ward.phone(), await ward.phone()
        approval = await ward.ask()
        await first.act("retire")
        assert (await ward.approval(approval)).state is ApprovalState.WAITING, "one is left"
        await second.act("retire")
        assert (await ward.approval(approval)).state is ApprovalState.CLOSED


async def test_a043_the_last_second_factor_stays_where_a_rule_asks_for_one(
    open_ward: OpenWard,
) -> None:
    async with open_ward() as ward:
        await ward.world.configure(rules=[make.rule(require=Require.MULTIFACTOR)])
        phone = await ward.phone()
        kept = await phone.act("retire")
        assert (kept.status_code, kept.json()["error"]) == (409, "kept")
        assert len(await ward.bound(PUSH)) == 1
        await ward.phone()
        assert (await phone.act("retire")).status_code == 200


async def test_that_a_phone_was_heard_of_is_kept_now_and_then(open_ward: OpenWard) -> None:
    async with open_ward() as ward:
        phone, began = await ward.phone(), ward.world.clock()
        ward.world.clock.move(minutes=9)
        await phone.act("fetch")
        stored = await ward.stored(phone)
        assert stored is not None
        assert stored.seen_at == began
        ward.world.clock.move(minutes=1)
        await phone.act("fetch")
        stored = await ward.stored(phone)
        assert stored is not None
        assert stored.seen_at == ward.world.clock()
