"""Which access lists let us set a password, as a domain controller would judge them."""

from struct import pack
from uuid import UUID

from portvakt.directories.active_directory.access import RESET_PASSWORD, grants

US, OTHERS = b"\x01\x01\x00\x00\x00\x00\x00\x05\x0b\x00\x00\x00", b"\x01\x01" + bytes(10)
CHANGE_PASSWORD = UUID("ab721a53-1e2f-11d0-9819-00aa0040529b")
ALLOW, DENY, ALLOW_OBJECT, DENY_OBJECT, AUDIT = 0, 1, 5, 6, 2
READ, EXTENDED = 0x10, 0x100


def rule(
    kind: int, who: bytes = US, *, right: UUID | None = None, mask: int = EXTENDED, flags: int = 0
) -> bytes:
    body = pack("<I", mask)
    if kind in {ALLOW_OBJECT, DENY_OBJECT}:
        body += pack("<I", 1 if right else 2) + (right.bytes_le if right else bytes(16))
    body += who
    return pack("<BBH", kind, flags, 4 + len(body)) + body


def descriptor(*rules: bytes) -> bytes:
    body = b"".join(rules)
    head = pack("<BBHIIII", 1, 0, 0x8004, 0, 0, 0, 20)
    return head + pack("<BBHHH", 4, 0, 8 + len(body), len(rules), 0) + body


def may(*rules: bytes) -> bool | None:
    return grants(descriptor(*rules), RESET_PASSWORD, {US})


def test_the_right_itself_or_all_rights_let_us() -> None:
    assert may(rule(ALLOW_OBJECT, right=RESET_PASSWORD)) is True
    assert may(rule(ALLOW_OBJECT)) is True
    assert may(rule(ALLOW)) is True


def test_other_rights_other_people_and_other_objects_do_not() -> None:
    assert may() is False
    assert may(rule(ALLOW_OBJECT, right=CHANGE_PASSWORD)) is False
    assert may(rule(ALLOW, OTHERS)) is False
    assert may(rule(ALLOW, mask=READ)) is False
    assert may(rule(ALLOW, flags=0x08)) is False  # for objects below this one
    assert may(rule(AUDIT)) is False


def test_the_first_rule_that_speaks_of_it_decides() -> None:
    assert may(rule(DENY_OBJECT, right=RESET_PASSWORD), rule(ALLOW)) is False
    assert may(rule(ALLOW), rule(DENY)) is True
    assert may(rule(DENY, OTHERS), rule(ALLOW)) is True


def test_what_cannot_be_read_is_not_judged() -> None:
    whole = descriptor(rule(ALLOW))
    assert grants(b"", RESET_PASSWORD, {US}) is None
    assert grants(whole[:30], RESET_PASSWORD, {US}) is None
