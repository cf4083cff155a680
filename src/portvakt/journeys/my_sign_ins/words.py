"""From what is stored about sign-ins to what a person can read. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from portvakt.core.assurance import Aal
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.event import SELF
from portvakt.core.events import (
    AccountFrozen,
    AccountThawed,
    AppAccessTakenBack,
    AppConsentAnswered,
    AppOpened,
    AppRefused,
    CodeReused,
    DeviceAllowed,
    DeviceDenied,
    FreshProofGiven,
    MethodAdded,
    MethodRemoved,
    PasswordChanged,
    PasswordPutAside,
    PasswordReset,
    PhoneDisowned,
    PhoneMoved,
    PhonePairingReused,
    PhoneRequestDenied,
    PhoneRequestNotMe,
    PhoneRequestsStopped,
    PhoneRequestWrongNumber,
    PhoneRetired,
    ProofReplayed,
    RefreshTokenReused,
    RiskSeen,
    SessionSeenElsewhere,
    SessionsEnded,
    SignInFailed,
    SignInHeld,
    SignInLocked,
    SignInNotJudged,
    SignInRefused,
    SignInSucceeded,
    TicketRefused,
)
from portvakt.core.freezing import Change
from portvakt.core.ids import SessionId
from portvakt.core.push_approval import TEST
from portvakt.core.sessions import Session
from portvakt.journeys.my_sign_ins.browsers import OF_BROWSERS, Browsers
from portvakt.journeys.my_sign_ins.pages import Happened, OpenSignIn
from portvakt.records.audit import StoredEvent
from portvakt.web.templates import Message


@dataclass(frozen=True, slots=True)
class Teller(Browsers):
    """Tells one person's events and sessions in one language, by what things are called now."""

    def sessions(self, found: Sequence[Session], this: SessionId) -> tuple[OpenSignIn, ...]:
        """Tell where somebody is signed in: this browser first, then the one last used."""
        told = [self._session(each, this) for each in found]
        return tuple(sorted(told, key=lambda each: not each.this_one))

    def events(
        self, found: Sequence[StoredEvent], sessions: Sequence[Session] = ()
    ) -> tuple[Happened, ...]:
        """Tell what happened, as far as it is about signing in.

        An app that was opened is told with the browser of its sign-in, where that is known: of
        `sessions`, or told here as well.
        """
        hidden = _told_better(found)
        browsers = {str(each.id): each.user_agent for each in sessions} | {
            str(each.detail["session_id"]): str(each.detail.get("user_agent", ""))
            for each in found
            if each.name == SignInSucceeded.name and "session_id" in each.detail
        }
        return tuple(self._one(each, browsers) for each in found if each.id not in hidden)

    def event(self, found: StoredEvent) -> Happened | None:
        """Tell one; None for what is not told."""
        told = self.events([found]) if found.name in NAMES else ()
        return told[0] if told else None

    def _one(self, event: StoredEvent, browsers: Mapping[str, str]) -> Happened:
        told = _TOLD[event.name](self, event)
        browser = browsers.get(str(event.detail.get("session_id")))
        if browser is not None and told.browser is None:
            told = replace(told, browser=self.browser(browser))
        return replace(told, id=event.id, may_disown=event.name != AccountFrozen.name)

    def _session(self, session: Session, this: SessionId) -> OpenSignIn:
        return OpenSignIn(
            id=session.id,
            browser=self.browser(session.user_agent),
            place=self.place(session.address),
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
            what=plain if app is None else self.about("my_sign_ins.succeeded_app", app),
            how=_how(event),
            place=self.place(event.address, event.detail.get("networks")),
            browser=self.browser(str(event.detail.get("user_agent", ""))),
            why=self.why("my_sign_ins.why", event),
        )

    def opened(self, event: StoredEvent) -> Happened:
        """Tell that an app was opened."""
        return Happened(
            at=event.at,
            what=self.about("my_sign_ins.opened", event.detail["app"]),
            how=(_strength(event.detail["aal"]),),
            place=self.place(event.address),
            why=self.why("my_sign_ins.why_opened", event),
        )

    def device(self, event: StoredEvent) -> Happened:
        """Tell that a device was let in, or turned away; from where the device had asked."""
        denied = event.name == DeviceDenied.name
        what = "my_sign_ins.device_denied" if denied else "my_sign_ins.device_allowed"
        return Happened(
            at=event.at,
            what=self.about(what, event.detail["app"]),
            place=self.place(event.detail.get("asked_from")),
            failed=denied,
        )

    def failed(self, event: StoredEvent) -> Happened:
        """Tell a wrong answer: of which kind, and from where. What was typed is not stored."""
        how = Message(f"my_sign_ins.failed_{event.detail['method']}")
        return replace(self._no("my_sign_ins.failed", event), how=(how,))

    def ticket_refused(self, event: StoredEvent) -> Happened:
        """Tell that the computer's account opened nothing."""
        return self._no("my_sign_ins.ticket_refused", event)

    def locked(self, event: StoredEvent) -> Happened:
        """Tell that one kind of answer was not taken for a while."""
        return self._no("my_sign_ins.locked", event)

    def held(self, event: StoredEvent) -> Happened:
        """Tell of an answer that came while that was so."""
        return self._no("my_sign_ins.held", event)

    def not_judged(self, event: StoredEvent) -> Happened:
        """Tell of an answer that nobody could say anything of."""
        return self._no("my_sign_ins.not_judged", event)

    def at_risk(self, event: StoredEvent) -> Happened:
        """Tell that the password was right and something was amiss: each thing in its words."""
        return Happened(
            at=event.at,
            what=Message("my_sign_ins.at_risk"),
            how=tuple(Message(f"my_sign_ins.risk_{each}") for each in event.detail["risks"]),
            place=self.place(event.address),
            failed=True,
        )

    def elsewhere(self, event: StoredEvent) -> Happened:
        """Tell that a session was ended because its cookie came from another browser elsewhere."""
        return Happened(
            at=event.at,
            what=Message("my_sign_ins.seen_elsewhere"),
            place=self.place(event.address),
            browser=self.browser(str(event.detail.get("user_agent", ""))),
            failed=True,
        )

    def refused(self, event: StoredEvent) -> Happened:
        """Tell that a rule stopped a sign-in."""
        return self._no("my_sign_ins.refused", event)

    def app_refused(self, event: StoredEvent) -> Happened:
        """Tell that an app was not opened: it is not the person's, or a rule said no."""
        not_theirs = event.detail["why"] == "not_in_groups"
        what = "my_sign_ins.not_yours" if not_theirs else "my_sign_ins.app_refused"
        return Happened(
            at=event.at,
            what=self.about(what, event.detail["app"]),
            place=self.place(event.address),
            why=None if not_theirs else self.why("my_sign_ins.why_refused", event),
            failed=True,
            stopped=True,
        )

    def cut_off(self, event: StoredEvent) -> Happened:
        """Tell that an app's key came twice, from wherever that was."""
        return replace(self.taken_back(event), failed=True)

    def consented(self, event: StoredEvent) -> Happened:
        """Tell what they said of an app that is not the organisation's own."""
        said = "said_yes" if event.detail["allowed"] else "said_no"
        return Happened(
            at=event.at,
            what=self.about(f"my_sign_ins.app_{said}", event.detail["app"]),
            place=self.place(event.address),
        )

    def taken_back(self, event: StoredEvent) -> Happened:
        """Tell that what an app held ended; support that does it is at no place."""
        return Happened(
            at=event.at,
            what=self.about(_OF_APPS[event.name], event.detail["app"]),
            place=None if event.address is None else self.place(event.address),
        )

    def password(self, event: StoredEvent) -> Happened:
        """Tell that the password is another one."""
        return Happened(
            at=event.at,
            what=Message(_OF_PASSWORDS[event.name]),
            place=self.place(event.address),
        )

    def fresh(self, event: StoredEvent) -> Happened:
        """Tell that somebody showed again who they were."""
        return Happened(
            at=event.at,
            what=Message("my_sign_ins.fresh"),
            how=_how(event),
            place=self.place(event.address),
        )

    def ended(self, event: StoredEvent) -> Happened:
        """Tell that sessions were ended, by the person or for them."""
        by_owner = event.actor == SELF
        return Happened(
            at=event.at,
            what=Message("my_sign_ins.ended" if by_owner else "my_sign_ins.ended_for_you"),
            place=self.place(event.address) if by_owner else None,
        )

    def answered(self, event: StoredEvent) -> Happened:
        """Tell that a phone said no, or was given a wrong number; from where the phone was."""
        app = event.detail["app"]
        return Happened(
            at=event.at,
            what=Message(_ANSWERED[event.name]),
            how=(Message("my_sign_ins.phone_asked_for", {"app": app}),) if app else (),
            place=self.place(event.address),
            failed=True,
        )

    def phone(self, event: StoredEvent) -> Happened:
        """Tell what became of a phone. Support that acts for somebody is at no place."""
        name = event.detail.get("label", "")
        return Happened(
            at=event.at,
            what=Message(_OF_PHONES[event.name]),
            how=(Message("my_sign_ins.phone_named", {"phone": name}),) if name else (),
            place=None if event.address is None else self.place(event.address),
            failed=event.name in _ALARMING,
        )

    def account(self, event: StoredEvent) -> Happened:
        """Tell that something was disowned, in a mail or here, or that it is over."""
        here = event.detail.get("change") == Change.SIGN_IN
        return Happened(
            at=event.at,
            what=Message("my_sign_ins.frozen_here" if here else _OF_ACCOUNT[event.name]),
            place=None if event.address is None else self.place(event.address),
            failed=event.name == AccountFrozen.name,
        )

    def _no(self, what: str, event: StoredEvent) -> Happened:
        return Happened(
            at=event.at,
            what=Message(what),
            place=self.place(event.address),
            why=self.why("my_sign_ins.why_refused", event),
            failed=True,
            stopped=True,
        )


def _how(event: StoredEvent) -> tuple[Message, ...]:
    ticket = event.detail.get("by_ticket", False)
    ways = (
        "ticket" if ticket and each == AuthenticatorType.PASSWORD else each
        for each in event.detail["methods"]
    )
    by = tuple(Message(f"my_sign_ins.by_{each}") for each in ways)
    return (_strength(event.detail["aal"]), *by) if "aal" in event.detail else by


def _strength(aal: int) -> Message:
    return Message("my_sign_ins.strong" if aal >= Aal.TWO else "my_sign_ins.single")


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
_OF_APPS: Mapping[str, str] = MappingProxyType(
    {
        AppAccessTakenBack.name: "my_sign_ins.app_taken_back",
        CodeReused.name: "my_sign_ins.app_cut_off",
        RefreshTokenReused.name: "my_sign_ins.app_cut_off",
    }
)
_OF_PASSWORDS: Mapping[str, str] = MappingProxyType(
    {
        PasswordChanged.name: "my_sign_ins.password_changed",
        PasswordReset.name: "my_sign_ins.password_reset",
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
        SignInHeld.name: Teller.held,
        SignInNotJudged.name: Teller.not_judged,
        SignInRefused.name: Teller.refused,
        RiskSeen.name: Teller.at_risk,
        SessionSeenElsewhere.name: Teller.elsewhere,
        TicketRefused.name: Teller.ticket_refused,
        FreshProofGiven.name: Teller.fresh,
        AppOpened.name: Teller.opened,
        AppRefused.name: Teller.app_refused,
        SessionsEnded.name: Teller.ended,
        DeviceAllowed.name: Teller.device,
        DeviceDenied.name: Teller.device,
        AppAccessTakenBack.name: Teller.taken_back,
        AppConsentAnswered.name: Teller.consented,
        CodeReused.name: Teller.cut_off,
        RefreshTokenReused.name: Teller.cut_off,
        **dict.fromkeys(_OF_PASSWORDS, Teller.password),
        **dict.fromkeys(_ANSWERED, Teller.answered),
        **dict.fromkeys(_OF_PHONES, Teller.phone),
        **dict.fromkeys(_OF_ACCOUNT, Teller.account),
        **dict.fromkeys(OF_BROWSERS, Teller.known),
    }
)
NAMES = frozenset(_TOLD)
"""The events that are told."""
