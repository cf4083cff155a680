"""What an app's request demands of the sign-in, beside what the rules demand.

It is added to the rules and never taken from them (`core.assurance.Requirement`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from portvakt.core.assurance import AAL1, AAL2, ACR_VALUES, Requirement
from portvakt.core.relying_parties import SWEDEN_CONNECT, RelyingParty
from portvakt.journeys.open_app.oidc.authorize.request import AuthorizationRequest
from portvakt.journeys.open_app.oidc.claims_request import ClaimsRequest

PROMPTS: Final = ("none", "login", "consent", "select_account")
"""Choosing an account is signing in with it: a browser has one session here, and one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """How, when and by whom somebody must have signed in."""

    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    """Seconds since everything that counts was shown."""
    acr: tuple[str, ...] = ()
    """The levels that would do; empty where any does."""
    acr_essential: bool = False
    subjects: frozenset[str] | None = None
    """Whom it must be, as the app knows them; None for anybody."""
    claims: ClaimsRequest = field(default_factory=ClaimsRequest)

    @property
    def silent(self) -> bool:
        """Whether nothing may be shown (OpenID Connect Core section 3.1.2.1)."""
        return "none" in self.prompts

    @property
    def anew(self) -> bool:
        """Whether it must be shown again, whoever is signed in."""
        return bool(self.prompts & {"login", "select_account"})

    @property
    def requirement(self) -> Requirement:
        """What must be shown so that one of the levels is reached."""
        return Requirement(multifactor=bool(self.acr) and AAL1 not in self.acr)


def demands_of(
    request: AuthorizationRequest, app: RelyingParty, hinted: str | None = None
) -> Demands:
    """Read a request that has passed every check; `hinted` is the subject of `id_token_hint`.

    What the request does not say, the app's entry may (OpenID Connect Dynamic Client Registration
    section 2: `default_max_age`, `default_acr_values`).
    """
    claims = ClaimsRequest.parse(request.get("claims")) or ClaimsRequest()
    wish = claims.id_token.get("acr")
    essential = wish is not None and wish.essential and bool(wish.values)
    asked: Iterable[object] = wish.values if wish is not None else ()
    asked = asked or request.words("acr_values") or app.default_acr_values
    max_age = request.get("max_age")
    prompts = frozenset(request.words("prompt"))
    if app.profile == SWEDEN_CONNECT:  # no sign-in is used for two apps, nor twice (section 2.2.1)
        prompts |= {"login"}
    return Demands(
        prompts=prompts,
        max_age=app.default_max_age if max_age is None else int(max_age),
        acr=tuple(value for value in (AAL1, AAL2) if value in asked),
        acr_essential=essential,
        subjects=_subjects(claims, hinted),
        claims=claims,
    )


def _subjects(claims: ClaimsRequest, hinted: str | None) -> frozenset[str] | None:
    """Collect whom the request names: in its hint, and as the value of `sub` (section 5.5.1)."""
    named = [frozenset({hinted})] if hinted is not None else []
    for part in (claims.id_token, claims.userinfo):
        values = part["sub"].values if "sub" in part else ()
        if values:
            named.append(frozenset(str(value) for value in values))
    return frozenset.intersection(*named) if named else None


def can_be_met(request: AuthorizationRequest) -> bool:
    """Whether an essential `acr` names a level that there is (section 5.5.1.1)."""
    claims = ClaimsRequest.parse(request.get("claims")) or ClaimsRequest()
    wish = claims.id_token.get("acr")
    if wish is None or not wish.essential or not wish.values:
        return True
    return any(value in wish.values for value in ACR_VALUES)
