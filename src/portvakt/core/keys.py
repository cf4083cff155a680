"""What passes between a page, a key and us (W3C WebAuthn Level 3), where no browser is needed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from portvakt.core.key_models import KeyModel

CHALLENGE_BYTES: Final = 32
"""What a key signs: section 13.4.3 asks for 16 at least."""
HANDLE_BYTES: Final = 32
"""What somebody is called in keys: random, so that it tells nothing (section 14.6.1)."""
Options = Mapping[str, Any]
"""What a page's script gives to the browser (sections 5.4 and 5.5), ready to be written as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made, as far as its maker said what it is."""

    id: bytes
    public_key: bytes = field(repr=False)
    algorithm: int
    sign_count: int
    aaguid: str
    transports: tuple[str, ...]
    copied: bool
    """Whether it may be copied to other things of its owner (`BE`)."""
    backed_up: bool
    user_verified: bool
    attestation: str
    model: KeyModel | None = None
    """What the metadata says of the model that it says it is; proved only where `attested`."""
    attested: bool = False
    """Whether the maker of that model vouches for it."""


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """It is no key of ours. `why` is for the log."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A key that somebody has, as far as a browser needs to know it."""

    id: bytes
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """Which key an answer names, and which challenge it answers; nothing of it is proved yet."""

    id: bytes
    challenge: bytes
