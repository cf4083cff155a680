"""Nobody changes how they sign in with less than the best they have.

Otherwise whoever takes over a telephone number, which is the weakest way there is, binds a phone of
their own beside the passkey that should have kept them out. A printed code counts as much as
anything: it is kept for the day on which the best is lost, and cannot be asked for from afar.
"""

from collections.abc import Collection, Iterable

from portvakt.core.assurance import Evidence, assurance_of
from portvakt.core.authenticators import PROOFS, Authenticator, AuthenticatorType

_CARD = AuthenticatorType.RECOVERY_CODE


def best_of(second: Collection[Authenticator]) -> tuple[Authenticator, ...]:
    """Pick what may be asked for before methods are changed, in the order given.

    What phishing cannot take, where there is any; else what is not restricted (NIST SP 800-63B-4
    section 3.2.9: texts); else everything. Printed codes always.
    """
    for better in (_resists, _is_free):
        if any(better(each.type) for each in second if each.type is not _CARD):
            return tuple(each for each in second if better(each.type) or each.type is _CARD)
    return tuple(second)


def shows_best(shown: Iterable[Evidence], second: Collection[Authenticator]) -> bool:
    """Whether what was shown holds one of the best of these."""
    proofs = tuple(shown)
    types = {each.type for each in proofs} - {AuthenticatorType.PASSWORD}
    types.discard(AuthenticatorType.START_CODE)
    kept = {each.type for each in second if each.type is not _CARD}
    if _CARD in types:
        return True
    if any(map(_resists, kept)):
        return assurance_of(proofs).phishing_resistant
    return any(map(_is_free, types)) if any(map(_is_free, kept)) else True


def measure(
    shown: Iterable[Evidence],
    second: Collection[Authenticator],
    withdrawn: Collection[Authenticator],
) -> tuple[Authenticator, ...]:
    """Return what the best is the best of: also what the organisation has withdrawn.

    Otherwise withdrawing a good way would let a weaker one bind a new one. A start code, which
    support gives to whoever it has made sure of, makes what is withdrawn as good as gone.
    """
    if any(each.type is AuthenticatorType.START_CODE for each in shown):
        return tuple(second)
    return (*second, *withdrawn)


def lacks_best(second: Collection[Authenticator], withdrawn: Collection[Authenticator]) -> bool:
    """Whether nothing that somebody may use is as good as the best that was withdrawn from them."""
    held = (*second, *withdrawn)
    return bool(withdrawn) and not any(each in second for each in best_of(held))


def _resists(kind: AuthenticatorType) -> bool:
    return PROOFS[kind].phishing_resistant


def _is_free(kind: AuthenticatorType) -> bool:
    return not PROOFS[kind].restricted
