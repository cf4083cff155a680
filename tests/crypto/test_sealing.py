import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.crypto.sealing import (
    CannotOpenError,
    CodeMac,
    Mac,
    MasterKeyFileError,
    MasterKeys,
    Sealer,
    UnknownKeyError,
    key_id_of,
    make_master_key_file,
    new_key_line,
    read_master_keys,
)

OLD = MasterKeys({"k1": b"1" * 32})
BOTH = MasterKeys({"k2": b"2" * 32, "k1": b"1" * 32})
SEED = b"12345678901234567890"
PLACE = {"table": "authenticators", "column": "sealed", "row": "abc"}


@given(st.binary(max_size=300), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_what_is_sealed_opens_in_its_own_place(data: bytes, t: str, c: str, r: str) -> None:
    sealer = Sealer(OLD)
    assert (
        sealer.open(sealer.seal(data, table=t, column=c, row=r), table=t, column=c, row=r) == data
    )


@pytest.mark.parametrize(
    "other",
    [
        {"table": "drafts", "column": "sealed", "row": "abc"},
        {"table": "authenticators", "column": "detail", "row": "abc"},
        {"table": "authenticators", "column": "sealed", "row": "abd"},
        {"table": "authenticatorss", "column": "ealed", "row": "abc"},
    ],
)
def test_an_envelope_cannot_be_moved_to_another_place(other: dict[str, str]) -> None:
    sealer = Sealer(OLD)
    envelope = sealer.seal(SEED, **PLACE)
    with pytest.raises(CannotOpenError):
        sealer.open(envelope, **other)


def test_no_bit_of_an_envelope_can_be_changed() -> None:
    sealer = Sealer(OLD)
    envelope = sealer.seal(SEED, **PLACE)
    for at in range(len(envelope)):
        changed = bytearray(envelope)
        changed[at] ^= 1
        with pytest.raises((CannotOpenError, UnknownKeyError)):
            sealer.open(bytes(changed), **PLACE)
        with pytest.raises((CannotOpenError, UnknownKeyError)):
            sealer.open(envelope[:at], **PLACE)


@given(st.binary(max_size=80))
def test_nothing_that_is_not_an_envelope_opens_or_crashes(data: bytes) -> None:
    with pytest.raises((CannotOpenError, UnknownKeyError)):
        Sealer(OLD).open(data, **PLACE)


def test_the_same_seed_sealed_twice_looks_different_and_never_shows() -> None:
    sealer = Sealer(OLD)
    envelopes = {sealer.seal(SEED, **PLACE) for _ in range(1_000)}
    assert len({envelope[4:16] for envelope in envelopes}) == 1_000  # nonces, after 1, 1, “k1”
    assert all(SEED not in envelope for envelope in envelopes)


def test_a133_without_the_key_nothing_sealed_is_recoverable() -> None:
    envelope = Sealer(OLD).seal(SEED, **PLACE)
    for other in (MasterKeys({"k1": b"x" * 32}), MasterKeys({"k1": bytes(32)})):
        with pytest.raises(CannotOpenError):
            Sealer(other).open(envelope, **PLACE)


def test_a133_six_digits_cannot_be_guessed_from_their_mac_without_the_key() -> None:
    mac = CodeMac(OLD).of("123456", flow="f", purpose="sign_in")
    other = CodeMac(MasterKeys({"k1": b"x" * 32}))
    assert mac != other.of("123456", flow="f", purpose="sign_in")


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    envelope = Sealer(OLD).seal(SEED, **PLACE)
    after = Sealer(BOTH)
    assert after.open(envelope, **PLACE) == SEED
    assert after.needs_reseal(envelope)
    again = after.seal(SEED, **PLACE)
    assert key_id_of(again) == "k2"
    assert not after.needs_reseal(again)


def test_a_key_that_is_gone_is_named() -> None:
    envelope = Sealer(BOTH).seal(SEED, **PLACE)
    with pytest.raises(UnknownKeyError, match="k2"):
        Sealer(OLD).open(envelope, **PLACE)


def test_a020_a_code_is_right_only_for_its_own_flow_and_purpose() -> None:
    macs = CodeMac(OLD)
    here = macs.of("123456", flow="one", purpose="sign_in")
    assert here == macs.of("123456", flow="one", purpose="sign_in")
    assert here != macs.of("123456", flow="two", purpose="sign_in")
    assert here != macs.of("123456", flow="one", purpose="methods")
    assert here != macs.of("123456o", flow="ne", purpose="sign_in")


def test_keys_of_different_purposes_differ_and_none_is_the_master_key() -> None:
    derived = [OLD.derive("sealing"), OLD.derive("mac/one-time-code"), OLD.derive_lasting("salt")]
    assert len({*derived, OLD.keys["k1"]}) == 4
    assert Mac(OLD, "a").of("x") != Mac(OLD, "b").of("x")
    assert Mac(OLD, "a").of("x", "y") != Mac(OLD, "a").of("xy")


def test_what_must_last_survives_a_new_master_key() -> None:
    assert BOTH.derive_lasting("pairwise") == OLD.derive_lasting("pairwise")
    assert BOTH.derive("sealing") != OLD.derive("sealing")


def test_a_key_file_is_made_for_its_owner_alone_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    make_master_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    keys = read_master_keys(path)
    assert list(keys.keys) == ["k1"]
    assert len(keys.keys["k1"]) == 32
    with pytest.raises(FileExistsError):
        make_master_key_file(path)


def test_the_first_line_is_the_current_key_and_comments_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    path.write_text("# note\n\n" + new_key_line("k2") + new_key_line("k1"))
    path.chmod(0o600)
    assert read_master_keys(path).current == "k2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no key"),
        ("k1\n", "line 1"),
        ("K1:" + base64.b64encode(bytes(32)).decode(), "line 1"),
        ("k1:" + base64.b64encode(bytes(31)).decode(), "31 bytes"),
        ("k1:not base64!", "base64"),
        ("k1:" + base64.b64encode(bytes(32)).decode() + "\nk1:" + "A" * 43 + "=", "twice"),
    ],
)
def test_a_broken_key_file_says_which_line_and_never_the_key(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "master.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(MasterKeyFileError, match=said) as caught:
        read_master_keys(path)
    assert "AAAA" not in str(caught.value)


def test_a_key_file_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    make_master_key_file(path)
    path.chmod(0o644)
    with pytest.raises(MasterKeyFileError, match="everybody"):
        read_master_keys(path)


def test_a_missing_key_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyFileError, match="No such file"):
        read_master_keys(tmp_path / "none.key")


def test_keys_show_their_names_and_nothing_else() -> None:
    assert repr(BOTH) == "MasterKeys(k2, k1)"
