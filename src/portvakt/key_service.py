"""Puts together who asks browsers for keys."""

from typing import cast

from portvakt.base import Base
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.key_models import NO_MODELS
from portvakt.crypto.key_challenges import KeyChallenges
from portvakt.methods import KeyMethod
from portvakt.proving.keys import KeyQuestions


def key_method(base: Base) -> KeyMethod:
    """Return the method that judges keys."""
    return cast("KeyMethod", base.methods[AuthenticatorType.PASSKEY])


def key_questions(base: Base) -> KeyQuestions:
    """Return who asks for a key, and judges what it signed."""
    challenges = KeyChallenges(base.keys, base.random)
    refuse = base.settings.passkeys.refuse_compromised
    return KeyQuestions(
        records=base.records,
        method=key_method(base),
        challenges=challenges,
        models=base.key_models if refuse else NO_MODELS,
    )
