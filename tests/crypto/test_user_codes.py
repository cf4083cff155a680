"""The codes of devices: every letter as likely as the others, and stored under a key."""

from collections import Counter

from portvakt.core.device_grant import LENGTH, LETTERS
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import MasterKeys
from portvakt.crypto.user_codes import UserCodes, draw_user_code

OLD = MasterKeys({"k1": b"1" * 32})
TURNED = MasterKeys({"k2": b"2" * 32, "k1": b"1" * 32})


class Given(SystemRandom):
    """Gives the bytes it was given, in their order."""

    def __init__(self, given: bytes) -> None:
        self.given = given

    def bytes(self, count: int) -> bytes:
        drawn, self.given = self.given[:count], self.given[count:]
        return drawn


def test_every_letter_is_as_likely_as_the_others() -> None:
    """240 bytes are twelve times the twenty letters; the sixteen that are left are drawn anew."""
    drawn = Counter[str]()
    for start in range(0, 240, LENGTH):
        drawn.update(draw_user_code(Given(bytes(range(start, start + LENGTH)))))
    assert drawn == dict.fromkeys(LETTERS, 12)
    left_over = bytes(range(240, 256)) + bytes(range(LENGTH))
    assert draw_user_code(Given(left_over)) == LETTERS[:LENGTH]


def test_codes_differ_and_have_their_length() -> None:
    codes = {draw_user_code(SystemRandom()) for _ in range(100)}
    assert len(codes) == 100
    assert {len(each) for each in codes} == {LENGTH}


def test_what_is_stored_of_a_code_cannot_be_made_without_the_key_and_survives_its_turning() -> None:
    stored = UserCodes(OLD).hash("BCDFGHJK")
    assert stored != UserCodes(MasterKeys({"k1": b"3" * 32})).hash("BCDFGHJK")
    assert stored != UserCodes(TURNED).hash("BCDFGHJK")
    assert stored in UserCodes(TURNED).hashes("BCDFGHJK")
    assert stored not in UserCodes(TURNED).hashes("BCDFGHJL")
