"""What every call of an app has in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bound:
    """The keys that the caller has shown to have, which what it gets is bound to."""

    jkt: str | None = None
    """Of a DPoP key, its thumbprint (RFC 9449 section 6.1)."""
    x5t: str | None = None
    """Of a certificate, its thumbprint (RFC 8705 section 3.1)."""

    @property
    def confirmation(self) -> Mapping[str, str]:
        """Return the members of `cnf` (RFC 7800); empty where nothing is bound."""
        both = {"jkt": self.jkt, "x5t#S256": self.x5t}
        return {name: value for name, value in both.items() if value is not None}

    @property
    def token_type(self) -> str:
        """The `token_type` of what is bound so."""
        return "Bearer" if self.jkt is None else "DPoP"

    @property
    def name(self) -> str | None:
        """One text for what is bound to, as it is stored."""
        named = [f"{name}:{value}" for name, value in self.confirmation.items()]
        return " ".join(named) or None


NOTHING = Bound()


@dataclass(frozen=True, slots=True)
class Call:
    """One request of an app: when, from where, and its number in the log."""

    now: datetime
    address: str | None
    request_id: str
    method: str = "POST"
    path: str = ""
    proofs: tuple[str, ...] = ()
    """Its `DPoP` headers, as they came."""
    certificate: bytes | None = None
    """What the caller showed to the proxy, in DER (RFC 9440)."""
    bound: Bound = NOTHING
    """What was made of both."""
