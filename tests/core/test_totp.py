"""The vectors of RFC 4226 appendix D and RFC 6238 appendix B, and what an answer must be."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.totp import STEP, code_at, matching_step, step_of
from tests.make import NOW

SEED = b"12345678901234567890"
SEEDS = {
    "sha1": SEED,
    "sha256": b"12345678901234567890123456789012",
    "sha512": b"1234567890123456789012345678901234567890123456789012345678901234",
}
HOTP = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]
TIMES = [59, 1111111109, 1111111111, 1234567890, 2000000000, 20000000000]
TOTP = {
    "sha1": ["94287082", "07081804", "14050471", "89005924", "69279037", "65353130"],
    "sha256": ["46119246", "68084774", "67062674", "91819424", "90698825", "77737706"],
    "sha512": ["90693936", "25091201", "99943326", "93441116", "38618901", "47863826"],
}


@pytest.mark.parametrize(("counter", "code"), list(enumerate(HOTP)))
def test_the_codes_of_rfc_4226(counter: int, code: str) -> None:
    assert code_at(SEED, counter) == code


@pytest.mark.parametrize("algorithm", TOTP)
@pytest.mark.parametrize(("time", "index"), [(time, n) for n, time in enumerate(TIMES)])
def test_the_codes_of_rfc_6238(algorithm: str, time: int, index: int) -> None:
    step = step_of(datetime.fromtimestamp(time, UTC))
    code = code_at(SEEDS[algorithm], step, digits=8, algorithm=algorithm)
    assert code == TOTP[algorithm][index]


def code_in(steps: int) -> str:
    return code_at(SEED, step_of(NOW) + steps)


@pytest.mark.parametrize(("steps", "taken"), [(-2, 0), (-1, 1), (0, 1), (1, 1), (2, 0)])
def test_a018_one_step_either_way_is_taken(steps: int, taken: int) -> None:
    found = matching_step(SEED, code_in(steps), NOW, None)
    assert found == (step_of(NOW) + steps if taken else None)


def test_a016_a_step_works_once_and_never_an_older_one_after_it() -> None:
    now = step_of(NOW)
    assert matching_step(SEED, code_in(0), NOW, now) is None
    assert matching_step(SEED, code_in(-1), NOW, now) is None
    assert matching_step(SEED, code_in(1), NOW, now) == now + 1
    assert matching_step(SEED, code_in(0), NOW, now - 1) == now


@pytest.mark.parametrize("written", ["{0[0]}{0[1]}", "{0[0]} {0[1]}", " {0[0]}-{0[1]} "])
def test_a_code_may_be_typed_as_apps_show_it(written: str) -> None:
    code = code_in(0)
    assert matching_step(SEED, written.format((code[:3], code[3:])), NOW, None)


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "12345\uff16", "abcdef", "-" * 6, "1" * 999]
)
def test_what_is_not_six_digits_matches_nothing(typed: str) -> None:
    assert matching_step(SEED, typed, NOW, None) is None


def test_the_first_steps_of_time_have_no_earlier_one() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert matching_step(SEED, code_at(SEED, 0), epoch, None) == 0


@given(st.binary(min_size=20, max_size=64), st.integers(0, 10**9))
def test_a_code_belongs_to_its_own_step(secret: bytes, step: int) -> None:
    code = code_at(secret, step)
    assert len(code) == 6
    at = datetime(1970, 1, 1, tzinfo=UTC) + step * STEP + timedelta(seconds=29)
    found = matching_step(secret, code, at, None)
    assert found is not None
    assert abs(found - step) <= 1
    assert code_at(secret, found) == code
