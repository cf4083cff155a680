from dataclasses import replace
from datetime import timedelta

import pytest

from portvakt.core.text_fates import RECEIPT_SLOW, Stage, TextFate, changes_by_itself, stage_of
from tests.make import NOW

SENT = TextFate(
    id="m1",
    asked_at=NOW,
    state="handed_over",
    under_way=False,
    maybe_sent=1,
    tries=1,
    done_at=NOW,
    named=True,
    receipt_state=None,
    receipt_at=None,
)


@pytest.mark.parametrize(("named", "stage"), [(True, Stage.UNCONFIRMED), (False, Stage.SENT)])
def test_a_missing_receipt_is_told_of_only_where_one_can_come(named: bool, stage: Stage) -> None:
    later = NOW + RECEIPT_SLOW
    assert stage_of(replace(SENT, named=named), NOW) is Stage.SENT
    assert stage_of(replace(SENT, named=named), later) is stage


def test_time_alone_changes_only_what_waits_for_a_receipt() -> None:
    assert changes_by_itself(SENT, NOW + timedelta(seconds=4)) == timedelta(seconds=6)
    assert changes_by_itself(SENT, NOW + RECEIPT_SLOW) is None
    assert changes_by_itself(replace(SENT, named=False), NOW) is None
    assert changes_by_itself(replace(SENT, state="waiting", done_at=None), NOW) is None


def test_what_was_given_up_is_unknown_only_where_a_try_may_have_gone() -> None:
    assert stage_of(replace(SENT, state="dropped"), NOW) is Stage.UNKNOWN
    assert stage_of(replace(SENT, state="dropped", maybe_sent=0), NOW) is Stage.FAILED
