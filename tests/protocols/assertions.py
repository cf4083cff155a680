"""An app that signs with a key of its own: what it sends in place of a secret."""

import warnings
from datetime import datetime
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import CLIENT_CREDENTIALS, RelyingParty
from portvakt.crypto.randomness import SystemRandom
from tests import make

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EC = ECKey.generate_key("P-256", {"kid": "ec-1"})
EC_2 = ECKey.generate_key("P-256", {"kid": "ec-2"})
EC_384 = ECKey.generate_key("P-384", {"kid": "ec-384"})
EC_521 = ECKey.generate_key("P-521", {"kid": "ec-521"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed-1"})
STRANGE = ECKey.generate_key("P-256", {"kid": "ec-1"})


def jwks(*keys: Key) -> str:
    return orjson.dumps({"keys": [each.as_dict(private=False) for each in keys]}).decode()


ROBOT = RelyingParty(
    client_id=ClientId("robot"),
    client_name="Roboten",
    redirect_uris=(),
    token_endpoint_auth_method="private_key_jwt",
    grant_types=(CLIENT_CREDENTIALS,),
    scope=("invoices:read",),
    jwks=jwks(EC, EC_2, EC_384, EC_521, RSA, ED),
    groups=frozenset({make.STAFF}),
)


def signed(claims: Any, key: Key = EC, alg: str = "ES256", **header: Any) -> str:
    """Sign as an app does; `header` adds to it, or takes away where it is None."""
    given = {"alg": alg, "kid": key.kid, "typ": "JWT"} | header
    head = {name: value for name, value in given.items() if value is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # of the name EdDSA, which apps still use
        return jws.serialize_compact(head, orjson.dumps(claims), key, [alg])


def claims(now: datetime, audience: object, **different: Any) -> dict[str, Any]:
    """What an assertion of the robot says; a member that is None is left out."""
    seconds = int(now.timestamp())
    said = {
        "iss": "robot",
        "sub": "robot",
        "aud": audience,
        "jti": SystemRandom().id(),
        "iat": seconds,
        "exp": seconds + 60,
    }
    return {name: value for name, value in (said | different).items() if value is not None}
