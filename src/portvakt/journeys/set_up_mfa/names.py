"""What somebody calls a method or a phone."""

import unicodedata

from portvakt.core.phones import LONGEST_NAME
from portvakt.journeys.set_up_mfa.outcomes import BadName


def read_name(typed: str) -> str | BadName:
    """Return a typed name as it is kept: one line of at most 40 characters; empty is no name."""
    label = unicodedata.normalize("NFC", " ".join(typed.split()))
    if len(label) > LONGEST_NAME:
        return BadName.TOO_LONG
    return label if label.isprintable() else BadName.UNREADABLE
