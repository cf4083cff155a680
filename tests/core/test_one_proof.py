from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.one_proof import OneProof, Thing, hangs_on
from tests import make
from tests.make import NOW

PUSH, TOTP = AuthenticatorType.PUSH, AuthenticatorType.TOTP
TOKEN = AuthenticatorType.HARDWARE_TOKEN
SMS, CARD = AuthenticatorType.SMS_CODE, AuthenticatorType.RECOVERY_CODE


def has(kind: AuthenticatorType, id_: str, **more: object) -> Authenticator:
    return make.bound(kind, id=AuthenticatorId(id_), **more)


PIXEL, IPHONE = has(PUSH, "pixel"), has(PUSH, "iphone")
ITS_CODES = has(TOTP, "codes", detail="pixel")
OTHER_APP = has(TOTP, "other", detail="")
NUMBER = has(SMS, "number", detail="+46701740605")
WORK = has(SMS, "work", detail="+46701740611", source="hr")
PRINTED = has(CARD, "card")
DEVICE, OTHER_DEVICE = has(TOKEN, "device"), has(TOKEN, "other-device")
PASSWORD = has(AuthenticatorType.PASSWORD, "password")


def one(*bound: Authenticator, left: int = 8) -> OneProof | None:
    cards = [each.id for each in bound if each.type is CARD] if left else []
    return hangs_on((PASSWORD, *bound), cards, NOW)


@pytest.mark.parametrize(
    ("bound", "sure"),
    [
        ([PIXEL], True),
        ([PIXEL, ITS_CODES], True),
        ([NUMBER], True),
        ([WORK], True),
        ([OTHER_APP], True),
        ([PIXEL, ITS_CODES, NUMBER], False),
        ([PIXEL, WORK], False),
        ([NUMBER, WORK], False),
        ([OTHER_APP, NUMBER], False),
    ],
)
def test_what_may_all_be_in_one_phone_is_one_proof(bound: list[Authenticator], sure: bool) -> None:
    found = one(*bound)
    assert found is not None
    assert (found.thing, found.sure) == (Thing.PHONE, sure)
    assert set(found.methods) == set(bound)


@pytest.mark.parametrize(
    "bound",
    [
        [PIXEL, IPHONE],
        [PIXEL, IPHONE, NUMBER, OTHER_APP],
        [PIXEL, PRINTED],
        [NUMBER, PRINTED],
        [OTHER_APP, PRINTED],
        [DEVICE, OTHER_DEVICE],
        [DEVICE, PIXEL],
        [DEVICE, PRINTED],
    ],
)
def test_two_things_survive_the_loss_of_one(
    bound: list[Authenticator],
) -> None:
    assert one(*bound) is None


def test_one_hardware_token_is_one_proof() -> None:
    found = one(DEVICE)
    assert found == OneProof(Thing.TOKEN, sure=True, methods=(DEVICE,))


def test_a_card_alone_is_one_proof_and_one_that_is_used_up_is_none() -> None:
    found = one(PRINTED)
    assert found is not None
    assert found.thing is Thing.CARD
    assert one(PRINTED, left=0) is None
    spent = one(PIXEL, PRINTED, left=0)
    assert spent is not None
    assert spent.methods == (PIXEL,)


def test_somebody_with_nothing_has_nothing_to_lose() -> None:
    assert one() is None


def test_what_is_suspended_expired_or_in_a_lost_phone_does_not_count() -> None:
    suspended = has(PUSH, "iphone", state=AuthenticatorState.SUSPENDED)
    assert one(PIXEL, suspended) is not None
    assert one(PIXEL, has(PUSH, "iphone", expires_at=NOW)) is not None
    orphan = has(TOTP, "orphan", detail="gone")
    assert one(orphan) is None
    assert one(NUMBER, orphan) == one(NUMBER)


METHODS = st.lists(
    st.sampled_from([PIXEL, IPHONE, ITS_CODES, OTHER_APP, NUMBER, WORK, PRINTED]), unique=True
)


@given(METHODS)
def test_the_order_does_not_matter(bound: list[Authenticator]) -> None:
    assert one(*bound) == one(*reversed(bound))


@given(METHODS, st.sampled_from([PIXEL, IPHONE, OTHER_APP, NUMBER, WORK, PRINTED]))
def test_more_never_makes_somebody_safe_less_safe(
    bound: list[Authenticator], more: Authenticator
) -> None:
    if one(*bound) is None and any(each.id != "codes" for each in bound):
        assert one(*{*bound, more}) is None


@given(METHODS)
def test_whoever_is_listed_has_a_loss_that_takes_everything_and_no_other_has_one(
    bound: list[Authenticator],
) -> None:
    """Against the plain meaning: lose a phone with all that may be in it, or the card."""
    usable = [each for each in bound if each.id != "codes" or PIXEL in bound]
    losses = [
        *({"pixel", "codes", "other", "number", "work"} for _ in range(1)),
        {"iphone", "other", "number", "work"},
        {"card"},
    ]
    locked_out = bool(usable) and any({each.id for each in usable} <= loss for loss in losses)
    assert (one(*bound) is not None) == locked_out


@given(METHODS, st.integers(0, 10))
def test_time_alone_changes_nothing_where_nothing_expires(
    bound: list[Authenticator], days: int
) -> None:
    cards = [each.id for each in bound if each.type is CARD]
    assert hangs_on(bound, cards, NOW + timedelta(days=days)) == hangs_on(bound, cards, NOW)
