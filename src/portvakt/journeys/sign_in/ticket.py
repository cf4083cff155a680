"""Signing in with the computer's account: a Kerberos ticket in place of the password (ADR 59)."""

from dataclasses import dataclass, replace
from urllib.parse import quote

import structlog

from portvakt.core.assurance import SIGN_IN, Evidence
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import TicketRefused
from portvakt.core.ids import AccountId
from portvakt.core.people import canonical_identifier
from portvakt.journeys.sign_in.flow import Parts, SignInFlow, Wanted
from portvakt.journeys.sign_in.outcomes import Outcome
from portvakt.proving.answer import usable
from portvakt.proving.held import held
from portvakt.proving.tickets import TicketNotTaken, TicketUnanswered, Whose
from portvakt.proving.visit import Visit, said
from portvakt.records.configuration import Configuration
from portvakt.records.unit import Unit

KERBEROS = "/kerberos"
"""The one address where browsers are asked for tickets."""

_log = structlog.get_logger("portvakt.kerberos")


@dataclass(frozen=True, slots=True)
class TicketTaken:
    """The ticket stands for the password; this is what comes of it."""

    outcome: Outcome
    answer: bytes
    """What proves to the browser who we are."""


@dataclass(frozen=True, slots=True)
class TicketOpensNothing:
    """It does not; the page says no more than that. `away`: the directory gives no answer."""

    away: bool = False


class TicketSignIn:
    """Starts sign-ins from a ticket."""

    def __init__(self, parts: Parts, start: SignInFlow) -> None:
        self._parts = parts
        self._start = start

    async def way_from(self, wanted: Wanted, visit: Visit) -> str:
        """Return where a ticket is asked for, from where this request comes; empty for nowhere.

        Never for changing methods: whoever sits at the computer has shown nothing just now.
        """
        configuration = await self._parts.rules.current(visit.now)
        taken = self._parts.tickets.taken_at(visit.address, configuration)
        if not taken or wanted.purpose != SIGN_IN:
            return ""
        return f"{KERBEROS}?to={quote(wanted.to, safe='/')}"

    async def start(
        self, written: str, wanted: Wanted, visit: Visit
    ) -> TicketTaken | TicketOpensNothing:
        """Judge a ticket as the browser wrote it. It can be neither guessed nor used twice."""
        judged = await self._parts.tickets.judge(written, visit.now)
        if isinstance(judged, TicketNotTaken):
            return await self._not_taken(judged, wanted, visit)
        if isinstance(judged, TicketUnanswered):
            _log.warning("ticket_not_judged", directory=judged.source)
            return TicketOpensNothing(away=True)
        configuration = await self._parts.rules.current(visit.now)
        return await self._parts.records.write(
            lambda unit: self._of_person(unit, judged, wanted, configuration, visit)
        )

    async def _not_taken(
        self, no: TicketNotTaken, wanted: Wanted, visit: Visit
    ) -> TicketOpensNothing:
        """Write what a genuine ticket came to; what anybody can send goes to the log alone."""
        _log.warning("ticket_not_taken", reason=no.reason, said=no.said, realm=no.realm)
        if not no.said:
            await self._parts.records.write(
                lambda unit: _refused(unit, no.reason, None, wanted, visit)
            )
        return TicketOpensNothing()

    async def _of_person(
        self,
        unit: Unit,
        whose: Whose,
        wanted: Wanted,
        configuration: Configuration,
        visit: Visit,
    ) -> TicketTaken | TicketOpensNothing:
        """Let the ticket stand for the password that its owner has bound from that directory."""
        account_id = await unit.people.by_external_id(whose.source, whose.external_id)
        standing = None
        if account_id is not None:
            standing = held(await unit.people.load(account_id, visit.browser), configuration)
        if standing is None:
            return await _refused(unit, "unknown", None, wanted, visit)
        account = standing.account
        if whose.refused or not account.usable:
            reason = whose.refused or "disabled"
            return await _refused(unit, reason, account.id, wanted, visit)
        passwords = [
            each.authenticator
            for each in usable(standing, AuthenticatorType.PASSWORD, visit.now)
            if each.authenticator.source == whose.source
        ]
        if not passwords:
            return await _refused(unit, "no_password", account.id, wanted, visit)
        claimed = canonical_identifier(account.user_name) or ""
        begun = replace(self._start.begin(wanted, visit, claimed=claimed), account_id=account.id)
        proof = Evidence(
            AuthenticatorType.PASSWORD,
            passwords[0].id,
            whose.at,
            SIGN_IN,
            stale=whose.stale,
            by_ticket=True,
        )
        risks = self._parts.risks
        state = await risks.recorded(unit, begun, proof, standing, visit, configuration)
        at = self._parts.finisher.look(state, standing, configuration, visit)
        concluded = await self._parts.finisher.conclude(unit, at, standing, visit)
        outcome = await self._start.keep(unit, concluded, standing, configuration, visit)
        return TicketTaken(outcome, whose.answer)


async def _refused(
    unit: Unit, reason: str, account_id: AccountId | None, wanted: Wanted, visit: Visit
) -> TicketOpensNothing:
    event = TicketRefused(**said(visit, account_id), reason=reason, app=wanted.app)
    await unit.audit.write(event)
    return TicketOpensNothing()
