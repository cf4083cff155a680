"""What is known of models of keys: believed only as it was signed (FIDO Metadata Service 3)."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from portvakt.core.key_models import Report
from portvakt.crypto.key_metadata import BadMetadataError, read_files, read_metadata
from tests.handset import b64u
from tests.key_makers import AAGUID, HOST, NAME, Fido, Maker, OldMaker, b64, der, entry

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_signed_file_tells_models_with_names_statuses_and_roots(alg: str) -> None:
    fido, maker = Fido(alg), Maker()
    signed = fido.blob(entry(maker, "NOT_FIDO_CERTIFIED", "FIDO_CERTIFIED_L2 2026-01-02"))
    found = read_metadata(signed, fido.trusted, HOST, NOW)
    assert (found.number, found.next_update, len(found.models)) == (7, date(2027, 1, 1), 1)
    model = found.models.get(AAGUID)
    assert model is not None
    assert model.name == NAME
    assert model.reports == (
        Report("NOT_FIDO_CERTIFIED"),
        Report("FIDO_CERTIFIED_L2", date(2026, 1, 2)),
    )
    assert model.roots == (der(maker.root),)


def test_a_key_of_the_old_kind_is_known_by_its_certificate() -> None:
    fido, maker = Fido(), OldMaker()
    found = read_metadata(fido.blob(entry(maker)), fido.trusted, HOST, NOW)
    model = found.models.get(f"u2f:{maker.identifier}")
    assert model is not None
    assert model.name == NAME


def test_an_entry_for_neither_kind_is_left_out() -> None:
    fido = Fido()
    signed = fido.blob({"aaid": "1234#5678", "statusReports": []}, entry(Maker()))
    assert len(read_metadata(signed, fido.trusted, HOST, NOW).models) == 1


def refused(signed: bytes, fido: Fido, *, host: str = HOST, root: bytes | None = None) -> str:
    with pytest.raises(BadMetadataError) as said:
        read_metadata(signed, fido.trusted if root is None else root, host, NOW)
    return str(said.value)


def test_what_was_changed_or_signed_by_another_is_refused() -> None:
    fido, other = Fido(), Fido()
    signed = fido.blob(entry(Maker()))
    head, _, seal = signed.split(b".")
    more = b64u(json.dumps({"no": 8, "nextUpdate": "2027-01-01", "entries": []}).encode())
    assert "no metadata" in refused(b".".join([head, more.encode(), seal]), fido)
    assert "not signed by" in refused(signed, other)
    assert "not signed by" in refused(other.blob(), fido)
    theirs = other.blob(x5c=[b64(der(fido.signer))])
    assert "no metadata" in refused(theirs, fido)


def test_a_certificate_under_the_same_root_for_another_name_is_refused() -> None:
    """Such a root signs for many."""
    fido = Fido(host="elsewhere.example")
    assert f"not signed by {HOST}" in refused(fido.blob(entry(Maker())), fido)


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "PS256", "ES384"])
def test_an_algorithm_that_is_not_the_keys_own_is_refused(alg: str) -> None:
    fido = Fido()
    assert "no metadata" in refused(fido.blob(alg=alg), fido)


@pytest.mark.parametrize(
    "signed", [b"", b"x", b"a.b.c", b"e30.e30.e30", b"\xff.\xff.\xff", b"." * 5]
)
def test_what_is_no_signed_file_is_refused(signed: bytes) -> None:
    assert "no metadata" in refused(signed, Fido())


@pytest.mark.parametrize(
    "payload",
    [b"{}", b"[]", b'{"no": "7", "nextUpdate": "2027-01-01", "entries": []}', b"not json"],
)
def test_what_is_signed_but_no_metadata_is_refused(payload: bytes) -> None:
    fido = Fido()
    assert "no metadata" in refused(fido.sign(payload), fido)


def test_without_a_signer_or_a_root_nothing_is_believed() -> None:
    fido = Fido()
    signed = fido.blob(entry(Maker()))
    assert "no metadata" in refused(fido.blob(x5c=[]), fido)
    assert "holds no certificate" in refused(signed, fido, root=b"not PEM")


def test_a_root_that_is_not_base64_is_refused() -> None:
    fido, known = Fido(), entry(Maker())
    known["metadataStatement"]["attestationRootCertificates"] = ["é"]
    assert "not base64" in refused(fido.blob(known), fido)


def test_an_old_file_stays_readable_and_one_that_was_signed_too_late_does_not() -> None:
    """Else a service would not start again on the day when a certificate ends."""
    ends = datetime(2026, 6, 1, tzinfo=UTC)
    fido = Fido(until=ends)
    old = fido.blob(entry(Maker()), next_update="2026-05-01")
    assert len(read_metadata(old, fido.trusted, HOST, NOW).models) == 1
    late = fido.blob(entry(Maker()), next_update="2026-07-01")
    assert "not signed by" in refused(late, fido)


def test_files_are_read_and_named_when_they_are_bad(tmp_path: Path) -> None:
    fido = Fido()
    signed, root = tmp_path / "blob.jwt", tmp_path / "root.pem"
    signed.write_bytes(fido.blob(entry(Maker())) + b"\n")
    with pytest.raises(BadMetadataError, match=r"root\.pem: No such file"):
        read_files(signed, root, HOST, NOW)
    root.write_bytes(fido.trusted)
    assert read_files(signed, root, HOST, NOW).number == 7
    signed.write_bytes(b"nothing")
    with pytest.raises(BadMetadataError, match=r"blob\.jwt: no metadata"):
        read_files(signed, root, HOST, NOW)
