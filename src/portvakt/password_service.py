"""Puts together what new passwords are chosen by: the reset site, the page beside it, the judge."""

from dataclasses import dataclass

from portvakt.base import Base
from portvakt.common_passwords import PasswordJudge
from portvakt.core.password_reset import STANDARD, Way
from portvakt.journeys.change_password.flow import Parts as ChangeParts
from portvakt.journeys.change_password.routes import change_password_routes
from portvakt.journeys.reset_password.flow import Parts as ResetParts
from portvakt.journeys.reset_password.outcomes import Policy as ResetPolicy
from portvakt.journeys.reset_password.routes import reset_routes
from portvakt.key_service import key_questions
from portvakt.proving.answer import Judge
from portvakt.proving.password_changing import PasswordChanges
from portvakt.proving.password_homes import Homes
from portvakt.proving.password_meter import PasswordMeter
from portvakt.settings import Settings
from portvakt.web.routing import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordService:
    """What the web server answers whoever chooses a password, and what other pages need for it."""

    routes: tuple[Route, ...]
    judge: PasswordJudge
    meter: PasswordMeter
    changes: PasswordChanges


def password_service(base: Base) -> PasswordService:
    """Build it. Raises `OSError` and `BrokenListError` for a list that cannot be read."""
    judge, homes = _password_judge(base), _password_homes(base)
    meter = PasswordMeter(judge)
    changes = PasswordChanges(
        records=base.records,
        homes=homes,
        directories=base.directory_passwords,
        judge=judge,
        notices=base.notices,
        random=base.random,
    )
    parts = ChangeParts(records=base.records, changes=changes)
    return PasswordService(
        routes=(
            *_reset(base, judge, meter, homes),
            *change_password_routes(parts, gate=base.gate, meter=meter),
        ),
        judge=judge,
        meter=meter,
        changes=changes,
    )


def _reset(base: Base, judge: PasswordJudge, meter: PasswordMeter, homes: Homes) -> list[Route]:
    """Return the routes of the reset site."""
    return reset_routes(
        ResetParts(
            records=base.records,
            rules=base.rules,
            judge=Judge(base.methods, base.sealer, base.directory_passwords),
            sender=base.sender,
            requests=base.requests,
            keys=key_questions(base),
            notices=base.notices,
            random=base.random,
            password_judge=judge,
            policy=_reset_policy(base.settings),
            homes=homes,
        ),
        gate=base.gate,
        meter=meter,
    )


def _password_homes(base: Base) -> Homes:
    """Put together what finds where somebody's password lives."""
    return Homes(
        hasher=base.hasher,
        directories=base.directory_passwords,
        missed=lambda name: base.directory_ages.missed(name, base.clock()),
    )


def _reset_policy(settings: Settings) -> ResetPolicy:
    chosen = settings.reset
    return ResetPolicy(
        ways=STANDARD | {Way.LATER} if chosen.slow_way else STANDARD,
        two_devices=frozenset(chosen.two_devices),
        privileged_may=chosen.privileged_may,
    )


def _password_judge(base: Base) -> PasswordJudge:
    """Put together what says whether a new password may be taken."""
    passwords = base.settings.password_rules
    return PasswordJudge.over(
        organisation=base.settings.organisation.name,
        words=passwords.words,
        least=passwords.least,
        breached_file=passwords.breached_file,
    )
