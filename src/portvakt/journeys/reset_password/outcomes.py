"""What can come of an act at the reset site. Expected outcomes are values (docs/adr/0005)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.freezing import Freezing
from portvakt.core.ids import FlowId
from portvakt.core.password_outcomes import Refused
from portvakt.core.password_reset import STANDARD, Facts, Reset, Step, Way, next_step, provable
from portvakt.core.password_rules import Finding
from portvakt.core.push_approval import Approval
from portvakt.core.roles import administers_directory
from portvakt.core.text_fates import TextFate
from portvakt.core.throttle import Familiarity, Kind
from portvakt.proving.answer import subject_of
from portvakt.proving.visit import Visit
from portvakt.records.codes import Newest
from portvakt.records.standing import Standing

KINDS = {
    Way.PHONE: AuthenticatorType.PUSH,
    Way.KEY: AuthenticatorType.PASSKEY,
    Way.CODE: AuthenticatorType.TOTP,
    Way.TOKEN: AuthenticatorType.HARDWARE_TOKEN,
    Way.TEXT: AuthenticatorType.SMS_CODE,
    Way.CARD: AuthenticatorType.RECOVERY_CODE,
    Way.SUPPORT: AuthenticatorType.START_CODE,
    Way.LATER: AuthenticatorType.SMS_CODE,
}
"""What is bound for each way that somebody answers alone."""
TEXTS: Final = frozenset({Way.TEXT, Way.LATER})
"""Ways that a text is sent for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the organisation has decided about resets."""

    ways: frozenset[Way] = STANDARD
    two_devices: frozenset[str] = frozenset()
    """Groups whose two proofs must not both live on one phone."""
    privileged_may: bool = False


def facts_of(
    standing: Standing | None, policy: Policy, freezing: Freezing, *, shut: bool
) -> Facts | None:
    """Gather what decides a reset of this person; None for a name that nobody has.

    `shut` is whether a rule shuts it to them.
    """
    if standing is None:
        return None
    account = standing.account
    return Facts(
        account=account,
        bound=standing.authenticators,
        strict=not policy.two_devices.isdisjoint(account.groups),
        frozen=freezing.disowned is not None,
        directory_admin=administers_directory(account.groups),
        privileged_may=policy.privileged_may,
        shut_by_rule=shut,
    )


@dataclass(frozen=True, slots=True)
class GoOn:
    """The attempt's own page says what is next."""

    flow: FlowId


@dataclass(frozen=True, slots=True)
class Waits:
    """The slow way has begun: the browser is to be known again when it is over."""

    flow: FlowId


@dataclass(frozen=True, slots=True)
class Wrong:
    """The answer opened nothing; before the first proof nobody is told why."""

    way: Way


@dataclass(frozen=True, slots=True)
class Later:
    """No text was sent and no phone asked, because of a limit; one may be at `at`."""

    at: datetime


@dataclass(frozen=True, slots=True)
class NoTexts:
    """No text was sent: the day's texts are used up, or kept for who has no other way."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """The new password is not taken, and this is everything that is wrong with it."""

    findings: tuple[Finding, ...]
    least: int
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """No such attempt in this browser: finished long ago, too old, or another browser's."""


Outcome = GoOn | Waits | Wrong | Later | NoTexts | Unfit | Gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An attempt as it was read in this act, and what is around it."""

    state: Reset
    standing: Standing | None
    facts: Facts | None
    ways: frozenset[Way]
    spent_until: datetime | None
    """Until when the budget of this name is used up."""
    visit: Visit

    @property
    def step(self) -> Step:
        """What comes next."""
        return next_step(
            self.state,
            self.facts,
            self.visit.now,
            ways=self.ways,
            spent=self.spent_until is not None,
        )

    @property
    def subject(self) -> str:
        """Under which name tries are counted."""
        account = None if self.standing is None else self.standing.account
        return subject_of(account, self.state.claimed)

    @property
    def tally(self) -> tuple[str, Kind, Familiarity]:
        """The key that proofs tried here are counted by."""
        return (self.subject, Kind.RESET, Familiarity.ANY)

    @property
    def asked_tally(self) -> tuple[str, Kind, Familiarity]:
        """The key that texts and requests asked for here are counted by."""
        return (self.subject, Kind.RESET_ASKED, Familiarity.ANY)

    @property
    def proved(self) -> bool:
        """Whether anything was shown."""
        return bool(self.state.evidence)

    def answering(self, way: Way) -> tuple[Authenticator, ...]:
        """List what an answer of this kind may be checked against, best first."""
        return provable(
            self.state,
            self.facts,
            way,
            self.visit.now,
            ways=self.ways,
            spent=self.spent_until is not None,
        )

    def person(self, way: Way) -> Standing | None:
        """Give the person with nothing bound but what may answer now; None where nothing may."""
        ids = {each.id for each in self.answering(way)}
        if self.standing is None or not ids:
            return None
        bound = tuple(each for each in self.standing.bound if each.authenticator.id in ids)
        return Standing(self.standing.account, bound, self.standing.known_browser)


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """Everything that a page of an attempt shows."""

    scene: Scene
    asked: Approval | None = None
    """The newest request to a phone, where that way is chosen."""
    sent: Newest | None = None
    fate: TextFate | None = None
    """What became of that text; None before a proof, where nothing is told of it."""
    """The newest text, where that way is chosen."""
    left: int = 0
    """How many printed codes are left, where the page may say so."""
    least: int = 0
    """How many characters a new password needs."""
