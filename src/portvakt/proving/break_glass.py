"""Each use of a break-glass account, and each try, is told of in the act that it happens in."""

from collections.abc import Iterable
from datetime import datetime

from portvakt.core.assurance import Evidence
from portvakt.core.break_glass_events import BreakGlassRefused, BreakGlassUsed
from portvakt.proving.notices import Notices
from portvakt.proving.visit import Visit, said
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit


async def tell_of_use(
    unit: Unit,
    notices: Notices,
    standing: Standing,
    evidence: Iterable[Evidence],
    visit: Visit,
) -> None:
    """Write and tell everybody in charge, in the caller's act, that one was used, if it is one."""
    if not standing.account.break_glass:
        return
    name = standing.account.user_name
    shown = {each.authenticator_id for each in evidence}
    labels = [each.label for each in standing.authenticators if each.id in shown]
    told = said(visit, standing.account.id)
    await unit.audit.write(BreakGlassUsed(**told, called=name, key=", ".join(labels)))
    await tell_those_in_charge(
        unit, notices, "break_glass_used", visit.now, name=name, address=visit.address or "?"
    )


async def tell_of_refusal(unit: Unit, standing: Standing, why: str, visit: Visit) -> None:
    """Write, in the caller's act, that a key of one of these opened nothing."""
    account = standing.account
    told = said(visit, account.id)
    await unit.audit.write(BreakGlassRefused(**told, called=account.user_name, why=why))


async def tell_those_in_charge(
    unit: Unit, notices: Notices, what: str, at: datetime, **values: object
) -> None:
    """Queue a mail to each administrator, and to each address of `[break_glass] alarm`."""
    found = [await unit.people.load(each) for each in sorted(await unit.administrators.all())]
    accounts = [each.account for each in found if each is not None]
    await notices.alarm(unit, what, at, accounts, **values)
