"""What an app is told about a person and a sign-in. Pure: values in, claims out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portvakt.core.assurance import Evidence, acr_of, assurance_of
from portvakt.core.people import Account
from portvakt.core.relying_parties import RelyingParty, told_of
from portvakt.journeys.open_app.oidc.claims_request import NOTHING, Wishes
from portvakt.journeys.open_app.oidc.scopes import CLAIM_SCOPE, SCOPE_CLAIMS

ID_TOKEN_LIVES = timedelta(minutes=5)
ACCESS_TOKEN_LIVES = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Authentication:
    """How and when somebody showed who they are, as an app is told."""

    auth_time: datetime
    acr: str
    amr: tuple[str, ...]


def authentication_of(
    evidence: Iterable[Evidence], wanted: Collection[object] = ()
) -> Authentication:
    """Sum up evidence that is not empty. `wanted` are the levels that the app asked for by name.

    `auth_time` is the moment since which *everything* in `acr` and `amr` was shown: the oldest of
    the newest proof of each kind. An app that asks for five minutes is not told of a password from
    this morning because a code was typed just now.
    """
    newest: dict[str, Evidence] = {}
    for each in sorted(evidence, key=lambda shown: shown.at):
        newest[each.type] = each
    assurance = assurance_of(newest.values())
    return Authentication(
        auth_time=min(each.at for each in newest.values()),
        acr=acr_of(assurance, wanted),
        amr=tuple(sorted(assurance.amr)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What both tokens of one answer have in common. `sid` names the session towards this app."""

    issuer: str
    client_id: str
    subject: str
    sid: str
    authentication: Authentication
    now: datetime

    def _common(self, audience: str, lives: timedelta) -> dict[str, object]:
        return {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": audience,
            "iat": _seconds(self.now),
            "exp": _seconds(self.now + lives),
            "auth_time": _seconds(self.authentication.auth_time),
            "acr": self.authentication.acr,
            "amr": list(self.authentication.amr),
        }

    def id_token(self, nonce: str | None) -> dict[str, object]:
        """Return the claims of OpenID Connect Core section 2.

        Who the person *is* comes from userinfo (section 5.4), so the token stays small and what
        leaks with it is little. `at_hash` is left out, as section 3.1.3.6 allows: both tokens come
        in the same answer over TLS.
        """
        claims = self._common(self.client_id, ID_TOKEN_LIVES) | {"sid": self.sid}
        return claims if nonce is None else claims | {"nonce": nonce}

    def access_token(
        self, *, grant_id: str, token_id: str, scope: Collection[str], audience: Sequence[str]
    ) -> dict[str, object]:
        """Return the claims of RFC 9068 section 2.2, and the grant that the token hangs on.

        The audience is ourselves where there is none: without a `resource` the token is for
        userinfo (section 3).
        """
        return self._common(self.issuer, ACCESS_TOKEN_LIVES) | {
            "aud": written_audience(audience or (self.issuer,)),
            "client_id": self.client_id,
            "jti": token_id,
            "scope": " ".join(scope),
            "grant": grant_id,
        }


def written_audience(audience: Sequence[str]) -> str | list[str]:
    """Write `aud`: a single one as it is (RFC 7519 section 4.1.3)."""
    return audience[0] if len(audience) == 1 else list(audience)


def userinfo_claims(
    account: Account,
    subject: str,
    scope: Collection[str],
    app: RelyingParty,
    wishes: Wishes = NOTHING,
) -> dict[str, object]:
    """Return what the granted scopes release, and `wishes` by name (section 5.5).

    What is not known is left out (section 5.3.2), and so is a claim that was asked for with other
    values than the one it has.
    """
    known = known_claims(account, app)
    released = [name for granted in scope for name in SCOPE_CLAIMS.get(granted, ())]
    claims = {"sub": subject} | {name: known[name] for name in released if name in known}
    return claims | wished_claims(known, wishes, app)


def wished_claims(
    known: Mapping[str, object], wishes: Wishes, app: RelyingParty
) -> dict[str, object]:
    """Return what is asked for by name, as far as the app's entry assigns it."""
    return {
        name: known[name]
        for name, wish in wishes.items()
        if name in known and CLAIM_SCOPE[name] in app.scope and wish.allows(known[name])
    }


def known_claims(account: Account, app: RelyingParty) -> dict[str, object]:
    """Return everything that an app could be told of a person."""
    known: dict[str, object] = {
        "name": account.display_name,
        "given_name": account.given_name,
        "family_name": account.family_name,
        "preferred_username": account.user_name,
        "locale": account.language,
        "email": account.email,
        # the address is the employer's and comes from the employer, so it needs no proof
        "email_verified": True if account.email else None,
    }
    told = {name: value for name, value in known.items() if value}
    return told | {"groups": list(told_of(app, account.groups))}


def _seconds(moment: datetime) -> int:
    """Write a NumericDate in whole seconds, rounded down (RFC 7519 section 2)."""
    return int(moment.timestamp())
