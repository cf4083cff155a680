"""What an installation allows, so that the guide describes nothing else.

The very functions of a real sign-in decide: methods by group, the rules, and the state machine, for
somebody who has everything that the guide tells of.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.first_registration import First
from portvakt.core.ids import AccountId, AuthenticatorId, GroupId, NetworkId
from portvakt.core.method_rules import Allowed
from portvakt.core.people import Account, AccountState
from portvakt.core.signals import Action, Signals
from portvakt.guide.errors import GuideError
from portvakt.guide.stage_state import place_of, usual_group, without_people
from portvakt.guide.steps import Need
from portvakt.journeys.apply_state.checks import Judged
from portvakt.journeys.apply_state.document import State
from portvakt.journeys.apply_state.methods import entry_of
from portvakt.journeys.apply_state.rules import rules_of
from portvakt.journeys.apply_state.wanted import app_of, network_of
from portvakt.proving.finish import FirstPolicy
from portvakt.proving.rules import decide
from portvakt.proving.supposing import suppose
from portvakt.records.configuration import Configuration
from portvakt.settings import Settings

PASSWORD = AuthenticatorType.PASSWORD
PUSH = AuthenticatorType.PUSH
PHONE_SIGN_IN = AuthenticatorType.PHONE_SIGN_IN
SMS_CODE = AuthenticatorType.SMS_CODE
RECOVERY_CODE = AuthenticatorType.RECOVERY_CODE

_SOMEBODY: Final = AccountId("guide")
_NOW: Final = datetime(2026, 1, 12, 12, tzinfo=UTC)
"""A Monday at noon: rules that hold at night are not what most people meet."""
_FOR_MONTHS: Final = timedelta(days=100)

Ways = tuple[tuple[AuthenticatorType, ...], ...]


def allowed(
    settings: Settings, state: Mapping[str, Any], groups: tuple[str, ...] = ()
) -> frozenset[Need]:
    """Say what may be told of, by the settings and a state file as `portvakt export` writes it.

    `groups` are those of the people whom the guide is for: without any, of those on the stage.
    """
    read = msgspec.convert(without_people(state), State)
    whom = frozenset(map(GroupId, groups or usual_group(state)))
    at = _Place(settings, read, whom, has_inside=_has_inside(state))
    return at.registering() | at.signing_in() | at.in_trouble()


@dataclass(frozen=True, slots=True)
class _Place:
    """An installation, and the groups of the people in it whom the guide is for."""

    settings: Settings
    state: State
    groups: frozenset[GroupId]
    has_inside: bool

    def registering(self) -> frozenset[Need]:
        """Say what may be registered, and from where."""
        may, texts = self._may(), bool(self.settings.sms)
        first = First(self.settings.registration.first)
        asks_number = may.registers(SMS_CODE)
        found = {
            Need.APP: may.registers(PUSH),
            Need.PHONE_SIGN_IN: may.registers(PUSH) and may.registers(PHONE_SIGN_IN),
            Need.TEXTS: texts and asks_number,
            Need.PAPER_CODES: may.registers(RECOVERY_CODE),
            Need.NUMBER_AFTER_APP: texts and asks_number,
            Need.NUMBER_SKIPPED: asks_number and not texts,
            Need.FIRST_BY_PASSWORD: first is First.WELCOME_WINDOW
            or (first is First.SECOND_PROOF and self.has_inside),
            Need.FIRST_AT_WORK: first is First.SECOND_PROOF,
        }
        return _those(found)

    def signing_in(self) -> frozenset[Need]:
        """Say what is asked for at sign-in, from outside and at work."""
        outside, at_work = self._ways(inside=False), self._ways(inside=True)
        by_text = self._texts_leave() and (PASSWORD, SMS_CODE) in at_work
        by_password = (PASSWORD,) in at_work
        found = {
            Need.BY_APP: (PASSWORD, PUSH) in outside,
            Need.BY_TEXT: self._texts_leave() and (PASSWORD, SMS_CODE) in outside,
            Need.PASSWORD_AT_WORK: by_password,
            Need.TEXT_AT_WORK: by_text,
            Need.PORTAL: self.has_inside and self._sees_tile() and (by_password or by_text),
        }
        return _those(found)

    def in_trouble(self) -> frozenset[Need]:
        """Say what helps whoever has lost something."""
        people = self.settings.registration.new_phone_by_people
        found = {
            Need.RESET: self._resets(),
            Need.NEW_PHONE_BY_PEOPLE: people and self._may().registers(PUSH),
        }
        return _those(found)

    def _may(self) -> Allowed:
        return self._configuration().method_rules.of(self.groups)

    def _texts_leave(self) -> bool:
        return bool(self.settings.sms) and self._may().registers(SMS_CODE)

    def _ways(self, *, inside: bool) -> Ways:
        """List what is enough at sign-in for somebody who has all that the guide tells of."""
        may, registration = self._may(), self.settings.registration
        first = FirstPolicy(first=First(registration.first), welcome_days=registration.welcome_days)
        bound = [may.at_sign_in(each) for each in _everything()]
        signals = self._signals(inside=inside)
        account = replace(_ACCOUNT, groups=self.groups)
        prospect = suppose(self._configuration(), account, bound, signals, policy=first)
        return prospect.ways

    def _resets(self) -> bool:
        """Whether a text and the app, which may be on one phone, give a new password."""
        settings, may = self.settings, self._may()
        kept_here = not settings.directories or any(each.passwords for each in settings.directories)
        apart = not self.groups.isdisjoint(settings.reset.two_devices)
        signals = self._signals(inside=False, action=Action.RESET)
        need = decide(self._configuration(), signals)
        shut = need.blocked or need.requirement.phishing_resistant or need.requirement.any_of
        both = {PUSH, SMS_CODE} <= may.password_reset
        return kept_here and both and not apart and not shut

    def _sees_tile(self) -> bool:
        apps = [each.groups for each in self.state.apps]
        links = [each.groups for each in self.state.links]
        return any(not self.groups.isdisjoint(each) for each in (*apps, *links))

    def _signals(self, *, inside: bool, action: Action = Action.SIGN_IN) -> Signals:
        at = [NetworkId(each.id) for each in self.state.networks][:1] if inside else []
        return Signals(
            account_id=_SOMEBODY,
            groups=self.groups,
            app=None,
            networks=frozenset(at),
            address_known=True,
            at=_NOW,
            roles=frozenset(),
            action=action,
        )

    def _configuration(self) -> Configuration:
        """Return what the file says, as far as it decides.

        Groups that its rules name are there, though it need not hold them: a directory may.
        """
        state = self.state
        rules = rules_of(state)
        named = [(*each.when.groups, *each.when.groups_not) for each in rules]
        return Configuration(
            groups=frozenset(group for each in named for group in each),
            networks=tuple(map(network_of, state.networks)),
            rules=tuple(rules),
            apps=tuple(app_of(each, Judged(), None) for each in state.apps),
            owners={},
            methods=tuple(map(entry_of, state.methods)),
        )


def _has_inside(state: Mapping[str, Any]) -> bool:
    """Say whether anybody can be shown at work, which takes a network of the organisation."""
    try:
        place_of(state, outside=False)
    except GuideError:
        return False
    return True


def _those(found: Mapping[Need, bool]) -> frozenset[Need]:
    return frozenset(need for need, holds in found.items() if holds)


def _everything() -> tuple[Authenticator, ...]:
    phone = _bound(PUSH)
    return (
        _bound(PASSWORD),
        phone,
        _bound(PHONE_SIGN_IN, detail=phone.id),
        _bound(SMS_CODE, detail="+46701740605"),
        _bound(RECOVERY_CODE),
    )


def _bound(kind: AuthenticatorType, detail: str = "") -> Authenticator:
    return Authenticator(
        id=AuthenticatorId(kind.value),
        account_id=_SOMEBODY,
        type=kind,
        state=AuthenticatorState.ACTIVE,
        label="",
        source="self",
        detail=detail,
        preferred=False,
        created_at=_NOW - _FOR_MONTHS,
        changed_at=_NOW - _FOR_MONTHS,
    )


_ACCOUNT: Final = Account(
    id=_SOMEBODY,
    source="guide",
    external_id="guide",
    user_name="guide",
    email="",
    given_name="",
    family_name="",
    state=AccountState.ACTIVE,
    title="",
    unit="",
    manager=None,
    protected=False,
    roles=frozenset(),
    groups=frozenset(),
    language=None,
    created_at=_NOW - _FOR_MONTHS,
    start_date=None,
    invited_at=None,
    welcome_used_at=None,
    last_sign_in_at=_NOW,
)
