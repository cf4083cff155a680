"""What texts, PDUs and receipts look like to the gateway for message centres: no centre needed."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from portvakt import gsm7
from portvakt.sms import NoReceipt, Receipt
from portvakt.sms.smpp import letters, pdus, receipts
from portvakt.sms.smpp.pdus import BadPduError, Delivered, Pdu

LETTERS = some.text(
    some.characters(codec="utf-8") | some.sampled_from("åäöÅÄÖ€[]{}\\~^|@§`Ωé🙂 0123"), max_size=400
)


def gsm(octets: bytes) -> str:
    """Read GSM letters back, by the tables of the specification and not by how we write them."""
    table = letters._GSM  # noqa: SLF001 - the table itself is checked below
    back = {at: letter for letter, at in letters._EXTENSION.items()}  # noqa: SLF001
    read, escaped = "", False
    for octet in octets:
        if escaped:
            read, escaped = read + back[octet], False
        elif octet == 0x1B:
            escaped = True
        else:
            read += table[octet]
    assert not escaped
    return read


def test_the_table_of_letters_has_everything_at_its_place() -> None:
    for letter, octet in {"@": 0, "å": 0x0F, "Å": 0x0E, "Ä": 0x5B, "Ö": 0x5C, "ä": 0x7B}.items():
        assert letters.write(letter).parts == (bytes((octet,)),)
    for letter, octet in {"ö": 0x7C, "Ü": 0x5E, "§": 0x5F, "a": 0x61, "à": 0x7F, "É": 0x1F}.items():
        assert letters.write(letter).parts == (bytes((octet,)),)
    assert letters.write("€").parts == (b"\x1b\x65",)
    assert letters.write("`").coding == letters.CODING_UCS2


@given(LETTERS)
def test_a_text_reads_the_same_from_its_parts(text: str) -> None:
    written = letters.write(text)
    if written.coding == letters.CODING_UCS2:
        assert "".join(part.decode("utf-16-be") for part in written.parts) == text
    else:
        assert "".join(map(gsm, written.parts)) == text
    assert all(len(part) <= (160 if written.coding == 0 else 140) for part in written.parts)


@given(LETTERS)
def test_a_text_takes_the_parts_that_we_say_it_costs(text: str) -> None:
    """One more where a letter of two octets would have been torn apart."""
    assert len(letters.write(text).parts) - gsm7.parts(text) in {0, 1}


@given(LETTERS)
def test_latin1_is_for_what_it_has(text: str) -> None:
    written = letters.write(text, latin1=True)
    coding = "iso-8859-1" if written.coding == letters.CODING_LATIN1 else "utf-16-be"
    assert "".join(part.decode(coding) for part in written.parts) == text


@given(some.binary(max_size=200), some.sampled_from([0x80000004, 0x05, 0x15, 0x80000000, 0x77]))
def test_whatever_comes_is_read_or_is_no_pdu(body: bytes, command: int) -> None:
    raw = struct.pack(">LLLL", 16 + len(body), command, 0, 7) + body
    try:
        found = pdus.read(raw)
    except BadPduError:
        return
    assert found.sequence == 7


@pytest.mark.parametrize("length", [0, 15, 64 * 1024 + 1, 0xFFFFFFFF])
def test_a_length_that_no_pdu_has_is_noticed(length: int) -> None:
    with pytest.raises(BadPduError):
        pdus.read_length(struct.pack(">L", length))


def deliver_sm(parameters: bytes) -> bytes:
    """One with nothing in it but parameters."""
    body = b"\0" + b"\1\1" + b"4670\0" + b"\5\0" + b"Ex\0" + b"\4\0\0" + b"\0\0" + b"\0" * 5
    return struct.pack(">LLLL", 16 + len(body + parameters), 5, 0, 7) + body + parameters


@pytest.mark.parametrize("name", [b"ab001", b"ab001\0"])
def test_a_name_is_whole_whether_it_ends_in_a_nul_or_not(name: bytes) -> None:
    raw = deliver_sm(struct.pack(">HH", 0x1E, len(name)) + name + b"\x14\x00\x00\x02zz")
    assert pdus.read(raw) == Pdu("deliver_sm", 0, 7, "", Delivered(4, b"", "ab001", None))


def test_what_nobody_knows_is_answered_so() -> None:
    asked = pdus.read(struct.pack(">LLLL", 16, 0x77, 0, 7))
    assert pdus.answer(asked) == struct.pack(">LLLL", 16, 0x80000000, 3, 7)
    asked = pdus.read(struct.pack(">LLLL", 16, 0x15, 0, 8))
    assert pdus.answer(asked) == struct.pack(">LLLL", 16, 0x80000015, 0, 8)


DATES = "submit date:2611231200 done date:2611231200"
NOT_OURS = NoReceipt("somebody's text, or a notice on the way")
NO_FATE = NoReceipt("neither delivered nor failed")


def worded(name: str, state: str, esm_class: int = 4) -> Delivered:
    """A receipt in words, as appendix B of the specification has it."""
    words = f"id:{name} sub:001 dlvrd:001 {DATES} stat:{state} err:000 text:"
    return Delivered(esm_class, words.encode(), "", None)


@pytest.mark.parametrize(
    ("delivered", "ids", "found"),
    [
        (Delivered(4, b"", "a", 2), "same", Receipt("a", "delivered")),
        (Delivered(4, b"", "a", 3), "same", Receipt("a", "failed", "EXPIRED")),
        (Delivered(4, b"", "a", 8), "same", Receipt("a", "failed", "REJECTD")),
        (Delivered(4, b"", "a", 6), "same", NO_FATE),
        (Delivered(4, b"", "a", 7), "same", NO_FATE),
        (Delivered(0x44, b"", "a", 2), "same", Receipt("a", "delivered")),
        (worded("a", "DELIVRD"), "same", Receipt("a", "delivered")),
        (worded("a", "undeliv"), "same", Receipt("a", "failed", "UNDELIV")),
        (worded("a", "ENROUTE"), "same", NO_FATE),
        (replace(worded("a", "DELIVRD"), receipted="b"), "same", Receipt("b", "delivered")),
        (replace(worded("a", "DELIVRD"), state=8), "same", Receipt("a", "failed", "REJECTD")),
        (worded("17", "DELIVRD"), "hex_then_decimal", Receipt("17", "delivered")),
        (worded("0B", "DELIVRD"), "decimal_then_hex", Receipt("11", "delivered")),
        (worded("x-1", "DELIVRD"), "hex_then_decimal", Receipt("x-1", "delivered")),
        (Delivered(4, b"", "0011", 2), "hex_then_decimal", Receipt("17", "delivered")),
        (Delivered(4, b"\xff\xfe", "", None), "same", NoReceipt("no name, or no state")),
        (worded("a", "DELIVRD", 0), "same", NOT_OURS),
        (worded("a", "DELIVRD", 0x20), "same", NOT_OURS),
    ],
)
def test_a_receipt_is_read_from_parameters_first_and_words_then(
    delivered: Delivered, ids: receipts.Ids, found: Receipt | NoReceipt
) -> None:
    assert receipts.read(delivered, ids) == found


@pytest.mark.parametrize(
    ("ids", "name"),
    [("same", "00AB"), ("hex_then_decimal", "171"), ("decimal_then_hex", "00AB")],
)
def test_an_answer_and_its_receipt_name_a_text_alike(ids: receipts.Ids, name: str) -> None:
    assert receipts.own_name("00AB", ids) == name
    assert receipts.own_name("0017", "decimal_then_hex") == "17"
