"""From what is stored about sign-ins to what a person can read. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from portvakt.core.assurance import Aal
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import (
    AccountFrozen,
    AccountThawed,
    AppOpened,
    AppRefused,
    DeviceAllowed,
    DeviceDenied,
    FreshProofGiven,
    MethodAdded,
    MethodRemoved,
    PasswordPutAside,
    PhoneDisowned,
    PhoneMoved,
    PhonePairingReused,
    PhoneRequestDenied,
    PhoneRequestNotMe,
    PhoneRequestsStopped,
    PhoneRequestWrongNumber,
    PhoneRetired,
    ProofReplayed,
    SessionsEnded,
    SignInFailed,
    SignInLocked,
    SignInRefused,
    SignInSucceeded,
)
from portvakt.core.ids import ClientId, NetworkId, RuleId, SessionId
from portvakt.core.policy import Outcome, Require, networks_of
from portvakt.core.push_approval import TEST
from portvakt.core.sessions import Session
from portvakt.core.user_agents import browser_of
from portvakt.journeys.my_sign_ins.pages import Happened, OpenSignIn
from portvakt.proving.rules import reason_of
from portvakt.records.audit import StoredEvent
from portvakt.records.configuration import Configuration
from portvakt.web.templates import Message


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells one person's events and sessions in one language, by what things are called now."""

    configuration: Configuration
    organisation: str
    language: str

    def sessions(self, found: Sequence[Session], this: SessionId) -> tuple[OpenSignIn, ...]:
        """Tell where somebody is signed in: this browser first, then the one last used."""
        told = [self._session(each, this) for each in found]
        return tuple(sorted(told, key=lambda each: not each.this_one))

    def events(self, found: Sequence[StoredEvent], most: int) -> tuple[Happened, ...]:
        """Tell what happened, as far as it is about signing in; at most so many."""
        hidden = _told_better(found)
        told = (
            _TOLD[each.name](self, each)
            for each in found
            if each.name in _TOLD and each.id not in hidden
        )
        return tuple(told)[:most]

    def _session(self, session: Session, this: SessionId) -> OpenSignIn:
        return OpenSignIn(
            id=session.id,
            browser=self._browser(session.user_agent),
            place=self._place(session.address),
            since=session.created_at,
            seen=session.seen_at,
            this_one=session.id == this,
        )

    def succeeded(self, event: StoredEvent) -> Happened:
        """Tell a sign-in, with the network that it was decided to come from."""
        app = event.detail.get("app")
        plain = Message("my_sign_ins.succeeded")
        return Happened(
            at=event.at,
            what=plain if app is None else self._about("my_sign_ins.succeeded_app", app),
            how=_how(event),
            place=self._place(event.address, event.detail.get("networks")),
            browser=self._browser(str(event.detail.get("user_agent", ""))),
            why=self._why("my_sign_ins.why", event),
        )

    def opened(self, event: StoredEvent) -> Happened:
        """Tell that an app was opened."""
        return Happened(
            at=event.at,
            what=self._about("my_sign_ins.opened", event.detail["app"]),
            place=self._place(event.address),
            why=self._why("my_sign_ins.why_opened", event),
        )

    def device(self, event: StoredEvent) -> Happened:
        """Tell that a device was let in, or turned away; from where the device had asked."""
        denied = event.name == DeviceDenied.name
        what = "my_sign_ins.device_denied" if denied else "my_sign_ins.device_allowed"
        return Happened(
            at=event.at,
            what=self._about(what, event.detail["app"]),
            place=self._place(event.detail.get("asked_from")),
            failed=denied,
        )

    def failed(self, event: StoredEvent) -> Happened:
        """Tell a wrong answer: of which kind, and from where. What was typed is not stored."""
        return Happened(
            at=event.at,
            what=Message("my_sign_ins.failed"),
            how=(Message(f"my_sign_ins.failed_{event.detail['method']}"),),
            place=self._place(event.address),
            failed=True,
        )

    def locked(self, event: StoredEvent) -> Happened:
        """Tell that one kind of answer was not taken for a while."""
        return self._no("my_sign_ins.locked", event)

    def refused(self, event: StoredEvent) -> Happened:
        """Tell that a rule stopped a sign-in."""
        return self._no("my_sign_ins.refused", event)

    def app_refused(self, event: StoredEvent) -> Happened:
        """Tell that an app was not opened: it is not the person's, or a rule said no."""
        not_theirs = event.detail["why"] == "not_in_groups"
        what = "my_sign_ins.not_yours" if not_theirs else "my_sign_ins.app_refused"
        return Happened(
            at=event.at,
            what=self._about(what, event.detail["app"]),
            place=self._place(event.address),
            why=None if not_theirs else self._why("my_sign_ins.why_refused", event),
            failed=True,
        )

    def fresh(self, event: StoredEvent) -> Happened:
        """Tell that somebody showed again who they were."""
        return Happened(
            at=event.at,
            what=Message("my_sign_ins.fresh"),
            how=_how(event),
            place=self._place(event.address),
        )

    def ended(self, event: StoredEvent) -> Happened:
        """Tell that sessions were ended."""
        return Happened(
            at=event.at,
            what=Message("my_sign_ins.ended"),
            place=self._place(event.address),
        )

    def answered(self, event: StoredEvent) -> Happened:
        """Tell that a phone said no, or was given a wrong number; from where the phone was."""
        app = event.detail["app"]
        return Happened(
            at=event.at,
            what=Message(_ANSWERED[event.name]),
            how=(Message("my_sign_ins.phone_asked_for", {"app": app}),) if app else (),
            place=self._place(event.address),
            failed=True,
        )

    def phone(self, event: StoredEvent) -> Happened:
        """Tell what became of a phone. Support that acts for somebody is at no place."""
        name = event.detail.get("label", "")
        return Happened(
            at=event.at,
            what=Message(_OF_PHONES[event.name]),
            how=(Message("my_sign_ins.phone_named", {"phone": name}),) if name else (),
            place=None if event.address is None else self._place(event.address),
            failed=event.name in _ALARMING,
        )

    def account(self, event: StoredEvent) -> Happened:
        """Tell that a change was disowned, by whoever had the mail, or that it is over."""
        return Happened(
            at=event.at,
            what=Message(_OF_ACCOUNT[event.name]),
            place=None if event.address is None else self._place(event.address),
            failed=event.name == AccountFrozen.name,
        )

    def _no(self, what: str, event: StoredEvent) -> Happened:
        return Happened(
            at=event.at,
            what=Message(what),
            place=self._place(event.address),
            why=self._why("my_sign_ins.why_refused", event),
            failed=True,
        )

    def _about(self, what: str, app: str) -> Message:
        known = self.configuration.app(ClientId(app))
        return Message(what, {"app": app if known is None else known.client_name})

    def _place(self, address: str | None, decided: Sequence[str] | None = None) -> Message:
        """Name the network, as it was decided then or else as the address tells now."""
        ids = {NetworkId(each) for each in decided} if decided is not None else None
        if ids is None:
            ids = set(networks_of(address, self.configuration.networks))
        names = [each.name for each in self.configuration.networks if each.id in ids]
        if names:
            return Message("my_sign_ins.inside", {"network": names[0]})
        if address is None:
            return Message("my_sign_ins.outside", {"organisation": self.organisation})
        return Message(
            "my_sign_ins.outside_from", {"organisation": self.organisation, "address": address}
        )

    def _browser(self, user_agent: str) -> Message:
        told = browser_of(user_agent)
        if told.name is None:
            return Message("my_sign_ins.browser_unknown")
        if told.system is None:
            return Message("my_sign_ins.browser_only", {"browser": told.name})
        return Message("my_sign_ins.browser_on", {"browser": told.name, "system": told.system})

    def _why(self, said_as: str, event: StoredEvent) -> Message | None:
        """Return the sentence of the rule that asked, by the decision that was stored."""
        reason = reason_of(self.configuration, _rules_of(event), self.language)
        return Message(said_as, {"reason": reason}) if reason else None


def _rules_of(event: StoredEvent) -> tuple[RuleId, ...]:
    """Return which rules asked for something, from the stored trace where there is one.

    A rule that said no comes first: it is the reason, whatever others would have asked for.
    """
    if event.trace is None:
        return tuple(RuleId(each) for each in event.detail.get("rules", ()))
    asked = (
        line
        for line in event.trace
        if line.outcome in {Outcome.APPLIED, Outcome.BROKEN} and line.detail != Require.PASSWORD
    )
    return tuple(line.rule for line in sorted(asked, key=lambda line: line.detail != Require.BLOCK))


def _how(event: StoredEvent) -> tuple[Message, ...]:
    by = tuple(Message(f"my_sign_ins.by_{each}") for each in event.detail["methods"])
    strong = event.detail.get("aal", Aal.ONE) >= Aal.TWO
    return (Message("my_sign_ins.strong"), *by) if strong else by


def _told_better(found: Sequence[StoredEvent]) -> frozenset[int]:
    """Return what would be told twice, or is of no interest.

    These are methods other than phones, a phone's no that was a «Det var inte jag», and the
    request with which a phone is tried when it is added.
    """
    not_me = {each.detail["request"] for each in found if each.name == PhoneRequestNotMe.name}
    return frozenset(
        each.id
        for each in found
        if (each.name in _METHODS and each.detail["type"] != AuthenticatorType.PUSH)
        or (each.name == PhoneRequestDenied.name and each.detail["request"] in not_me)
        or (each.name in _ANSWERED and each.detail["purpose"] == TEST)
    )


_METHODS = frozenset({MethodAdded.name, MethodRemoved.name})
_ANSWERED: Mapping[str, str] = MappingProxyType(
    {
        PhoneRequestDenied.name: "my_sign_ins.phone_denied",
        PhoneRequestWrongNumber.name: "my_sign_ins.phone_wrong_number",
        PhoneRequestNotMe.name: "my_sign_ins.phone_not_me",
    }
)
_OF_PHONES: Mapping[str, str] = MappingProxyType(
    {
        MethodAdded.name: "my_sign_ins.phone_added",
        MethodRemoved.name: "my_sign_ins.phone_removed",
        PhoneRetired.name: "my_sign_ins.phone_removed",
        PhoneMoved.name: "my_sign_ins.phone_moved",
        PhoneDisowned.name: "my_sign_ins.phone_disowned",
        PhonePairingReused.name: "my_sign_ins.phone_pairing_reused",
        PhoneRequestsStopped.name: "my_sign_ins.phone_stopped",
        PasswordPutAside.name: "my_sign_ins.phone_put_aside",
    }
)
_OF_ACCOUNT: Mapping[str, str] = MappingProxyType(
    {
        AccountFrozen.name: "my_sign_ins.frozen",
        AccountThawed.name: "my_sign_ins.thawed",
    }
)
_ALARMING = frozenset(
    {
        PhoneDisowned.name,
        PhonePairingReused.name,
        PhoneRequestsStopped.name,
        PasswordPutAside.name,
    }
)
_TOLD: Mapping[str, Callable[[Teller, StoredEvent], Happened]] = MappingProxyType(
    {
        SignInSucceeded.name: Teller.succeeded,
        SignInFailed.name: Teller.failed,
        ProofReplayed.name: Teller.failed,
        SignInLocked.name: Teller.locked,
        SignInRefused.name: Teller.refused,
        FreshProofGiven.name: Teller.fresh,
        AppOpened.name: Teller.opened,
        AppRefused.name: Teller.app_refused,
        SessionsEnded.name: Teller.ended,
        DeviceAllowed.name: Teller.device,
        DeviceDenied.name: Teller.device,
        **dict.fromkeys(_ANSWERED, Teller.answered),
        **dict.fromkeys(_OF_PHONES, Teller.phone),
        **dict.fromkeys(_OF_ACCOUNT, Teller.account),
    }
)
