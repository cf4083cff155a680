"""A sign-in as it was read before an answer was judged, and the counts that the answer is in."""

from dataclasses import dataclass

from portvakt.core.assurance import Aal, assurance_of
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.sign_in import AskPhone, Finish
from portvakt.core.throttle import Kind
from portvakt.journeys.sign_in.phone import is_strange
from portvakt.journeys.sign_in.tries import Tried, directory_key
from portvakt.methods import LookupRow
from portvakt.proving.addresses import address_key
from portvakt.proving.answer import usable
from portvakt.proving.finish import Next
from portvakt.proving.phone_requests import tally
from portvakt.proving.visit import Visit
from portvakt.records.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Where a sign-in stands, whose it is, and what its answer may be."""

    at: Next
    standing: Standing | None
    types: tuple[AuthenticatorType, ...]
    """What the answer may be, tried in this order; more than one only where a page asks for any."""
    tried: Tried | None
    """None for what a phone approves: nothing is typed here that could be guessed."""
    lookup: tuple[LookupRow, ...]

    @property
    def person(self) -> Standing | None:
        """The person, if the account may be used; nobody otherwise."""
        standing = self.standing
        return standing if standing is not None and standing.account.usable else None


def counts_of(
    loaded: Loaded, looked: Next, standing: Standing, visit: Visit
) -> list[tuple[str, str, str]]:
    """Return which counts a right answer gives back.

    Whoever has signed in with two factors has answered for all that phones were asked from browsers
    of this kind (R26).
    """
    keys: list[tuple[str, str, str]] = [] if loaded.tried is None else [loaded.tried.key]
    if loaded.tried is not None and loaded.tried.kind is Kind.PASSWORD:
        keys.append(directory_key(standing, looked.state.claimed))  # it forgets them, too
    phones = usable(standing, AuthenticatorType.PUSH, visit.now)
    strong = assurance_of(looked.state.evidence).aal >= Aal.TWO
    if not phones or not strong or not isinstance(looked.step, Finish) or looked.verdict is None:
        return keys
    inside, state = looked.verdict.inside, looked.state
    keys.extend(
        tally(standing, state.claimed, kind, inside=inside) for kind in (Kind.PUSH, Kind.PUSH_FIRST)
    )
    if isinstance(loaded.at.step, AskPhone) and is_strange(state, standing):
        keys.append(address_key(visit, inside=inside))
    return keys
