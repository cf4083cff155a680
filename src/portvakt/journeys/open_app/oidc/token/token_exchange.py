"""A token that an app was handed, traded for one for a service behind it: RFC 8693.

The new token is the old one with another audience: for the same person, by the same sign-in, with
no more scope, and for no longer. It hangs on the same grant, so what ends the one ends the other.

The rules are judged anew, for the person and the app that serves the target. The call comes from a
server, and where the person is meanwhile nobody knows: so the rules are told of no address, no
browser and an unknown risk, and what is unknown is never a way in (ADR 50). The device is the one
that the first app was opened on, if that is still ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portvakt.core.assurance import Evidence, assurance_of, meets, still_bound
from portvakt.core.events import TokenExchanged, TokenExchangeRefused
from portvakt.core.people import Account
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.signals import Device, Risk, Seen
from portvakt.journeys.open_app.oidc.calls import Call, Sent
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.token.issuing import Issuer
from portvakt.proving.held import held
from portvakt.proving.our_devices import NO_DEVICES, OurDevices
from portvakt.proving.rules import Rules, Verdict, judge
from portvakt.records.configuration import Configuration
from portvakt.records.grants import Grant

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type
MOST_ACTORS = 4
"""How many apps may stand behind each other in one token (section 4.1): it grows with each."""
_KEPT = ("iss", "sub", "auth_time", "acr", "amr", "grant")


@dataclass(frozen=True, slots=True)
class TokenExchange:
    """`grant_type=urn:ietf:params:oauth:grant-type:token-exchange`."""

    rules: Rules
    issuer: Issuer
    devices: OurDevices | None = None

    async def answer(
        self, app: RelyingParty, sent: Sent, call: Call
    ) -> dict[str, object] | OAuthError:
        """Return the members of the answer (section 2.2.1), or why not."""
        wrong = check_types(sent, app) or check_target(sent, app)
        if wrong is not None:
            return wrong
        found = await self.issuer.access.counting(sent["subject_token"], call.now)
        configuration = await self.rules.current(call.now)
        if found is None or found.grant is None or found.account is None:
            return _unacceptable()
        trade = await self._trade(app, found.grant, target_of(sent), call)
        if trade is None or not _may_trade(trade, found.claims, configuration):
            return _unacceptable()
        old = set(str(found.claims.get("scope", "")).split())
        asked = set((sent.get("scope") or "").split())
        if not asked <= old:
            needs = "scope may hold only what the subject token has."
            return OAuthError(ErrorCode.INVALID_SCOPE, needs)
        scope = [each for each in app.scope if each in (asked or old)]
        judged = trade.judged(configuration)
        if not isinstance(judged, Verdict):
            return await self._refused(trade, *judged)
        await self._note(trade.exchanged(scope, judged), judged)
        claims = self._traded(app, found.claims, trade.target, scope, call)
        return await self.issuer.again(app, claims, scope, call) | {
            "issued_token_type": ACCESS_TOKEN
        }

    async def _trade(
        self, app: RelyingParty, grant: Grant, target: str, call: Call
    ) -> "Trade | None":
        """Read what of the grant's proofs stands; None where it has ended this very moment."""
        known = NO_DEVICES if self.devices is None else await self.devices.known(call.now)
        records = self.issuer.access.records
        found = await records.read(lambda unit: unit.grants.load_with_bound(grant.id, call.now))
        if found is None:
            return None
        grant, standing = found[0], held(found[1], await self.rules.current(call.now))
        shown = still_bound(grant.evidence, standing.authenticators, call.now)
        device = known.whose(grant.circumstances.shown_device, call.now)
        return Trade(app, grant, standing.account, shown, device, target, call)

    async def _refused(self, trade: "Trade", why: str, verdict: Verdict) -> OAuthError:
        """Say no, and keep under which number (section 2.2.2: a target that is not to be had)."""
        await self._note(trade.refused(why), verdict)
        needs = "This person may not be acted for at that service now."
        return OAuthError(ErrorCode.INVALID_TARGET, needs).under(trade.call.request_id)

    async def _note(self, event: TokenExchanged | TokenExchangeRefused, verdict: Verdict) -> None:
        trace = verdict.decision.trace
        await self.issuer.access.records.write_one(lambda unit: unit.audit.write(event, trace))

    def _traded(
        self,
        app: RelyingParty,
        old: Mapping[str, Any],
        target: str,
        scope: list[str],
        call: Call,
    ) -> dict[str, object]:
        """Write the claims of the new token: never more, nor longer, than the old one's."""
        claims: dict[str, object] = {name: old[name] for name in _KEPT if name in old}
        claims |= {
            "aud": target,
            "iat": int(call.now.timestamp()),
            "exp": min(int(old["exp"]), self.issuer.end(call)),
            "client_id": app.client_id,
            "jti": self.issuer.random.id(),
            "scope": " ".join(scope),
        }
        before = old.get("act")
        if app.exchange_as == "delegation":
            actor: dict[str, object] = {"sub": app.client_id}
            claims["act"] = actor if before is None else actor | {"act": before}
        elif before is not None:  # nobody is forgotten who stood there before
            claims["act"] = before
        return claims


@dataclass(frozen=True, slots=True)
class Trade:
    """Which app wants to act for whom, by which sign-in, and where."""

    app: RelyingParty
    grant: Grant
    account: Account
    shown: tuple[Evidence, ...]
    """What was shown when the first app was opened, and still counts."""
    device: Device
    """Whose the device of that time is today."""
    target: str
    call: Call

    def judged(self, configuration: Configuration) -> Verdict | tuple[str, Verdict]:
        """Hold the person against each app that serves the target; the first no counts.

        Where no entry says that it serves it, the app that asks stands for it.
        """
        verdicts = []
        for serving in configuration.by_service.get(self.target, (self.app,)):
            verdict = self._judged_for(serving, configuration)
            if not serving.groups & self.account.groups:
                return "not_in_groups", verdict
            if verdict.decision.blocked:
                return "blocked", verdict
            if not meets(self.shown, verdict.decision.requirement, self.call.now):
                return "too_weak", verdict
            verdicts.append(verdict)
        return verdicts[0]

    def _judged_for(self, serving: RelyingParty, configuration: Configuration) -> Verdict:
        unseen = Seen(device=self.device, risk=frozenset({Risk.UNKNOWN}))
        return judge(configuration, self.account, serving.client_id, None, self.call.now, unseen)

    def _told(self) -> dict[str, Any]:
        """Return what both events say. The person is not where the app calls from."""
        return {
            "at": self.call.now,
            "account_id": self.account.id,
            "actor": f"app:{self.app.client_id}",
            "request_id": self.call.request_id,
            "app": self.app.client_id,
            "opened": self.grant.client_id,
            "target": self.target,
            "asked_from": self.call.address,
        }

    def exchanged(self, scope: Sequence[str], verdict: Verdict) -> TokenExchanged:
        """Tell that it was done."""
        return TokenExchanged(
            **self._told(),
            scope=tuple(scope),
            aal=assurance_of(self.shown).aal,
            rules=verdict.decision.reasons,
        )

    def refused(self, why: str) -> TokenExchangeRefused:
        """Tell that it may not be."""
        return TokenExchangeRefused(**self._told(), why=why)


def _may_trade(trade: Trade, claims: Mapping[str, Any], configuration: Configuration) -> bool:
    """Say whether the token was handed to this app or given to it, and still opens the first.

    A token that is bound to a key stays with whoever has the key.
    """
    app, account = trade.app, trade.account
    if "cnf" in claims:
        return False
    named = claims.get("aud")
    meant = [named] if isinstance(named, str) else named or []
    if {app.client_id, *app.serves}.isdisjoint({claims.get("client_id"), *meant}):
        return False
    if len(actors(claims)) >= MOST_ACTORS:
        return False
    opened = configuration.app(trade.grant.client_id)
    return opened is not None and account.usable and bool(opened.groups & account.groups)


def check_types(sent: Mapping[str, str], app: RelyingParty) -> OAuthError | None:
    """Take access tokens and give access tokens, to apps that show who they are (section 2.1)."""
    if app.token_endpoint_auth_method == "none":  # noqa: S105 - a way, not a secret
        needs = "An app that cannot show that it is itself exchanges no tokens."
        return OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, needs)
    if not sent.get("subject_token"):
        return _invalid("subject_token is required.")
    if sent.get("subject_token_type") != ACCESS_TOKEN:
        return _invalid(f"subject_token_type must be {ACCESS_TOKEN}.")
    if (sent.get("requested_token_type") or ACCESS_TOKEN) != ACCESS_TOKEN:
        return _invalid(f"requested_token_type must be {ACCESS_TOKEN}.")
    if sent.get("actor_token") or sent.get("actor_token_type"):
        return _invalid("actor_token is not supported: the app that asks is the actor.")
    return None


def check_target(sent: Sent, app: RelyingParty) -> OAuthError | None:
    """Demand one target that the entry names (section 2.2.2)."""
    audiences, resources = sent.every("audience"), sent.every("resource")
    if bool(audiences) == bool(resources):
        return _invalid("audience or resource is required, and not both.")
    if len(audiences) + len(resources) > 1:
        return OAuthError(ErrorCode.INVALID_TARGET, "A token is traded for one service at a time.")
    if target_of(sent) in app.exchange_for:
        return None
    needs = "The entry of this app names no such service for exchange."
    return OAuthError(ErrorCode.INVALID_TARGET, needs)


def target_of(sent: Sent) -> str:
    """Return the service that the token is to be for, by either name."""
    return next(iter((*sent.every("resource"), *sent.every("audience"))), "")


def actors(claims: Mapping[str, Any]) -> list[str]:
    """List who acts in a token, the newest first (section 4.1)."""
    found, act = [], claims.get("act")
    while isinstance(act, dict):
        found.append(str(act.get("sub")))
        act = act.get("act")
    return found


def _invalid(description: str) -> OAuthError:
    return OAuthError(ErrorCode.INVALID_REQUEST, description)


def _unacceptable() -> OAuthError:
    """Say no in the same words whatever is wrong with the token (section 2.2.2)."""
    return _invalid("The subject token does not count, or is not for this app to exchange.")
