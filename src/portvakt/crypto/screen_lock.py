"""The screen lock of a phone: a WebAuthn credential that confirms what the phone signs.

It is checked by py_webauthn. A credential of this kind belongs to one phone, signs nobody in by
itself, and shows two things: that somebody was there, and that the lock took them for its owner
(W3C WebAuthn Level 3 sections 7.1 and 7.2; NIST SP 800-63B-4 section 3.1.3.4).
"""

from dataclasses import dataclass, field
from typing import Final

from portvakt.core.phones import encode

_RSA_BITS: Final = range(2048, 4096 + 1)
_RSA_EXPONENTS: Final = range(3, 1 << 32)


def load() -> None:
    """Load webauthn. It takes a while, which a server spends in a thread before it is needed."""
    import webauthn  # noqa: F401, PLC0415 - costs 0.1 s


@dataclass(frozen=True, slots=True)
class Credential:
    """What is kept of a screen lock."""

    id: bytes
    key: bytes = field(repr=False)
    """The public key as COSE (RFC 9052 section 7)."""
    sign_count: int


@dataclass(frozen=True, slots=True)
class Proved:
    """The lock was opened for exactly this challenge."""

    sign_count: int


@dataclass(frozen=True, slots=True)
class NotProved:
    """It was not. `reason` is for the log."""

    reason: str


def _is_cheap(key: bytes) -> bool:
    """Say whether a COSE key of an accepted algorithm costs little to use, and is not weak."""
    from webauthn.helpers import decode_credential_public_key  # noqa: PLC0415 - costs 0.1 s
    from webauthn.helpers.decode_credential_public_key import (  # noqa: PLC0415
        DecodedRSAPublicKey,
    )

    read = decode_credential_public_key(key)
    if not isinstance(read, DecodedRSAPublicKey):
        return True
    bits, exponent = int.from_bytes(read.n, "big").bit_length(), int.from_bytes(read.e, "big")
    return bits in _RSA_BITS and exponent in _RSA_EXPONENTS and exponent % 2 == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenLocks:
    """Judges what screen locks send, for one origin.

    `rp_id` is the host of the origin. An app beside or above that host is another party: the origin
    is compared letter by letter, and what a frame of another site asked for is refused.
    """

    origin: str
    rp_id: str

    def made(
        self, *, id_: bytes, client_data: bytes, attestation_object: bytes, challenge: bytes
    ) -> Credential | NotProved:
        """Judge the making of a credential: attestation `none`, ES256 or RS256.

        An RSA key has 2048 to 4096 bits and a small exponent: whoever makes it chooses what each
        use of it costs us (F58).
        """
        from webauthn import verify_registration_response  # noqa: PLC0415 - costs 0.1 s
        from webauthn.helpers import parse_client_data_json, structs  # noqa: PLC0415
        from webauthn.helpers.cose import COSEAlgorithmIdentifier as Algorithm  # noqa: PLC0415

        given = structs.RegistrationCredential(
            id=encode(id_),
            raw_id=id_,
            response=structs.AuthenticatorAttestationResponse(
                client_data_json=client_data, attestation_object=attestation_object
            ),
        )
        try:
            framed = parse_client_data_json(client_data).cross_origin
            found = verify_registration_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                require_user_presence=True,
                require_user_verification=True,
                supported_pub_key_algs=[
                    Algorithm.ECDSA_SHA_256,
                    Algorithm.RSASSA_PKCS1_v1_5_SHA_256,
                ],
            )
        except Exception as error:  # noqa: BLE001 - bytes from outside make it raise nearly anything
            return NotProved(f"{type(error).__name__}: {error}")
        if framed:
            return NotProved("asked for by another site")
        if found.fmt != structs.AttestationFormat.NONE:
            return NotProved("attested")
        if found.credential_id != id_:
            return NotProved("another id than the credential's")
        if not _is_cheap(found.credential_public_key):
            return NotProved("an RSA key of another size than 2048 to 4096 bits")
        return Credential(id_, found.credential_public_key, found.sign_count)

    def used(
        self,
        credential: Credential,
        *,
        id_: bytes,
        client_data: bytes,
        authenticator_data: bytes,
        signature: bytes,
        challenge: bytes,
    ) -> Proved | NotProved:
        """Judge a use of a credential. That its count rose is stored by whoever asks."""
        from webauthn import verify_authentication_response  # noqa: PLC0415 - costs 0.1 s
        from webauthn.helpers import parse_client_data_json, structs  # noqa: PLC0415

        if id_ != credential.id:
            return NotProved("another credential")
        given = structs.AuthenticationCredential(
            id=encode(id_),
            raw_id=id_,
            response=structs.AuthenticatorAssertionResponse(
                client_data_json=client_data,
                authenticator_data=authenticator_data,
                signature=signature,
            ),
        )
        try:
            framed = parse_client_data_json(client_data).cross_origin
            found = verify_authentication_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=self.rp_id,
                expected_origin=self.origin,
                credential_public_key=credential.key,
                credential_current_sign_count=credential.sign_count,
                require_user_verification=True,
            )
        except Exception as error:  # noqa: BLE001 - bytes from outside make it raise nearly anything
            return NotProved(f"{type(error).__name__}: {error}")
        if framed:
            return NotProved("asked for by another site")
        return Proved(found.new_sign_count)
