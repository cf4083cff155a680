"""Second ways that come from elsewhere: people who stand up, and the same number a day later."""

from portvakt.core.password_reset import ask_people, wait
from portvakt.core.reset_events import ResetAskedOften, ResetPeopleAsked, ResetSlowBegun
from portvakt.core.reset_proofs import SLOW
from portvakt.core.throttle import LIMITS
from portvakt.core.vouchers import Sort, sort_of
from portvakt.journeys.reset_password.outcomes import GoOn, Later, Scene, Waits
from portvakt.mail import Notice, What
from portvakt.proving.after_new_password import tell_everywhere
from portvakt.proving.notices import Notices
from portvakt.proving.visit import said, visitor
from portvakt.records.unit import Unit


async def ask_for_people(unit: Unit, scene: Scene, notices: Notices) -> GoOn | Later:
    """Ask people to stand up, and tell the manager that somebody does."""
    visit, standing = scene.visit, scene.standing
    state = ask_people(scene.state, scene.facts, visit.now, ways=scene.ways)
    if state is None or standing is None or scene.facts is None:
        return GoOn(scene.state.id)
    later = await count_asking(unit, scene)
    if later is not None:
        return later
    if not await unit.resets.save(state):
        return GoOn(state.id)
    sorts, account = scene.facts.sorts, standing.account
    event = ResetPeopleAsked(**said(visit, account.id), goal=state.goal, sorts=tuple(sorted(sorts)))
    await unit.audit.write(event)
    for each in await unit.vouches.could_stand_up(account.id):
        if sort_of(account, each) is Sort.MANAGER:
            await notices.tell(unit, each, What(notice=Notice.VOUCH_ASKED), visit)
    return GoOn(state.id)


async def begin_slow_way(unit: Unit, scene: Scene, notices: Notices) -> GoOn | Waits:
    """Begin the wait of a day, and tell every channel, so that the owner can say no."""
    visit, standing = scene.visit, scene.standing
    state = wait(scene.state, scene.facts, visit.now, ways=scene.ways)
    if state is None or standing is None or not await unit.resets.save(state):
        return GoOn(scene.state.id)
    told = said(visit, standing.account.id)
    await unit.audit.write(ResetSlowBegun(**told, goal=state.goal, until=visit.now + SLOW))
    await tell_everywhere(
        unit, notices, standing, Notice.RESET_LATER, "reset_later", visitor(visit)
    )
    return Waits(state.id)


async def count_asking(unit: Unit, scene: Scene) -> Later | None:
    """Count what others would be troubled by, within a budget of its own (A082)."""
    visit = scene.visit
    subject, kind, familiarity = scene.asked_tally
    count = await unit.attempts.count(subject, kind, familiarity, LIMITS[kind], visit.now)
    until = count.stopped_until
    if count.allowed and until is not None:
        account_id = scene.state.account_id
        await unit.audit.write(
            ResetAskedOften(**said(visit, account_id), goal=scene.state.goal, until=until)
        )
    return None if count.allowed else Later(until or visit.now)
