"""Who vouches for a new key (WebAuthn Level 3 section 7.1, steps 21 to 24)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from portvakt.core.key_models import NO_MODELS, KeyModels
from portvakt.core.keys import NewKey, NotAccepted
from portvakt.core.secret import Secret
from portvakt.crypto.key_metadata import read_metadata
from portvakt.methods.passkey import Party, Passkey
from tests.key_makers import AAGUID, HOST, NAME, OTHER, Fido, Maker, OldMaker, der, entry
from tests.soft_key import SoftKey, signature

ORIGIN = "https://mfa.region.example"
METHOD = Passkey(Party(origin=ORIGIN, rp_id="mfa.region.example"))
CHALLENGE = b"c" * 32
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def models_of(*entries: dict[str, Any]) -> KeyModels:
    fido = Fido()
    return read_metadata(fido.blob(*entries), fido.trusted, HOST, NOW).models


def key_of(maker: Maker, **given: Any) -> SoftKey:
    aaguid = "00000000-0000-0000-0000-000000000000" if isinstance(maker, OldMaker) else maker.aaguid
    return replace(SoftKey(ORIGIN, aaguid=aaguid, vouched=maker.packed), **given)


def made(key: SoftKey, models: KeyModels, *, attested: bool = True) -> NewKey | NotAccepted:
    options = METHOD.to_make(
        CHALLENGE,
        organisation="Region",
        handle=b"h" * 32,
        name="anna",
        display_name="Anna",
        known=(),
        alone=True,
        attested=attested,
    )
    assert options["attestation"] == ("direct" if attested else "none")
    return METHOD.made(
        Secret(key.make(options)), CHALLENGE, must_verify=True, models=models, attested=attested
    )


@pytest.mark.parametrize("kind", [Maker, OldMaker])
def test_a_key_whose_maker_is_known_is_vouched_for(kind: type[Maker]) -> None:
    maker = kind()
    found = made(key_of(maker), models_of(entry(maker)))
    assert isinstance(found, NewKey), found
    assert found.attested
    assert found.model is not None
    assert found.model.name == NAME
    assert found.attestation == ("fido-u2f" if kind is OldMaker else "packed")


def test_a_maker_may_name_the_certificate_of_a_batch_itself() -> None:
    maker = Maker()
    found = made(key_of(maker), models_of(entry(maker, roots=[maker.batch])))
    assert isinstance(found, NewKey), found
    assert found.attested


def unvouched(key: SoftKey, models: KeyModels) -> None:
    """It may be registered where nothing is asked of it; it is not what it says."""
    found = made(key, models)
    assert isinstance(found, NewKey), found
    assert not found.attested


@pytest.mark.parametrize("kind", [Maker, OldMaker])
def test_a_maker_whom_the_metadata_does_not_know_vouches_for_nothing(kind: type[Maker]) -> None:
    maker = kind()
    unvouched(key_of(maker), NO_MODELS)
    unvouched(key_of(maker), models_of(entry(Maker(aaguid=OTHER)), entry(OldMaker())))


def test_a_model_without_roots_vouches_for_nothing() -> None:
    """The library takes every chain where it is given no root."""
    maker = Maker()
    unvouched(key_of(maker), models_of(entry(maker, roots=[])))


def test_a_chain_to_another_root_is_refused() -> None:
    maker, forger = Maker(), Maker()
    found = made(key_of(forger), models_of(entry(maker)))
    assert isinstance(found, NotAccepted), found


def test_a_certificate_for_another_model_vouches_for_nothing() -> None:
    """A maker's cheap model must not pass for its dear one."""
    maker = Maker()
    cheap = Maker(names=OTHER, root_key=maker.root_key)
    unvouched(key_of(cheap), models_of(entry(cheap)))


@pytest.mark.parametrize("wrong", [{"unit": "Sales"}, {"ca": True}])
def test_a_certificate_that_is_none_for_attesting_vouches_for_nothing(wrong: Any) -> None:
    maker = Maker(**wrong)
    unvouched(key_of(maker), models_of(entry(maker)))


def test_a_statement_that_its_maker_has_not_signed_is_refused() -> None:
    maker = Maker()

    def forged(data: bytes, client: bytes) -> tuple[str, dict[str, Any]]:
        _, statement = maker.packed(data, client)
        return "packed", statement | {"sig": signature(maker.root_key, data + client)}

    found = made(key_of(maker, vouched=forged), models_of(entry(maker)))
    assert isinstance(found, NotAccepted), found


def test_a_statement_for_another_key_is_refused() -> None:
    maker = Maker()

    def moved(data: bytes, client: bytes) -> tuple[str, dict[str, Any]]:
        return maker.packed(data[:-1] + b"x", client)

    found = made(key_of(maker, vouched=moved), models_of(entry(maker)))
    assert isinstance(found, NotAccepted), found


def test_a_key_that_only_attests_itself_or_not_at_all_is_not_vouched_for() -> None:
    maker = Maker()
    known = models_of(entry(maker))
    for key in (
        key_of(maker, vouched=None),
        key_of(maker, vouched=None, attests_itself=True),
    ):
        unvouched(key, known)
        found = made(key, known, attested=False)
        assert isinstance(found, NewKey)
        assert found.model is not None
        assert (found.model.id, found.attested) == (AAGUID, False)


def test_a_makers_word_that_nobody_asked_for_is_refused() -> None:
    maker = Maker()
    found = made(key_of(maker), models_of(entry(maker)), attested=False)
    assert found == NotAccepted("attested, which nobody asked for")


@pytest.mark.parametrize("chain", [[b"not a certificate"], [b""]])
def test_certificates_that_cannot_be_read_are_refused(chain: list[bytes]) -> None:
    maker = Maker()

    def broken(data: bytes, client: bytes) -> tuple[str, dict[str, Any]]:
        fmt, statement = maker.packed(data, client)
        return fmt, statement | {"x5c": chain}

    found = made(key_of(maker, vouched=broken), models_of(entry(maker)))
    assert isinstance(found, NotAccepted), found


def test_a_format_that_is_not_judged_is_refused() -> None:
    maker = Maker()

    def strange(data: bytes, client: bytes) -> tuple[str, dict[str, Any]]:
        return "compound", maker.packed(data, client)[1]

    found = made(key_of(maker, vouched=strange), models_of(entry(maker)))
    assert isinstance(found, NotAccepted), found


def test_apples_own_root_vouches_for_no_other_makers_model() -> None:
    """The library trusts some roots of its own; a model's keys lead to that model's."""
    maker = Maker()

    def as_apple(data: bytes, client: bytes) -> tuple[str, dict[str, Any]]:
        del data, client
        return "apple", {"x5c": [der(maker.batch)]}

    found = made(key_of(maker, vouched=as_apple), models_of(entry(maker)))
    assert isinstance(found, NotAccepted), found
