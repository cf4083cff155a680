"""Registration campaigns where a sign-in ends: what they put in its way, and whom they ask."""

from datetime import datetime

from portvakt.core.campaigns import Asked, asked_of, demanded
from portvakt.core.first_registration import FirstRegistration
from portvakt.core.ids import AccountId
from portvakt.core.sessions import SessionKind
from portvakt.core.sign_in import SignIn, Step
from portvakt.proving.held import allowed, held
from portvakt.proving.rules import Verdict
from portvakt.records.configuration import Configuration
from portvakt.records.standing import Standing

HOME = "/security-info"
ASKED = f"{HOME}/asked"
"""Where somebody is asked to register something, before they go on."""


def asked_now(standing: Standing, configuration: Configuration, now: datetime) -> Asked | None:
    """Say what this person is asked to register, if anything."""
    if not configuration.method_rules.entries:
        return None
    mine = held(standing, configuration)
    return asked_of(allowed(mine, configuration), mine.authenticators, now)


def with_campaigns(
    step: Step,
    state: SignIn,
    standing: Standing,
    configuration: Configuration,
    first: FirstRegistration,
    now: datetime,
) -> Step:
    """Return what comes next, where something must be registered before a sign-in ends.

    `standing` is what this person may use (`held`).
    """
    asked = asked_now(standing, configuration, now)
    return demanded(step, state, asked, standing.authenticators, first, now)


def whom_to_ask(
    standing: Standing, verdict: Verdict | None, kind: SessionKind, now: datetime
) -> AccountId | None:
    """Return who is to be asked where such a session begins; None where nobody is."""
    if verdict is None or kind is not SessionKind.FULL:
        return None
    asked = asked_now(standing, verdict.configuration, now)
    return None if asked is None else standing.account.id
