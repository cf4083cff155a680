"""What every call of an app has in common."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

MANY: Final = frozenset({"resource", "audience"})
"""What may come more than once (RFC 8707 section 2, RFC 8693 section 2.1); nothing else may."""


class Sent(Mapping[str, str]):
    """What an app has sent: a parameter that it did not send reads as empty."""

    __slots__ = ("_first", "pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Take the parameters in the order they came."""
        self.pairs = tuple(pairs)
        self._first: dict[str, str] = {}
        for name, value in self.pairs:
            self._first.setdefault(name, value)

    def __getitem__(self, name: str) -> str:
        return self._first.get(name, "")

    def __contains__(self, name: object) -> bool:
        return name in self._first

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)

    def __repr__(self) -> str:
        """Name the parameters and never what they hold: secrets and codes come this way."""
        return f"Sent({', '.join(sorted(self._first))})"

    def every(self, name: str) -> tuple[str, ...]:
        """Return each value of a parameter once; one without a value counts as left out."""
        return tuple(dict.fromkeys(value for key, value in self.pairs if key == name and value))

    def having(self, name: str, value: str) -> Self:
        """Return it with this parameter in place of what was there."""
        return type(self)((*(pair for pair in self.pairs if pair[0] != name), (name, value)))


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
