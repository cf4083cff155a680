from datetime import UTC, datetime, timedelta

from portvakt.wire.breaker import FAILURES, PAUSE, TRIAL, Breaker

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NO_TIME = timedelta()


def failed(times: int) -> Breaker:
    breaker = Breaker()
    for _ in range(times):
        breaker.failed("a", NOW)
    return breaker


def test_a_service_is_left_alone_after_five_failures_in_a_row() -> None:
    assert failed(FAILURES - 1).pause("a", NOW) == NO_TIME
    breaker = failed(FAILURES)
    assert breaker.pause("a", NOW) == PAUSE
    assert breaker.pause("a", NOW + timedelta(seconds=10)) == PAUSE - timedelta(seconds=10)
    assert breaker.pause("b", NOW) == NO_TIME


def test_an_answer_between_two_failures_begins_the_count_again() -> None:
    breaker = failed(FAILURES - 1)
    breaker.well("a")
    breaker.failed("a", NOW)
    assert breaker.pause("a", NOW) == NO_TIME


def test_after_the_pause_one_tries_and_the_others_wait_for_what_it_finds() -> None:
    breaker, later = failed(FAILURES), NOW + PAUSE
    assert breaker.pause("a", later) == NO_TIME
    assert breaker.pause("a", later) == TRIAL
    breaker.well("a")
    assert breaker.pause("a", later) == NO_TIME


def test_a_trial_that_fails_begins_another_pause() -> None:
    breaker, later = failed(FAILURES), NOW + PAUSE
    assert breaker.pause("a", later) == NO_TIME
    breaker.failed("a", later)
    assert breaker.pause("a", later) == PAUSE


def test_many_names_do_not_fill_the_memory() -> None:
    breaker = Breaker()
    for number in range(5000):
        breaker.failed(str(number), NOW)
    assert len(breaker._troubles) <= 1000  # noqa: SLF001 - there is no other way to see it
