"""What a key must prove (W3C WebAuthn Level 3 sections 7.1 and 7.2), with a key made of software.

Every refusal has a twin that is right in all but the one thing.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from portvakt.core.keys import Known, Named, NewKey, NotAccepted
from portvakt.core.secret import Secret
from portvakt.methods import Ceremony, KeyAtHand, KeyUse, Rejected, Verified
from portvakt.methods.passkey import ALGORITHMS, LONGEST, Party, Passkey
from tests import make
from tests.handset import unb64u
from tests.soft_key import BE, BS, UP, UV, PrivateKey, SoftKey, p256

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ORIGIN = "https://mfa.region.example"
METHOD = Passkey(Party(origin=ORIGIN, rp_id="mfa.region.example"))
CHALLENGE = b"c" * 32
HANDLE = b"h" * 32
KEYS: dict[int, Callable[[], PrivateKey]] = {
    -7: p256,
    -8: ed25519.Ed25519PrivateKey.generate,
    -257: lambda: rsa.generate_private_key(65537, 2048),
}


def to_make(*, alone: bool = True) -> Any:
    return METHOD.to_make(
        CHALLENGE,
        organisation="Region Exempel",
        handle=HANDLE,
        name="anna.berg",
        display_name="Anna Berg",
        known=(),
        alone=alone,
    )


def to_use(*, must_verify: bool = True) -> Any:
    return METHOD.to_use(CHALLENGE, (), must_verify=must_verify)


def judged_making(answer: str, challenge: bytes = CHALLENGE) -> NewKey | NotAccepted:
    return METHOD.made(Secret(answer), challenge, must_verify=True)


def made(key: SoftKey, /, *, must_verify: bool = True, **said: Any) -> NewKey | NotAccepted:
    return METHOD.made(Secret(key.make(to_make(), **said)), CHALLENGE, must_verify=must_verify)


def registered(key: SoftKey) -> KeyAtHand:
    new = made(key)
    assert isinstance(new, NewKey), new
    return KeyAtHand(
        id=make.bound(make.PASSKEY).id,
        challenge=CHALLENGE,
        asked_at=NOW,
        must_verify=True,
        must_name=True,
        handle=HANDLE,
        public_key=new.public_key,
        verifies=new.user_verified,
        copied=new.copied,
    )


def judged(at: KeyAtHand, answer: str) -> Verified | Rejected:
    ceremony = Ceremony(
        flow="flow",
        purpose="sign_in",
        now=NOW,
        authenticator=make.bound(make.PASSKEY),
        key=at,
    )
    return asyncio.run(METHOD.verify(ceremony, Secret(answer)))


def test_what_a_browser_is_asked_says_nothing_of_who_somebody_is() -> None:
    asked = to_use()
    assert asked["allowCredentials"] == []
    assert asked["rpId"] == "mfa.region.example"
    assert asked["userVerification"] == "required"
    assert unb64u(asked["challenge"]) == CHALLENGE


def test_a_key_that_signs_in_alone_keeps_its_owner_and_verifies_them() -> None:
    alone, beside = to_make(), to_make(alone=False)
    selection = {"residentKey": "required", "requireResidentKey": True}
    assert alone["authenticatorSelection"] == selection | {"userVerification": "required"}
    assert beside["authenticatorSelection"]["userVerification"] == "discouraged"
    assert [each["alg"] for each in alone["pubKeyCredParams"]] == list(ALGORITHMS)
    assert unb64u(alone["user"]["id"]) == HANDLE
    assert alone["rp"]["id"] == "mfa.region.example"


def test_a_key_that_somebody_has_is_not_made_twice() -> None:
    known = Known(id=b"k1", transports=("usb",))
    asked = METHOD.to_make(
        CHALLENGE,
        organisation="R",
        handle=HANDLE,
        name="n",
        display_name="n",
        known=[known],
        alone=True,
    )
    assert asked["excludeCredentials"] == [
        {"type": "public-key", "id": "azE", "transports": ["usb"]}
    ]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_of_each_algorithm_is_made_and_used(alg: int) -> None:
    key = SoftKey(ORIGIN, key=KEYS[alg]())
    new = made(key)
    assert isinstance(new, NewKey), new
    assert (new.algorithm, new.copied, new.user_verified) == (alg, False, True)
    assert (new.transports, new.attestation) == (("usb",), "none")
    result = judged(registered(key), key.use(to_use()))
    assert result == Verified(
        KeyUse(
            authenticator_id=make.bound(make.PASSKEY).id,
            challenge=CHALLENGE,
            asked_at=NOW,
            sign_count=1,
            backed_up=False,
            user_verified=True,
            device_bound=True,
        )
    )


def test_a_copied_key_says_so_and_is_not_bound_to_a_device() -> None:
    key = SoftKey(ORIGIN, flags=UP | UV | BE | BS)
    at = registered(key)
    assert at.copied
    result = judged(at, key.use(to_use()))
    assert isinstance(result, Verified)
    assert isinstance(result.spends, KeyUse)
    assert (result.spends.backed_up, result.spends.device_bound) == (True, False)


WRONG_ORIGINS = (
    "https://evil.example",
    "http://mfa.region.example",
    "https://mfa.region.example:8443",
    "https://badmfa.region.example",
    "https://a.mfa.region.example",
    "https://region.example",
    "https://mfa.region.example.evil.example",
    "https://MFA.region.example",
    "null",
    "",
)


@pytest.mark.parametrize("origin", WRONG_ORIGINS)
def test_a049_another_origin_is_refused(origin: str) -> None:
    """Letter by letter: neither beside, above nor below it (Kanidm 1.10.0 compared suffixes)."""
    key = SoftKey(ORIGIN)
    assert isinstance(made(key, origin=origin), NotAccepted)
    at = registered(key)
    assert isinstance(judged(at, key.use(to_use(), origin=origin)), Rejected)
    assert isinstance(judged(at, key.use(to_use())), Verified)


@pytest.mark.parametrize("rp_id", ["evil.example", "region.example", "a.mfa.region.example"])
def test_a049_a_key_for_another_name_is_refused(rp_id: str) -> None:
    at = registered(SoftKey(ORIGIN))
    assert isinstance(made(SoftKey(ORIGIN, rp_id=rp_id)), NotAccepted)
    other = SoftKey(ORIGIN, rp_id=rp_id, handle=HANDLE)
    signed = replace(at, public_key=registered(SoftKey(ORIGIN, key=other.key)).public_key)
    assert isinstance(judged(signed, other.use(to_use())), Rejected)


@pytest.mark.parametrize(
    "said", [{"crossOrigin": True}, {"crossOrigin": True, "topOrigin": ORIGIN}, {"topOrigin": "x"}]
)
def test_a049_what_another_site_frames_is_refused(said: dict[str, Any]) -> None:
    key = SoftKey(ORIGIN)
    assert isinstance(made(key, **said), NotAccepted)
    assert isinstance(judged(registered(key), key.use(to_use(), **said)), Rejected)


def test_a050_another_challenge_is_refused() -> None:
    key = SoftKey(ORIGIN)
    at = registered(key)
    assert isinstance(judged(at, key.use({"challenge": "eHh4"})), Rejected)
    assert isinstance(judged_making(key.make(to_make()), b"d" * 32), NotAccepted)


@pytest.mark.parametrize("flags", [0, UV, UP])
def test_a051_a_key_must_see_somebody_and_verify_them_where_that_is_asked(flags: int) -> None:
    key = SoftKey(ORIGIN)
    at = registered(key)
    assert isinstance(judged(at, replace(key, flags=flags).use(to_use())), Rejected)
    assert isinstance(made(SoftKey(ORIGIN, flags=flags)), NotAccepted)


def test_a051_beside_a_password_a_touch_is_enough_and_counts_as_one() -> None:
    key = SoftKey(ORIGIN)
    at = replace(registered(key), must_verify=False, must_name=False)
    result = judged(at, replace(key, flags=UP).use(to_use(must_verify=False), named=False))
    assert isinstance(result, Verified)
    assert isinstance(result.spends, KeyUse)
    assert not result.spends.user_verified


def test_a051_a_key_registered_without_verifying_never_counts_as_if_it_had() -> None:
    """Section 7.2 step 23: that takes more proof than the key itself."""
    key = SoftKey(ORIGIN, flags=UP)
    new = made(key, must_verify=False)
    assert isinstance(new, NewKey)
    at = KeyAtHand(
        id=make.bound(make.PASSKEY).id,
        challenge=CHALLENGE,
        asked_at=NOW,
        must_verify=False,
        must_name=False,
        handle=HANDLE,
        public_key=new.public_key,
        verifies=new.user_verified,
        copied=new.copied,
    )
    result = judged(at, replace(key, flags=UP | UV).use(to_use()))
    assert isinstance(result, Verified)
    assert isinstance(result.spends, KeyUse)
    assert not result.spends.user_verified


def test_a051_a_key_that_is_copied_but_may_not_be_is_refused() -> None:
    assert isinstance(made(SoftKey(ORIGIN, flags=UP | UV | BS)), NotAccepted)
    key = SoftKey(ORIGIN)
    at = registered(key)
    for flags in (UP | UV | BS, UP | UV | BE):
        assert isinstance(judged(at, replace(key, flags=flags).use(to_use())), Rejected)
    copied = registered(SoftKey(ORIGIN, key=key.key, flags=UP | UV | BE))
    assert isinstance(judged(copied, key.use(to_use())), Rejected)


def test_a053_a_key_that_names_somebody_else_or_nobody_is_refused() -> None:
    key = SoftKey(ORIGIN)
    at = registered(key)
    other = replace(key, handle=b"a" * 32)
    assert isinstance(judged(at, other.use(to_use())), Rejected)
    assert isinstance(judged(at, key.use(to_use(), named=False)), Rejected)
    named = replace(at, must_name=False)
    assert isinstance(judged(named, other.use(to_use())), Rejected)
    assert isinstance(judged(named, key.use(to_use(), named=False)), Verified)


def test_a054_a_signature_over_something_else_is_refused() -> None:
    key = SoftKey(ORIGIN)
    at = registered(key)
    answer = json.loads(key.use(to_use()))
    for name in ("clientDataJSON", "authenticatorData", "signature"):
        other = json.loads(key.use(to_use()))["response"][name]
        if other == answer["response"][name]:
            other = json.loads(key.use(to_use(), extra="x"))["response"][name]
        forged = answer | {"response": answer["response"] | {name: other}}
        assert isinstance(judged(at, json.dumps(forged)), Rejected), name
    stranger = replace(key, key=p256())
    assert isinstance(judged(at, stranger.use(to_use())), Rejected)
    assert isinstance(judged(at, json.dumps(answer)), Verified)


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (lambda: ec.generate_private_key(ec.SECP256R1()), -35),
        (lambda: rsa.generate_private_key(65537, 2048), -37),
        (lambda: rsa.generate_private_key(65537, 2048), -65535),
        (lambda: ec.generate_private_key(ec.SECP256R1()), 999),
        (lambda: rsa.generate_private_key(65537, 1024), -257),  # noqa: S505  # that is the point
    ],
)
def test_a054_an_algorithm_that_nobody_asked_for_is_refused(
    key: Callable[[], Any], alg: int
) -> None:
    """CVE-2026-8830: what may be used is decided here, and not in the page's script."""
    assert isinstance(made(SoftKey(ORIGIN, key=key(), alg=alg)), NotAccepted)


def test_a054_a_making_is_no_use_and_a_use_no_making() -> None:
    key = SoftKey(ORIGIN)
    at = registered(key)
    assert isinstance(judged(at, key.use(to_use(), type="webauthn.create")), Rejected)
    assert isinstance(judged(at, key.use(to_use(), type="payment.get")), Rejected)
    assert isinstance(made(key, type="webauthn.get"), NotAccepted)
    assert isinstance(judged(at, key.make(to_make())), Rejected)


def test_attestation_that_nobody_asked_for_is_refused() -> None:
    assert isinstance(made(SoftKey(ORIGIN, fmt="packed", statement={"alg": -7})), NotAccepted)
    assert isinstance(made(SoftKey(ORIGIN, statement={"sig": b"x"})), NotAccepted)


def test_a_key_that_is_attested_by_itself_alone_is_taken() -> None:
    """Some browsers leave that in, also where nobody asked (section 5.1.3)."""
    assert isinstance(made(SoftKey(ORIGIN, attests_itself=True)), NewKey)
    forged = SoftKey(ORIGIN, attests_itself=True, statement={"sig": b"x"})
    assert isinstance(made(forged), NotAccepted)
    chained = SoftKey(ORIGIN, attests_itself=True, statement={"x5c": [b"x"]})
    assert isinstance(made(chained), NotAccepted)


def test_an_id_that_is_another_or_too_long_is_refused() -> None:
    key = SoftKey(ORIGIN)
    answer = json.loads(key.make(to_make()))
    other = answer | {"id": "b3RoZXI", "rawId": "b3RoZXI"}
    assert isinstance(judged_making(json.dumps(other)), NotAccepted)
    assert isinstance(made(SoftKey(ORIGIN, id=b"x" * 1024)), NotAccepted)
    assert isinstance(made(SoftKey(ORIGIN, id=b"x" * 1023)), NewKey)


GARBAGE = (
    "",
    "null",
    "[]",
    "{}",
    '{"id": 1}',
    "x" * (LONGEST + 1),
    "[" * 5000,
    json.dumps({"id": "a b", "rawId": "a b", "type": "public-key", "response": {}}),
)


@pytest.mark.parametrize("text", GARBAGE)
def test_a054_garbage_is_refused_and_named_by_nothing(text: str) -> None:
    at = registered(SoftKey(ORIGIN))
    assert isinstance(judged(at, text), Rejected)
    assert isinstance(judged_making(text), NotAccepted)
    assert METHOD.named_in(Secret(text)) is None


@pytest.mark.parametrize("cut", [0, 1, 36, 37, 54, 55, 100])
def test_a054_cut_authenticator_data_is_refused(cut: int) -> None:
    key = SoftKey(ORIGIN)
    at = registered(key)
    answer = json.loads(key.use(to_use()))
    whole = unb64u(answer["response"]["authenticatorData"])
    if cut >= len(whole):
        answer["response"]["authenticatorData"] += "AAAA"
    else:
        answer["response"]["authenticatorData"] = json.loads(key.use(to_use()))["response"][
            "authenticatorData"
        ][:cut]
    assert isinstance(judged(at, json.dumps(answer)), Rejected)


def test_an_answer_says_which_key_and_which_challenge_it_is_about() -> None:
    key = SoftKey(ORIGIN)
    assert METHOD.named_in(Secret(key.use(to_use()))) == Named(key.id, CHALLENGE)


def test_what_is_signed_is_what_is_compared() -> None:
    """The soft key itself: an answer of its own is hashed as section 7.2 step 20 says."""
    key = SoftKey(ORIGIN)
    answer = json.loads(key.use(to_use()))["response"]
    digest = hashlib.sha256(unb64u(answer["clientDataJSON"])).digest()
    assert len(unb64u(answer["authenticatorData"]) + digest) == 37 + 32


def test_what_is_no_public_key_is_refused() -> None:
    key = SoftKey(ORIGIN)
    at = registered(key)
    other = json.loads(key.use(to_use())) | {"type": "password"}
    assert isinstance(judged(at, json.dumps(other)), Rejected)
    made_ = json.loads(key.make(to_make())) | {"type": "password"}
    assert isinstance(judged_making(json.dumps(made_)), NotAccepted)
