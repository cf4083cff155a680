"""The number that a no is shown under: that of the request which wrote why.

The page of a no comes after a redirect, so it is another request than the one that found it out.
"""

from datetime import datetime

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import (
    PhoneRequestSent,
    PhoneRequestsStopped,
    RegistrationRefused,
    SignInRefused,
)
from portvakt.core.push_approval import RequestStanding, standing_of_request
from portvakt.core.sign_in import AskAuthenticator, AskSecondProof, Refuse
from portvakt.journeys.sign_in.outcomes import PhoneShown
from portvakt.proving.finish import Next
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit


async def case_of(
    unit: Unit, at: Next, standing: Standing | None, phone: PhoneShown | None, now: datetime
) -> str:
    """Find it; empty where this is no refusal, or none that was written.

    Before the password has been shown there is none to find: a number that stays the same when the
    page is loaded again would tell a stranger which names there are.
    """
    names = _names(at, phone, now)
    if standing is None or not names:
        return ""
    found = await unit.audit.of_kind(standing.account.id, names, 1, at.state.created_at)
    return found[0].request_id if found else ""


def _names(at: Next, phone: PhoneShown | None, now: datetime) -> list[str]:
    """Name the events that tell of it."""
    match at.step:
        case Refuse():
            return [SignInRefused.name]
        case AskSecondProof():
            return [RegistrationRefused.name]
        case AskAuthenticator(_, AuthenticatorType.PUSH) if _is_over(phone, now):
            return [PhoneRequestSent.name, PhoneRequestsStopped.name]
        case _:
            return []


def _is_over(phone: PhoneShown | None, now: datetime) -> bool:
    """Whether no request waits, or leads on."""
    if phone is None or phone.asked is None:
        return True
    waits = (RequestStanding.WAITING, RequestStanding.APPROVED)
    return standing_of_request(phone.asked, now) not in waits
