"""How many texts a day may cost, and who goes without first."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.sign_in import AskAuthenticator, next_step
from portvakt.core.text_budget import (
    Counted,
    Room,
    began,
    is_only_way,
    may_send,
    room,
    texts_last,
)
from tests import make

STOCKHOLM = ZoneInfo("Europe/Stockholm")
SMS, TOTP, PRINTED = make.SMS_CODE, make.TOTP, make.RECOVERY_CODE


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        (0, Room.PLENTY),
        (79, Room.PLENTY),
        (80, Room.SCARCE),
        (89, Room.SCARCE),
        (90, Room.KEPT),
        (99, Room.KEPT),
        (100, Room.NONE),
        (101, Room.NONE),
    ],
)
def test_the_day_is_scarce_at_four_fifths_kept_at_nine_tenths_and_over_at_its_cap(
    sent: int, left: Room
) -> None:
    assert room(sent, 100) is left


def test_people_without_another_way_go_on_after_others_have_been_moved() -> None:
    for sent, only_way, expected in (
        (89, False, True),
        (90, False, False),
        (90, True, True),
        (99, True, True),
        (100, True, False),
    ):
        assert may_send(Counted(sent, 0), 100, only_way=only_way, unproven=False) is expected


def test_strangers_get_a_fifth_of_the_day_and_nothing_of_what_is_kept() -> None:
    assert may_send(Counted(19, 19), 100, only_way=True, unproven=True)
    assert not may_send(Counted(20, 20), 100, only_way=True, unproven=True)
    assert may_send(Counted(20, 20), 100, only_way=False, unproven=False)
    assert not may_send(Counted(90, 0), 100, only_way=True, unproven=True)


@pytest.mark.parametrize(
    ("now", "start"),
    [
        (datetime(2026, 11, 22, 22, 59, tzinfo=UTC), datetime(2026, 11, 21, 23, tzinfo=UTC)),
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC)),
        (datetime(2026, 3, 29, 12, 0, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (datetime(2026, 10, 25, 22, 30, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_where_the_organisation_is(now: datetime, start: datetime) -> None:
    assert began(now, STOCKHOLM) == start


def test_texts_come_after_what_costs_nothing_and_before_printed_codes() -> None:
    offered = [make.bound(SMS, preferred=True), make.bound(PRINTED), make.bound(TOTP)]
    assert [each.type for each in texts_last(offered)] == [TOTP, SMS, PRINTED]


def test_printed_codes_are_no_other_way() -> None:
    assert is_only_way([make.bound(SMS), make.bound(PRINTED)])
    assert is_only_way([])
    assert not is_only_way([make.bound(SMS), make.bound(TOTP)])


@pytest.mark.parametrize(
    ("scarce", "chosen", "asked"),
    [(False, None, SMS), (True, None, TOTP), (True, SMS, SMS)],
)
def test_where_texts_are_scarce_another_way_is_asked_for_first_unless_the_person_asks_for_a_text(
    *, scarce: bool, chosen: AuthenticatorType | None, asked: AuthenticatorType
) -> None:
    bound = [make.bound(make.PASSWORD), make.bound(SMS, preferred=True), make.bound(TOTP)]
    state = make.sign_in(evidence=(make.evidence(make.PASSWORD),), chosen=chosen)
    step = next_step(
        state,
        make.account(),
        bound,
        make.MULTIFACTOR,
        make.NOW + timedelta(seconds=1),
        make.first(),
        texts_scarce=scarce,
    )
    assert isinstance(step, AskAuthenticator)
    assert step.chosen is asked
    assert {each.type for each in step.offered} == {SMS, TOTP}
