"""What the push service carries: opened by another library with the phone's own key."""

import http_ece
import pytest
from cryptography.exceptions import InvalidTag

from portvakt.crypto.push_message import encrypted
from portvakt.crypto.randomness import SystemRandom
from tests.servers.push_service import WakeablePhone

RANDOM = SystemRandom()


def told(phone: WakeablePhone, text: bytes = b'{"v":1}') -> bytes:
    where = phone.subscription("https://push.example")
    return encrypted(text, p256dh=where.p256dh, auth=where.auth, random=RANDOM)


def test_only_the_phone_that_it_is_for_can_read_it() -> None:
    phone = WakeablePhone()
    body = told(phone)
    assert phone.opened(body) == b'{"v":1}'
    assert b'"v"' not in body
    with pytest.raises((InvalidTag, http_ece.ECEException)):
        WakeablePhone(auth=phone.auth).opened(body)
    with pytest.raises((InvalidTag, http_ece.ECEException)):
        WakeablePhone(private=phone.private).opened(body)


def test_the_head_is_that_of_rfc_8188_with_our_key_in_it() -> None:
    body = told(WakeablePhone())
    assert body[16:20] == (4096).to_bytes(4, "big")
    assert body[20] == 65
    assert body[21] == 4
    assert len(body) == 16 + 4 + 1 + 65 + len(b'{"v":1}') + 1 + 16


def test_a_key_that_is_no_point_is_a_value_error() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are a library's
        encrypted(b"x", p256dh=b"\x04" + bytes(64), auth=bytes(16), random=RANDOM)
