"""The codes that bring a phone to an account: how they are drawn, and what is stored of them."""

import hashlib

from portvakt.core.ids import AccountId
from portvakt.core.phones import is_long_code, short_code
from portvakt.crypto.pairing_codes import PairingCodes, draw_pairing_code
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import MasterKeys

KEYS = MasterKeys({"k1": bytes(range(32))})
ANNA, BO = AccountId("anna"), AccountId("bo")


def test_codes_are_drawn_in_the_form_that_phones_read() -> None:
    code = draw_pairing_code(SystemRandom())
    assert is_long_code(code.long)
    assert short_code(code.short) == code.short
    assert code.long not in repr(code)
    assert code.short not in repr(code)
    assert draw_pairing_code(SystemRandom()) != code


def test_of_a_long_code_its_sha_256_is_stored() -> None:
    code = "AAAAAAAAAAAAAAAAAAAAAA"
    assert PairingCodes(KEYS).long_hash(code) == hashlib.sha256(code.encode()).digest()


def test_a_short_code_is_right_for_one_account_and_one_installation() -> None:
    codes = PairingCodes(KEYS)
    stored = codes.short_hash(ANNA, "ABCDEFGH")
    assert stored == PairingCodes(KEYS).short_hash(ANNA, "ABCDEFGH")
    assert stored != codes.short_hash(BO, "ABCDEFGH")
    assert stored != codes.short_hash(ANNA, "ABCDEFGI")
    other = MasterKeys({"k1": bytes(32)})
    assert stored != PairingCodes(other).short_hash(ANNA, "ABCDEFGH")
