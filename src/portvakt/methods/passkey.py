"""Passkeys and security keys (W3C WebAuthn Level 3), around the library webauthn.

Everything here is a pure call: what came from the browser is held against what we asked and what we
keep. The library reads CBOR and COSE and checks signatures; the list of what must hold is section
7.1 (making a key) and section 7.2 (using it) of the specification.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.key_models import NO_MODELS, KeyModels
from portvakt.core.keys import Known, Named, NewKey, NotAccepted
from portvakt.core.phones import decode, encode
from portvakt.core.secret import Secret
from portvakt.crypto.key_attestation import check_chain, voucher_of
from portvakt.methods import Ceremony, KeyAtHand, KeyUse, Prompt, Rejected, Verified
from portvakt.plugins import Tools

LONGEST: Final = 8192
"""Characters of what a browser sends: an answer that a form can hold."""
LONGEST_ID: Final = 1023
"""Bytes of a credential id (section 7.1 step 26)."""
PUBLIC_KEY: Final = "public-key"
"""The only type of credential there is (section 5.10.2)."""
ES256, EDDSA, RS256 = -7, -8, -257
"""COSE algorithms (RFC 9053, RFC 8812)."""
ALGORITHMS: Final = (ES256, EDDSA, RS256)
"""What we take, best first. A key is made for one of these, and used with that one."""
TRANSPORTS: Final = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})
"""Section 5.8.4; what else a browser may say is not kept."""
_RSA_BITS: Final = range(2048, 4096 + 1)
_RSA_EXPONENTS: Final = range(3, 1 << 32)


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The origin and the name that keys are bound to are those of `public_url`."""

    def open(self, tools: Tools) -> "Passkey":
        """Open the method."""
        return Passkey(Party(origin=tools.origin, rp_id=tools.public_host))


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Whom keys are made for. `rp_id` is the host of the origin, and never a parent of it."""

    origin: str
    rp_id: str


class _Made(msgspec.Struct, frozen=True, rename="camel"):
    """`AuthenticatorAttestationResponseJSON` (section 5.1)."""

    client_data: str = msgspec.field(name="clientDataJSON")
    attestation_object: str
    transports: tuple[str, ...] = ()


class _Used(msgspec.Struct, frozen=True, rename="camel"):
    """`AuthenticatorAssertionResponseJSON` (section 5.1)."""

    client_data: str = msgspec.field(name="clientDataJSON")
    authenticator_data: str
    signature: str
    user_handle: str | None = None


class _MadeJson(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    raw_id: str
    type: str
    response: _Made


class _UsedJson(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    raw_id: str
    type: str
    response: _Used


class _Client(msgspec.Struct, frozen=True, rename="camel"):
    """The part of `CollectedClientData` that the library leaves to us (section 5.8.1)."""

    challenge: str
    cross_origin: bool = False
    top_origin: str | None = None


_MADE: Final = msgspec.json.Decoder(_MadeJson)
_USED: Final = msgspec.json.Decoder(_UsedJson)
_CLIENT: Final = msgspec.json.Decoder(_Client)
_MALFORMED: Final = (msgspec.MsgspecError, ValueError)


@dataclass(frozen=True, slots=True)
class Passkey:
    """Judges the making and the use of keys, for one origin."""

    party: Party
    type: AuthenticatorType = AuthenticatorType.PASSKEY

    def prompt(self, at: Ceremony) -> Prompt:
        """Ask for nothing that is typed: the browser talks to the key."""
        del at
        return Prompt(length=0, digits_only=False)

    def hint(self, answer: Secret) -> None:
        """Keep no rows."""
        del answer

    def named_in(self, answer: Secret) -> Named | None:
        """Read which key and challenge an answer is about; None for what no browser sends."""
        text = answer.open()
        if len(text) > LONGEST:
            return None
        try:
            read = _USED.decode(text)
            client = _CLIENT.decode(decode(read.response.client_data))
            return Named(decode(read.id), decode(client.challenge))
        except _MALFORMED:
            return None

    async def verify(self, at: Ceremony, answer: Secret) -> Verified | Rejected:
        """Judge one use of a key (section 7.2). That its count rose is known when it is spent."""
        if at.key is None:
            return Rejected(why="no key of ours")
        text = answer.open()
        if len(text) > LONGEST:
            return Rejected(why="too long")
        try:
            found = _used(self.party, at.key, _USED.decode(text))
        except Exception as error:  # noqa: BLE001 - bytes from outside make it raise nearly anything
            return Rejected(why=f"{type(error).__name__}: {error}")
        if isinstance(found, NotAccepted):
            return Rejected(why=found.why)
        return Verified(
            KeyUse(
                authenticator_id=at.key.id,
                challenge=at.key.challenge,
                asked_at=at.key.asked_at,
                sign_count=found.sign_count,
                backed_up=found.backed_up,
                user_verified=found.user_verified and at.key.verifies,
                device_bound=not at.key.copied,
            )
        )

    def to_use(
        self, challenge: bytes, keys: Iterable[Known], *, must_verify: bool
    ) -> Mapping[str, Any]:
        """Write what a browser is asked (section 5.5); without keys any of this person's will do.

        Nothing in it depends on who somebody is until a password or a session says so (14.6.2).
        """
        return {
            "challenge": encode(challenge),
            "rpId": self.party.rp_id,
            "timeout": 300_000,
            "userVerification": "required" if must_verify else "preferred",
            "allowCredentials": [_described(each) for each in keys],
        }

    def to_make(
        self,
        challenge: bytes,
        *,
        organisation: str,
        handle: bytes,
        name: str,
        display_name: str,
        known: Iterable[Known],
        alone: bool,
        attested: bool = False,
    ) -> Mapping[str, Any]:
        """Write what a browser is asked that makes a key (section 5.4).

        `alone` is for one that signs in without a password: it keeps its owner's name and verifies
        who holds it. Any other stands beside the password. `attested` asks for its maker's word,
        which tells the model and nothing of the person ("direct", never "enterprise").
        """
        return {
            "rp": {"id": self.party.rp_id, "name": organisation},
            "user": {"id": encode(handle), "name": name, "displayName": display_name},
            "challenge": encode(challenge),
            "pubKeyCredParams": [{"type": PUBLIC_KEY, "alg": each} for each in ALGORITHMS],
            "timeout": 300_000,
            "excludeCredentials": [_described(each) for each in known],
            "authenticatorSelection": {
                "residentKey": "required" if alone else "discouraged",
                "requireResidentKey": alone,
                "userVerification": "required" if alone else "discouraged",
            },
            "attestation": "direct" if attested else "none",
        }

    def made(
        self,
        answer: Secret,
        challenge: bytes,
        *,
        must_verify: bool,
        models: KeyModels = NO_MODELS,
        attested: bool = False,
    ) -> NewKey | NotAccepted:
        """Judge the making of a key (section 7.1); `attested` says that its maker was asked."""
        text = answer.open()
        if len(text) > LONGEST:
            return NotAccepted("too long")
        try:
            read = _MADE.decode(text)
            made = _made(self.party, read, challenge, must_verify=must_verify, attested=attested)
            if isinstance(made, NotAccepted):
                return made
            return _vouched(made, read, models)
        except Exception as error:  # noqa: BLE001 - bytes from outside make it raise nearly anything
            return NotAccepted(f"{type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class _Use:
    sign_count: int
    backed_up: bool
    user_verified: bool


def _described(key: Known) -> dict[str, Any]:
    """Write a `PublicKeyCredentialDescriptor` (section 5.8.3)."""
    return {"type": PUBLIC_KEY, "id": encode(key.id), "transports": list(key.transports)}


def _framed(client: _Client) -> bool:
    """Say whether another site's page asked for it (sections 7.1 and 7.2, `crossOrigin`)."""
    return client.cross_origin or client.top_origin is not None


def _used(party: Party, key: KeyAtHand, read: _UsedJson) -> _Use | NotAccepted:
    """Hold one use against section 7.2. Raises nearly anything for what is malformed."""
    from webauthn import verify_authentication_response  # noqa: PLC0415 - costs 0.1 s
    from webauthn.helpers import structs  # noqa: PLC0415

    response = read.response
    client_data = decode(response.client_data)
    handle = None if response.user_handle is None else decode(response.user_handle)
    if handle != key.handle and (handle is not None or key.must_name):
        return NotAccepted("somebody else's key")
    if read.type != PUBLIC_KEY or _framed(_CLIENT.decode(client_data)):
        return NotAccepted("no public key, or asked for by another site")
    found = verify_authentication_response(
        credential=structs.AuthenticationCredential(
            id=read.id,
            raw_id=decode(read.raw_id),
            response=structs.AuthenticatorAssertionResponse(
                client_data_json=client_data,
                authenticator_data=decode(response.authenticator_data),
                signature=decode(response.signature),
                user_handle=handle,
            ),
        ),
        expected_challenge=key.challenge,
        expected_rp_id=party.rp_id,
        expected_origin=party.origin,
        credential_public_key=key.public_key,
        credential_current_sign_count=0,  # compared where it is stored, in one statement
        require_user_verification=key.must_verify,
    )
    copied = found.credential_device_type is structs.CredentialDeviceType.MULTI_DEVICE
    if copied is not key.copied:
        return NotAccepted("it may be copied now, and could not before, or the other way round")
    return _Use(found.new_sign_count, found.credential_backed_up, found.user_verified)


def _made(
    party: Party, read: _MadeJson, challenge: bytes, *, must_verify: bool, attested: bool
) -> NewKey | NotAccepted:
    """Hold the making of a key against section 7.1. Raises nearly anything."""
    from webauthn import verify_registration_response  # noqa: PLC0415 - costs 0.1 s
    from webauthn.helpers import decode_credential_public_key, structs  # noqa: PLC0415
    from webauthn.helpers.cose import COSEAlgorithmIdentifier  # noqa: PLC0415

    client_data = decode(read.response.client_data)
    if read.type != PUBLIC_KEY or _framed(_CLIENT.decode(client_data)):
        return NotAccepted("no public key, or asked for by another site")
    found = verify_registration_response(
        credential=structs.RegistrationCredential(
            id=read.id,
            raw_id=decode(read.raw_id),
            response=structs.AuthenticatorAttestationResponse(
                client_data_json=client_data,
                attestation_object=decode(read.response.attestation_object),
            ),
        ),
        expected_challenge=challenge,
        expected_rp_id=party.rp_id,
        expected_origin=party.origin,
        require_user_presence=True,
        require_user_verification=must_verify,
        supported_pub_key_algs=[COSEAlgorithmIdentifier(each) for each in ALGORITHMS],
    )
    public = decode_credential_public_key(found.credential_public_key)
    alone = found.fmt == structs.AttestationFormat.NONE or _attests_itself(found)
    if not (alone or attested):
        return NotAccepted("attested, which nobody asked for")
    if found.credential_id != decode(read.id) or len(found.credential_id) > LONGEST_ID:
        return NotAccepted("another id than the key's, or one longer than a key may have")
    if not _is_cheap(public):
        return NotAccepted("an RSA key of another size than 2048 to 4096 bits")
    return NewKey(
        id=found.credential_id,
        public_key=found.credential_public_key,
        algorithm=int(public.alg),
        sign_count=found.sign_count,
        aaguid=found.aaguid,
        transports=tuple(sorted(TRANSPORTS & set(read.response.transports))),
        copied=found.credential_device_type is structs.CredentialDeviceType.MULTI_DEVICE,
        backed_up=found.credential_backed_up,
        user_verified=found.user_verified,
        attestation=structs.AttestationFormat(found.fmt).value,
    )


def _vouched(made: NewKey, read: _MadeJson, models: KeyModels) -> NewKey:
    """Add what the metadata says of its model, and whether its maker vouches for it.

    The library has held the statement's signature; here its certificates are held against the roots
    of that model. Raises nearly anything for what is malformed, or leads elsewhere.
    """
    from webauthn.helpers import parse_attestation_object  # noqa: PLC0415 - costs 0.1 s

    attested = parse_attestation_object(decode(read.response.attestation_object))
    voucher = voucher_of(attested, made.aaguid, models)
    if voucher is None:
        return replace(made, model=models.get(made.aaguid))
    check_chain(attested, voucher)
    return replace(made, model=voucher.model, attested=True)


def _attests_itself(found: Any) -> bool:
    """Say whether a key is attested by nothing but itself, which browsers may leave in (5.1.3).

    It names no maker and proves no more than the next use does; the library checked its signature.
    """
    from webauthn.helpers import parse_attestation_object, structs  # noqa: PLC0415

    if found.fmt != structs.AttestationFormat.PACKED:
        return False
    return parse_attestation_object(found.attestation_object).att_stmt.x5c is None


def _is_cheap(public: Any) -> bool:
    """Say whether a key of an accepted algorithm costs little to use, and is not weak (F58)."""
    from webauthn.helpers.decode_credential_public_key import (  # noqa: PLC0415
        DecodedRSAPublicKey,
    )

    if not isinstance(public, DecodedRSAPublicKey):
        return True
    bits = int.from_bytes(public.n, "big").bit_length()
    exponent = int.from_bytes(public.e, "big")
    return bits in _RSA_BITS and exponent in _RSA_EXPONENTS and exponent % 2 == 1
