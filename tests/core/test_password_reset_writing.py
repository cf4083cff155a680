"""What becomes of a write, and that no crash loses it (A077, F08)."""

from dataclasses import replace
from datetime import timedelta

from portvakt.core.ids import FlowId
from portvakt.core.password_outcomes import (
    Refused,
    RefusedFor,
    UnknownOutcome,
    Unreachable,
    Written,
)
from portvakt.core.password_reset import (
    ANSWERS_WITHIN,
    TOO_MANY,
    AskPassword,
    AwaitAnswer,
    Done,
    Goal,
    Refuse,
    Reset,
    Stage,
    Step,
    Unsure,
    begin_change,
    came_back,
    next_step,
    start_writing,
)
from tests import make
from tests.core.resets import DAY, facts, reset, shown
from tests.make import NOW, SMS_CODE, TOTP

TEXT, APP = make.bound(SMS_CODE), make.bound(TOTP)
KNOWN = facts(TEXT, APP)


def step(state: Reset) -> Step:
    return next_step(state, KNOWN, NOW)


def writing(**given: object) -> Reset:
    begun = start_writing(replace(shown(reset(), TEXT, APP), **given), KNOWN, NOW)  # type: ignore[arg-type]  # fields
    assert begun is not None
    return begun


def test_a_write_that_is_taken_ends_it() -> None:
    assert step(writing()) == AwaitAnswer()
    assert start_writing(writing(), KNOWN, NOW) is None
    done = came_back(writing(), Written())
    assert step(done) == Done(Goal.NEW_PASSWORD)
    assert came_back(done, Unreachable()) == done
    assert step(came_back(writing(goal=Goal.UNLOCK), Written())) == Done(Goal.UNLOCK)


def test_a077_a_refused_password_may_be_tried_again_three_times_in_all() -> None:
    why = Refused(RefusedFor.HISTORY)
    state = shown(reset(), TEXT, APP)
    for left in (2, 1):
        begun = start_writing(state, KNOWN, NOW)
        assert begun is not None
        state = came_back(begun, why)
        assert step(state) == AskPassword(left, why)
    last = start_writing(state, KNOWN, NOW)
    assert last is not None
    assert step(came_back(last, why)) == Refuse(TOO_MANY)


def test_a_directory_that_is_away_costs_nothing() -> None:
    state = came_back(writing(), Unreachable())
    assert step(state) == AskPassword(3, Unreachable())
    assert state.evidence == writing().evidence


def test_f08_a_write_that_was_cut_off_is_told_as_it_is_until_it_was_read_back() -> None:
    cut = writing()
    late = NOW + ANSWERS_WITHIN + timedelta(seconds=1)
    assert next_step(cut, KNOWN, NOW + ANSWERS_WITHIN) == AwaitAnswer()
    assert next_step(cut, KNOWN, late) == Unsure()
    assert next_step(replace(cut, writing_since=None), KNOWN, NOW) == Unsure()
    unknown = came_back(cut, UnknownOutcome())
    assert unknown.stage is Stage.UNKNOWN
    assert step(unknown) == Unsure()
    assert next_step(unknown, KNOWN, NOW + DAY) == Unsure()
    assert start_writing(unknown, KNOWN, NOW) is None
    assert step(came_back(unknown, Written())) == Done(Goal.NEW_PASSWORD)
    assert step(came_back(unknown, Unreachable())) == AskPassword(3, Unreachable())


def test_f08_a_change_of_a_known_password_is_on_its_way_from_the_first_and_never_a_page() -> None:
    sent = begin_change(FlowId("change"), make.ANNA, make.NOW)
    assert (sent.goal, sent.stage, sent.writing_since) == (Goal.CHANGE, Stage.WRITING, make.NOW)
    assert start_writing(sent, None, make.NOW) is None
    assert came_back(sent, Written()).stage is Stage.DONE
    assert came_back(sent, UnknownOutcome()).stage is Stage.UNKNOWN
