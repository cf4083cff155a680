"""Reads a state file, compares it with what is stored, and makes the difference true.

Everything in one transaction: a file is applied whole or not at all.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from portvakt.core.directory_diff import BRAKE_LEAST, BRAKE_PER_CENT, Brake, ChangeKind
from portvakt.core.events import ProtectionLowered
from portvakt.core.ids import ClientId, GroupId, NetworkId, RuleId
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer
from portvakt.journeys.apply_state.checks import Surroundings, check
from portvakt.journeys.apply_state.document import State
from portvakt.journeys.apply_state.left_out import LeftOut, left_out
from portvakt.journeys.apply_state.people import (
    PeoplePlan,
    StoredPeople,
    plan_people,
    read_people,
)
from portvakt.journeys.apply_state.plan import (
    OWNER,
    ConfigurationPlan,
    Step,
    plan_configuration,
)
from portvakt.journeys.apply_state.rules import people_in
from portvakt.journeys.apply_state.versions import change_events, keep_version
from portvakt.journeys.apply_state.weaker import weaker
from portvakt.journeys.apply_state.write import Writing, write_people
from portvakt.proving.notices import Notices
from portvakt.records import Configuration, Records, Unit
from portvakt.strict_toml import BrokenDocumentError, Problem, Problems, fill, read

LARGEST = 50_000_000
"""Bytes of a file: 100,000 people with their password hashes are half of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the operator wants of this run."""

    now: datetime
    actor: str
    allowed_prefixes: tuple[str, ...]
    country: str
    prune: bool = False
    dry_run: bool = False
    override_brake: bool = False
    allow_weaker: bool = False
    allow_left_out: bool = False
    brake_least: int = BRAKE_LEAST
    brake_per_cent: float = BRAKE_PER_CENT
    own_hosts: frozenset[str] = frozenset()
    """The names that we answer at ourselves."""
    reason: str = ""
    """Why, for whoever looks at the versions of the rules."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The outcome. What `stopped` it left everything as it was, unless somebody said to go on."""

    steps: tuple[Step, ...]
    kept: tuple[Step, ...]
    """What files own and this one lacks, which stays without `--prune`."""
    unchanged: int
    brake: Brake | None
    emptied: tuple[str, ...]
    warnings: tuple[Problem, ...]
    notes: tuple[str, ...]
    weaker: tuple[str, ...] = ()
    """In what way people would get in with less than before."""
    left_out: LeftOut | None = None
    """Who would have nothing left that they may use."""

    def stopped(self, orders: Orders) -> bool:
        """Whether somebody must say that this is meant, and has not."""
        braked = self.brake is not None or bool(self.emptied)
        return (
            (braked and not orders.override_brake)
            or (bool(self.weaker) and not orders.allow_weaker)
            or (self.left_out is not None and not orders.allow_left_out)
        )


@dataclass(frozen=True, slots=True)
class ApplyState:
    """Applies one file."""

    records: Records
    random: Random
    sealer: Sealer
    notices: Notices

    async def run(self, file: Path, orders: Orders) -> Applied:
        """Make what is stored match the file.

        Raises `BrokenDocumentError` with every problem, before anything is changed.
        """
        table, problems = read(file, LARGEST)
        if problems.found:
            raise BrokenDocumentError(str(file), problems.errors)
        state = fill(State, table, problems) or State()
        problems.settle()
        found = await left_out(self.records, state, orders.now, prune=orders.prune)

        async def act(unit: Unit) -> Applied:
            # a second run of the act must not find the problems of the first
            fresh = replace(problems, found=list(problems.found))
            await unit.turn("apply")
            return await self._apply(unit, file, state, orders, fresh, found)

        async def look(unit: Unit) -> Applied:
            fresh = replace(problems, found=list(problems.found))
            return await self._apply(unit, file, state, orders, fresh, found)

        if orders.dry_run:
            return await self.records.read(look)
        return await self.records.write(act)

    async def _apply(
        self,
        unit: Unit,
        file: Path,
        state: State,
        orders: Orders,
        problems: Problems,
        without: LeftOut | None,
    ) -> Applied:
        stored = await unit.configuration.load()
        around = replace(
            _around(file, stored, orders), people=await unit.configuration.whose(people_in(state))
        )
        judged = check(state, around, problems)
        people = await read_people(unit, state)
        configuration = plan_configuration(state, judged, stored, problems)
        plan = plan_people(
            state,
            judged,
            people,
            problems,
            prune=orders.prune,
            brake_least=orders.brake_least,
            brake_per_cent=orders.brake_per_cent,
        )
        await _see_that_one_administers(unit, state, plan, people, problems)
        if problems.errors:
            raise BrokenDocumentError(str(file), problems.errors)
        less = weaker(stored, configuration, prune=orders.prune)
        applied = _outcome(configuration, plan, state, orders, problems)
        applied = replace(applied, weaker=less, left_out=without)
        if not orders.dry_run and not applied.stopped(orders):
            await unit.icons.put(judged.icons.values())
            await self._write(unit, configuration, plan, people, orders)
            after = await _keep_what_is_shown(unit)
            await keep_version(
                unit, stored, after, now=orders.now, actor=orders.actor, reason=orders.reason
            )
            if less:
                await unit.audit.write(
                    ProtectionLowered(at=orders.now, actor=orders.actor, what=less)
                )
        return applied

    async def _write(
        self,
        unit: Unit,
        configuration: ConfigurationPlan,
        plan: PeoplePlan,
        people: StoredPeople,
        orders: Orders,
    ) -> None:
        rows = unit.configuration
        await rows.put_groups(configuration.groups.put, OWNER)
        await rows.put_networks(configuration.networks.put, OWNER)
        await rows.put_apps(configuration.apps.put, OWNER)
        await rows.put_links(configuration.links.put, OWNER)
        await rows.put_collections(configuration.collections.put, OWNER)
        writing = Writing(
            now=orders.now,
            actor=orders.actor,
            random=self.random,
            sealer=self.sealer,
            notices=self.notices,
        )
        await write_people(unit, plan, people, writing)
        await rows.put_rules(configuration.rules.put, OWNER)
        await rows.put_methods(configuration.methods.put, OWNER)
        if orders.prune:
            await _prune(unit, configuration, orders.now)
        steps = [step for part in configuration.parts.values() for step in part.steps]
        if orders.prune:
            steps += _absent(configuration)
        await unit.audit.write_many(change_events(steps, orders.now, orders.actor))


async def _see_that_one_administers(
    unit: Unit, state: State, plan: PeoplePlan, people: StoredPeople, problems: Problems
) -> None:
    """Note a problem where nobody would administer any more (A087)."""
    going = {
        people.mine[each.after.external_id].id: each.after.external_id
        for each in plan.changes
        if each.kind is ChangeKind.DISABLED
    }
    listed = {each.id: at for at, each in enumerate(state.people)}
    for account_id in sorted(await unit.administrators.last_among(going)):
        id_ = going[account_id]
        path = ("people", listed[id_]) if id_ in listed else ()
        problems.add(path, f"{id_} is the last administrator: first make somebody else one")


async def _prune(unit: Unit, plan: ConfigurationPlan, now: datetime) -> None:
    """Remove what files own and this one lacks; what others build on goes last."""
    rows = unit.configuration
    await rows.remove_collections(plan.collections.absent, OWNER)
    await rows.remove_links([ClientId(each) for each in plan.links.absent], OWNER)
    await rows.remove_methods(plan.methods.absent, OWNER)
    await rows.remove_rules([RuleId(each) for each in plan.rules.absent], OWNER)
    apps = [ClientId(each) for each in plan.apps.absent]
    await rows.remove_apps(apps, OWNER)
    if apps:
        await unit.grants.revoke_of_apps(apps, now)
        await unit.consents.forget_apps(apps)
    await rows.remove_networks([NetworkId(each) for each in plan.networks.absent], OWNER)
    await rows.remove_groups([GroupId(each) for each in plan.groups.absent], OWNER)


async def _keep_what_is_shown(unit: Unit) -> Configuration:
    """Remove the pictures of tiles that are gone or have another one now; return what is stored."""
    now = await unit.configuration.load()
    named = [*(each.icon for each in now.apps), *(each.icon for each in now.links)]
    await unit.icons.keep_only({each for each in named if each is not None})
    return now


def _around(file: Path, stored: Configuration, orders: Orders) -> Surroundings:
    return Surroundings(
        folder=file.parent,
        allowed_prefixes=orders.allowed_prefixes,
        country=orders.country,
        groups=stored.groups,
        networks={each.id for each in stored.networks},
        apps={each.client_id for each in stored.apps},
        apps_with_secret={each.client_id for each in stored.apps if each.secret_hash is not None},
        links={each.id for each in stored.links},
        rules=stored.rules,
        hosts={host: each.client_id for host, each in stored.by_host.items()},
        own_hosts=orders.own_hosts,
    )


def _absent(configuration: ConfigurationPlan) -> list[Step]:
    return [
        Step(kind, id_, "removed")
        for kind, part in configuration.parts.items()
        for id_ in part.absent
    ]


def _outcome(
    configuration: ConfigurationPlan,
    plan: PeoplePlan,
    state: State,
    orders: Orders,
    problems: Problems,
) -> Applied:
    steps = [step for part in configuration.parts.values() for step in part.steps]
    absent = _absent(configuration)
    kept: list[Step] = []
    if orders.prune:
        steps += absent
    else:
        gone = [Step("person", each.external_id, "disabled") for each in plan.absent]
        kept = absent + gone
    listed = _listed(state)
    touched = {(each.kind, each.id) for each in (*steps, *plan.steps)}
    return Applied(
        steps=(*steps, *plan.steps),
        kept=tuple(kept),
        unchanged=len(listed - touched),
        brake=plan.brake,
        emptied=tuple(
            kind for kind, part in configuration.parts.items() if orders.prune and part.emptied
        ),
        warnings=problems.warnings,
        notes=plan.notes,
    )


def _listed(state: State) -> set[tuple[str, str]]:
    """Name everything in a file."""
    return (
        {("group", each.id) for each in state.groups}
        | {("network", each.id) for each in state.networks}
        | {("rule", each.id) for each in state.rules}
        | {("app", each.client_id) for each in state.apps}
        | {("link", each.id) for each in state.links}
        | {("collection", each.id) for each in state.collections}
        | {("methods", each.id) for each in state.methods}
        | {("person", each.id) for each in state.people}
    )
