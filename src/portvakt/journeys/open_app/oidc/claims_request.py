"""The `claims` parameter: what an app wants to know by name (OpenID Connect Core section 5.5)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

import orjson

from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.scopes import CLAIM_SCOPE

LONGEST = 4096
_MOST_VALUES = 20


@dataclass(frozen=True, slots=True)
class Wish:
    """One claim that is asked for. No `values` is any value; one is `value` in the parameter."""

    essential: bool = False
    values: tuple[object, ...] = ()

    def allows(self, value: object) -> bool:
        """Whether the claim may be told with this value."""
        return not self.values or value in self.values


Wishes = Mapping[str, Wish]
NOTHING: Wishes = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """What is wanted in the ID token, and what at userinfo."""

    id_token: Wishes = field(default_factory=lambda: NOTHING)
    userinfo: Wishes = field(default_factory=lambda: NOTHING)

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Read the parameter; None where it is not what section 5.5 describes.

        Members and claims that we do not know are ignored, as that section demands.
        """
        if text is None:
            return cls()
        if len(text) > LONGEST:
            return None
        try:
            asked = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(asked, dict):
            return None
        parts = [_wishes(asked.get(name)) for name in ("id_token", "userinfo")]
        if parts[0] is None or parts[1] is None:
            return None
        return cls(parts[0], parts[1])

    @property
    def levels(self) -> tuple[object, ...]:
        """The values of `acr` that were asked for (section 5.5.1.1)."""
        return self.id_token["acr"].values if "acr" in self.id_token else ()

    def kept(self, app: RelyingParty) -> str | None:
        """Return what is to be remembered with a grant, as JSON; None for nothing.

        That is what the app may know (its entry assigns the scope that a claim belongs to), and
        which `acr` it asked for.
        """
        parts = {
            "id_token": dict(_within(self.id_token, app, also=("acr",))),
            "userinfo": dict(_within(self.userinfo, app)),
        }
        told = {name: wishes for name, wishes in parts.items() if wishes}
        return orjson.dumps(told).decode() if told else None

    def scopes(self, app: RelyingParty) -> frozenset[str]:
        """Return the scopes that the claims belong to which the app may know."""
        names = {*self.id_token, *self.userinfo} & CLAIM_SCOPE.keys()
        return frozenset(CLAIM_SCOPE[name] for name in names) & frozenset(app.scope)


def within_scope(
    wishes: Wishes, scope: Collection[str], granted: Collection[str], app: RelyingParty
) -> Wishes:
    """Return which wishes stand for a token of this scope.

    An app may give scope up for one token (RFC 6749 section 6). What it asked for by name beside
    its scope (OpenID Connect Core section 5.5) would come all the same, in a token that it means to
    tell less; so then only claims of the scope that is left are told.
    """
    if set(granted) & set(app.scope) <= set(scope):
        return wishes
    return {name: wish for name, wish in wishes.items() if CLAIM_SCOPE.get(name) in scope}


def _wishes(part: object) -> Wishes | None:
    if part is None:
        return NOTHING
    if not isinstance(part, dict):
        return None
    wishes = {name: _wish(asked) for name, asked in part.items()}
    if any(wish is None for wish in wishes.values()):
        return None
    return {name: wish for name, wish in wishes.items() if wish is not None}


def _wish(asked: Any) -> Wish | None:
    if asked is None:
        return Wish()
    if not isinstance(asked, dict):
        return None
    essential, values = asked.get("essential", False), asked.get("values", [])
    if not isinstance(essential, bool) or not isinstance(values, list):
        return None
    if len(values) > _MOST_VALUES:
        return None
    if "value" in asked:
        values = [asked["value"]]
    return Wish(essential, tuple(values))


def _within(
    wishes: Wishes, app: RelyingParty, also: Iterable[str] = ()
) -> Iterator[tuple[str, object]]:
    for name, wish in sorted(wishes.items()):
        if CLAIM_SCOPE.get(name) in app.scope or (name in also and wish.values):
            yield name, {"values": list(wish.values)} if wish.values else None
