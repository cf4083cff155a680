"""What keys are given to sign is known again by its own seal, and by us alone (A050)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from portvakt.crypto.key_challenges import LENGTH, KeyChallenges, Question
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import MasterKeys

OLD = MasterKeys({"k1": b"1" * 32})
TURNED = MasterKeys({"k2": b"2" * 32, "k1": b"1" * 32})
LATER = MasterKeys({"k3": b"3" * 32, "k2": b"2" * 32, "k1": b"1" * 32})
AT = datetime(2026, 11, 23, 12, 0, 0, 5000, tzinfo=UTC)
PLACE: dict[str, Any] = {"browser": b"b" * 32, "flow": "flow", "purpose": "sign_in"}


def under(keys: MasterKeys) -> KeyChallenges:
    return KeyChallenges(keys, SystemRandom())


@pytest.mark.parametrize("must_verify", [True, False])
def test_a_challenge_says_when_it_was_made_and_what_it_demands(must_verify: bool) -> None:
    challenge = under(OLD).make(AT, must_verify=must_verify, **PLACE)
    assert len(challenge) == LENGTH
    assert under(OLD).read(challenge, **PLACE) == Question(challenge, AT, must_verify)


def test_no_two_are_alike() -> None:
    made = {under(OLD).make(AT, must_verify=True, **PLACE) for _ in range(100)}
    assert len({each[:16] for each in made}) == 100


@pytest.mark.parametrize(
    "other",
    [
        {"browser": b"x" * 32},
        {"flow": ""},
        {"purpose": "methods"},
        {"flow": "flowsign_in", "purpose": ""},
    ],
)
def test_a050_it_is_nothing_in_another_browser_sign_in_or_purpose(other: dict[str, str]) -> None:
    challenge = under(OLD).make(AT, must_verify=True, **PLACE)
    assert under(OLD).read(challenge, **(PLACE | other)) is None


def test_a050_none_can_be_changed_or_made_up() -> None:
    challenge = under(OLD).make(AT, must_verify=True, **PLACE)
    for place in range(LENGTH):
        changed = bytearray(challenge)
        changed[place] ^= 1
        assert under(OLD).read(bytes(changed), **PLACE) is None
    for text in (b"", b"x" * 32, challenge[:-1], challenge + b"x", b"\0" * LENGTH):
        assert under(OLD).read(text, **PLACE) is None


def test_it_counts_while_the_master_key_is_turned_and_not_after_two_turns() -> None:
    challenge = under(OLD).make(AT, must_verify=True, **PLACE)
    assert under(TURNED).read(challenge, **PLACE) is not None
    assert under(LATER).read(challenge, **PLACE) is None
    assert under(MasterKeys({"k1": b"9" * 32})).read(challenge, **PLACE) is None
