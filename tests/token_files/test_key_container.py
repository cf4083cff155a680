"""PSKC (RFC 6030): in the clear, with a shared key, with a pass phrase; and what is refused."""

import io
from typing import Any

import pytest
from pskc import PSKC

from portvakt.core.hardware_tokens import Make, TokenKind
from portvakt.token_files import BrokenTokenFileError, Seed
from portvakt.token_files.key_container import Opening, looks_like, read

SECRET = b"12345678901234567890"
TOTP = "urn:ietf:params:xml:ns:keyprov:pskc:totp"
HOTP = "urn:ietf:params:xml:ns:keyprov:pskc:hotp"
KEY = bytes(range(16))
PHRASE = "en lång fras"


def container(*keys: dict[str, Any], key: bytes | None = None, phrase: str = "") -> bytes:
    made = PSKC()
    for given in keys or ({},):
        fields: dict[str, Any] = {
            "id": "k1",
            "serial": "2308712345",
            "manufacturer": "oath.FT",
            "model": "c200",
            "secret": SECRET,
            "algorithm": TOTP,
            "time_interval": 60,
            "response_length": 6,
            "response_encoding": "DECIMAL",
        }
        made.add_key(**(fields | given))
    if key is not None:
        made.encryption.setup_preshared_key(key=key)
    if phrase:
        made.encryption.setup_pbkdf2(phrase)
    out = io.BytesIO()
    made.write(out)
    return out.getvalue()


SEED = Seed(
    row=1,
    serial="2308712345",
    secret=SECRET,
    make=Make(kind=TokenKind.TOTP, period=60),
    manufacturer="oath.FT",
    model="c200",
)


@pytest.mark.parametrize(
    ("content", "opening"),
    [
        (container(), Opening()),
        (container(key=KEY), Opening(key=KEY)),
        (container(phrase=PHRASE), Opening(pass_phrase=PHRASE)),
    ],
    ids=["in the clear", "shared key", "pass phrase"],
)
def test_a_file_opens_with_what_it_was_closed_with(content: bytes, opening: Opening) -> None:
    held, signed = read(content, opening)
    assert (held.seeds, held.unusable, signed) == ((SEED,), (), False)
    assert looks_like(content)


@pytest.mark.parametrize(
    "opening", [Opening(), Opening(key=KEY[::-1]), Opening(key=b"short"), Opening(pass_phrase="x")]
)
@pytest.mark.parametrize("content", [container(key=KEY), container(phrase=PHRASE)])
def test_a_file_does_not_open_with_anything_else(content: bytes, opening: Opening) -> None:
    with pytest.raises(BrokenTokenFileError, match=r"does not open|not encrypted with"):
        read(content, opening)


def test_a_changed_secret_is_noticed() -> None:
    content = container(key=KEY)
    start = content.rindex(b"CipherValue>", 0, content.rindex(b"ValueMAC")) - 40
    changed = content[:start] + (b"A" if content[start : start + 1] != b"A" else b"B")
    with pytest.raises(BrokenTokenFileError, match="does not open"):
        read(changed + content[start + 1 :], Opening(key=KEY))


def test_a_counter_its_digest_and_its_owner_are_read() -> None:
    given = {
        "algorithm": HOTP,
        "counter": 42,
        "time_interval": None,
        "algorithm_suite": "HMAC-SHA256",
        "response_length": 8,
        "key_userid": "UID=anna.berg,O=Region Exempel",
    }
    (seed,) = read(container(given), Opening())[0].seeds
    assert seed.make == Make(kind=TokenKind.HOTP, algorithm="sha256", digits=8, period=0)
    assert (seed.counter, seed.user) == (42, "anna.berg")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"serial": "a/b"}, "SerialNo"),
        ({"algorithm": "urn:ietf:params:xml:ns:keyprov:pskc:pin"}, "kind"),
        ({"algorithm_suite": "HMAC-MD5"}, "Suite"),
        ({"response_encoding": "HEXADECIMAL"}, "ResponseFormat"),
        ({"response_check": True}, "ResponseFormat"),
        ({"response_length": 7}, "digits"),
        ({"time_interval": 45}, "time interval"),
        ({"algorithm": HOTP, "counter": -5}, "counter"),
        ({"algorithm": HOTP, "counter": 10**15}, "counter"),
        ({"algorithm": HOTP, "counter": 10**400}, "counter"),
        ({"secret": b"short"}, "secret key"),
        ({"secret": None}, "Secret"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_and_the_others_are_taken(
    given: dict[str, Any], field: str
) -> None:
    held, _ = read(container(given, {"serial": "2"}), Opening())
    assert [each.serial for each in held.seeds] == ["2"]
    assert [(each.row, each.field) for each in held.unusable] == [(1, field)]


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE k [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:pskc" Version="1.0">&b;</KeyContainer>"""
FILE = b"""<?xml version="1.0"?>
<!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/hostname">]>
<KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:pskc" Version="1.0">&x;</KeyContainer>"""


@pytest.mark.parametrize("content", [BOMB, FILE])
def test_document_types_and_entities_are_refused(content: bytes) -> None:
    with pytest.raises(BrokenTokenFileError, match="document type"):
        read(content, Opening())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<", "well-formed"),
        (b"<html/>", "not PSKC"),
        (container().replace(b'Version="1.0">', b'Version="9.9">'), "not PSKC"),
        (
            b'<KeyContainer xmlns="urn:ietf:params:xml:ns:keyprov:pskc" Version="1.0"/>',
            "no keys",
        ),
    ],
)
def test_what_is_no_such_file_is_refused_whole(content: bytes, why: str) -> None:
    with pytest.raises(BrokenTokenFileError, match=why):
        read(content, Opening())


def test_an_interval_of_nought_is_not_the_usual_one() -> None:
    """A file that says nothing of it means 30 seconds; one that says 0 does not."""
    content = container()
    assert b"PlainValue>60<" in content
    held, _ = read(content.replace(b"PlainValue>60<", b"PlainValue>0<"), Opening())
    assert [each.field for each in held.unusable] == ["time interval"]


def test_a_pass_phrase_that_would_take_for_ever_is_not_tried() -> None:
    content = container(phrase=PHRASE)
    assert b">100000<" in content
    opening = Opening(pass_phrase=PHRASE)
    with pytest.raises(BrokenTokenFileError, match="more than 10000000 times"):
        read(content.replace(b">100000<", b">4000000000<"), opening)


def test_a_signature_is_told_of_since_it_is_not_verified() -> None:
    signature = (
        b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>'
        b'<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
        b'<ds:SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"/>'
        b'<ds:Reference URI=""><ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>'
        b"<ds:DigestValue>AA==</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        b"<ds:SignatureValue>AA==</ds:SignatureValue></ds:Signature>"
    )
    content = container().replace(b"</pskc:KeyContainer>", signature + b"</pskc:KeyContainer>")
    assert read(content, Opening())[1]


@pytest.mark.parametrize("content", [b"2308712345,0123", b"upn,serial number", b""])
def test_what_is_not_xml_does_not_look_like_it(content: bytes) -> None:
    assert not looks_like(content)
