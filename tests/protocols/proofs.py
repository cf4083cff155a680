"""An app that shows its key with each request (RFC 9449), as the other side of the protocol."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jws
from joserfc.jwk import ECKey, Key

from portvakt.crypto.randomness import SystemRandom
from tests.protocols.relying_party import Client, OAuthAnswerError

KEY, OTHER = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Prover:
    """A client with a key, that remembers the number it was given last."""

    client: Client
    key: Key = field(default_factory=lambda: KEY)
    alg: str = "ES256"
    nonce: str | None = None

    def proof(
        self,
        method: str,
        address: str,
        token: str | None = None,
        head: Mapping[str, Any] | None = None,
        **different: Any,
    ) -> str:
        """Sign a proof; `different` and `head` change members, or leave out those that are None."""
        said = {
            "jti": SystemRandom().id(),
            "htm": method,
            "htu": address,
            "iat": int(self.client.clock().timestamp()),
            "nonce": self.nonce,
            "ath": None if token is None else encoded(hashlib.sha256(token.encode()).digest()),
        } | different
        header = {
            "typ": "dpop+jwt",
            "alg": self.alg,
            "jwk": self.key.as_dict(private=False),
        } | dict(head or {})
        body = json.dumps({k: v for k, v in said.items() if v is not None}).encode()
        return jws.serialize_compact(
            {k: v for k, v in header.items() if v is not None}, body, self.key, [self.alg]
        )

    @property
    def jkt(self) -> str:
        return self.key.thumbprint()

    async def post(self, sent: dict[str, str], *proofs: str) -> httpx.Response:
        """Post to the token endpoint with these proofs, or with a fresh one."""
        where = self.client.metadata["token_endpoint"]
        mine = proofs or (self.proof("POST", where),)
        answer = await self.client.post(sent, headers=httpx.Headers([("dpop", p) for p in mine]))
        self.nonce = answer.headers.get("dpop-nonce", self.nonce)
        return answer

    async def ask(self, sent: dict[str, str]) -> dict[str, Any]:
        """Post, and once more where a number was missing. Raises `OAuthAnswerError`."""
        answer = await self.post(sent)
        if answer.status_code == 400 and answer.json()["error"] == "use_dpop_nonce":
            answer = await self.post(sent)
        if answer.status_code != 200:
            raise OAuthAnswerError(answer.status_code, answer.json())
        found: dict[str, Any] = answer.json()
        return found

    async def userinfo(self, token: str, *proofs: str, scheme: str = "DPoP") -> httpx.Response:
        """Bring a token, with these proofs or with a fresh one."""
        where = self.client.metadata["userinfo_endpoint"]
        mine = proofs or (self.proof("GET", where, token),)
        headers = [("authorization", f"{scheme} {token}"), *(("dpop", each) for each in mine)]
        answer = await self.client.http.get(where, headers=headers)
        self.nonce = answer.headers.get("dpop-nonce", self.nonce)
        return answer
