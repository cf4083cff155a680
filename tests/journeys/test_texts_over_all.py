"""Limits on texts over everybody: addresses, prefixes, ranges and the day, on both databases."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from portvakt import plugins
from portvakt.core.authenticators import Authenticator
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.people import Account
from portvakt.crypto.randomness import SystemRandom
from portvakt.proving.ask import CodeSender, CodeSent
from portvakt.proving.rules import Rules
from portvakt.proving.text_limits import NotYet, TextLimiter, TextLimits
from portvakt.proving.visit import Visit
from portvakt.records import Message, Unit
from portvakt.records.standing import Bound, Standing
from portvakt.sms import CodeText
from portvakt.texts import Texts
from tests import make
from tests.conformance.tools import tools
from tests.journeys.conftest import Open
from tests.world import INSIDE, World

HOSPITAL = "192.0.2.7"
PROVEN, STRANGER = True, False


@dataclass
class Desk:
    """Asks for texts as sign-in and registration do."""

    world: World
    sender: CodeSender
    rules: Rules

    async def person(self, n: int, *, app: bool = False, work: str = "") -> Standing:
        """Store somebody with a phone for texts."""
        id_ = AccountId(f"person{n}")
        account: Account = make.account(id=id_, user_name=f"person.{n}", external_id=f"{n:06}")
        phone = replace(
            make.bound(make.SMS_CODE, account_id=id_, detail=work or f"+46701{n:06}"),
            id=AuthenticatorId(f"phone{n}"),
            source="hr" if work else "self",
        )
        await self.world.person(account, password=None, bound=[phone])
        more = [make.bound(make.TOTP, account_id=id_)] if app else []
        return Standing(
            account, (Bound(phone), *(Bound(each) for each in more)), known_browser=False
        )

    async def ask(
        self,
        who: Standing,
        *,
        known: bool = False,
        proven: bool = PROVEN,
        address: str = HOSPITAL,
        purpose: str = "sign_in",
        number: str = "",
    ) -> CodeSent | NotYet:
        """Ask for a code: to the person's phone, or to a number that is being registered."""
        flow = SystemRandom().id()
        visit = Visit(
            now=self.world.clock.at,
            address=address,
            binding=b"b" * 32,
            browser=b"w" * 32,
            language="sv",
            request_id="r",
            user_agent="test",
        )
        phone: Authenticator = who.bound[0].authenticator
        if number:
            phone = replace(phone, detail=number)
        standing = Standing(who.account, who.bound, known_browser=known)
        return await self.world.house.records.write(
            lambda unit: self.sender.send(
                unit,
                flow=flow,
                purpose=purpose,
                standing=standing,
                authenticator=phone,
                visit=visit,
                proven=proven,
            )
        )

    async def sent_before(self, count: int, *, purpose: str = "sign_in", state: str = "") -> None:
        """Have so many texts in the outbox, asked for a minute ago."""
        at = self.world.clock.at - timedelta(minutes=1)

        async def act(unit: Unit) -> None:
            for n in range(count):
                id_ = SystemRandom().id()
                await unit.outbox.put(
                    Message(
                        id=id_,
                        channel="sms",
                        to=f"+46730{n:06}",
                        body=b"sealed",
                        purpose=purpose,
                        account_id=None,
                        address=None,
                        created_at=at,
                        not_after=at + timedelta(minutes=5),
                        idempotency_key=id_,
                    )
                )
                if state == "dropped":
                    await unit.outbox.dropped(id_, at, "status 402", taken=False)

        await self.world.house.records.write(act)


@asynccontextmanager
async def desk(open_world: Open, **limits: object) -> AsyncIterator[Desk]:
    async with open_world() as world:
        yield desk_in(world, **limits)


def desk_in(world: World, **limits: object) -> Desk:
    """One more process, as far as texts are concerned."""
    chosen = TextLimits(**limits)  # type: ignore[arg-type]  # checked by its users
    rules = Rules(world.house.records, chosen)
    sender = CodeSender(
        method=plugins.open_adapter("portvakt.methods", "sms_code", {}, tools()),
        random=SystemRandom(),
        sealer=world.house.sealer,
        text=CodeText(texts=Texts.load(), organisation="Region Exempel", host="login.example"),
        limiter=TextLimiter(chosen),
        rules=rules,
    )
    return Desk(world, sender, rules)


def sent_of(outcomes: Iterable[CodeSent | NotYet]) -> int:
    return sum(isinstance(each, CodeSent) for each in outcomes)


@pytest.mark.parametrize("proven", [PROVEN, STRANGER])
async def test_a024_of_a_hundred_asked_for_from_one_address_thirty_go_and_others_still_get_theirs(
    open_world: Open, *, proven: bool
) -> None:
    async with desk(open_world) as here:
        people = [await here.person(n) for n in range(101)]
        asked = [await here.ask(each, proven=proven) for each in people[:100]]
        assert sent_of(asked) == 30
        assert all(isinstance(each, CodeSent) for each in asked[:30])
        assert (await here.world.events()).count("alarm.texts_stopped") == 1
        assert sent_of([await here.ask(people[100], proven=proven, address="198.51.100.9")]) == 1
        here.world.clock.move(hours=1)
        assert sent_of([await here.ask(people[99], proven=proven)]) == 1


async def test_a024_three_hundred_known_browsers_of_a_hospital_are_not_shut_out(
    open_world: Open,
) -> None:
    async with desk(open_world) as here:
        strangers = [await here.person(n) for n in range(31)]
        assert sent_of([await here.ask(each, proven=STRANGER) for each in strangers]) == 30
        staff = [await here.person(n) for n in range(100, 400)]
        assert sent_of([await here.ask(each, known=True) for each in staff]) == 300


async def test_a024_on_the_first_day_a_hospitals_new_browsers_have_room_on_its_own_network(
    open_world: Open,
) -> None:
    async with desk(open_world, per_address=3, per_address_inside=8) as here:
        await here.world.configure([], [make.network()])
        await here.rules.current(here.world.clock.at)
        people = [await here.person(n) for n in range(10)]
        inside = INSIDE
        assert here.rules.is_inside(inside)
        assert sent_of([await here.ask(each, address=inside) for each in people]) == 8


async def test_a024_a_prefix_abroad_has_a_share_of_its_own_however_many_numbers_are_tried(
    open_world: Open,
) -> None:
    async with desk(open_world, per_prefix={"+47": 3}) as here:
        people = [await here.person(n) for n in range(6)]
        abroad = [
            await here.ask(each, known=True, number=f"+4740612{n:03}")
            for n, each in enumerate(people)
        ]
        assert sent_of(abroad) == 3
        assert isinstance(abroad[3], NotYet)
        assert abroad[3].why == "day"
        assert (await here.world.events()).count("alarm.texts_stopped") == 1
        assert sent_of([await here.ask(people[4], known=True)]) == 1
        here.world.clock.move(days=1)
        assert sent_of([await here.ask(people[5], known=True, number="+4740612005")]) == 1


async def test_a024_new_numbers_side_by_side_are_stopped_and_work_phones_side_by_side_are_not(
    open_world: Open,
) -> None:
    async with desk(open_world, per_address=1_000) as here:
        people = [await here.person(n) for n in range(33)]
        bought = [
            await here.ask(each, purpose="bind", number=f"+4673999{n:04}")
            for n, each in enumerate(people)
        ]
        assert sent_of(bought) == 30
        assert (await here.world.events()).count("alarm.texts_stopped") == 1
        scattered = await here.ask(people[31], purpose="bind", number="+46739880001")
        assert isinstance(scattered, CodeSent)
        staff = [await here.person(n, work=f"+4673999{n:04}") for n in range(100, 140)]
        assert sent_of([await here.ask(each, purpose="bind") for each in staff]) == 40


async def test_a024_at_the_days_cap_people_with_another_way_stop_first_and_nobody_passes_it(
    open_world: Open,
) -> None:
    async with desk(open_world, per_day=20) as here:
        await here.sent_before(17)
        both, only = await here.person(1, app=True), await here.person(2)
        others = [await here.person(n) for n in range(3, 6)]
        assert sent_of([await here.ask(both, known=True)]) == 1  # the eighteenth
        here.world.clock.move(seconds=31)
        moved = await here.ask(both, known=True)
        assert isinstance(moved, NotYet)
        assert moved.why == "day"
        assert moved.at.isoformat() == "2026-11-22T23:00:00+00:00"
        assert sent_of([await here.ask(each, known=True) for each in (only, *others)]) == 2
        here.world.clock.at = moved.at
        assert sent_of([await here.ask(both, known=True)]) == 1


async def test_a024_strangers_can_use_up_a_fifth_of_the_day_and_the_rest_goes_on(
    open_world: Open,
) -> None:
    async with desk(open_world, per_day=50, per_address=1_000) as here:
        people = [await here.person(n) for n in range(12)]
        asked = [await here.ask(each, proven=STRANGER) for each in people]
        assert sent_of(asked) == 10
        assert sent_of([await here.ask(each, known=True) for each in people]) == 12


async def test_a024_two_processes_that_race_at_the_cap_do_not_pass_it(open_world: Open) -> None:
    async with desk(open_world, per_day=20) as here:
        other = desk_in(here.world, per_day=20)
        await here.sent_before(12)
        people = [await here.person(n) for n in range(24)]
        asked = await asyncio.gather(
            *((here, other)[n % 2].ask(each, known=True) for n, each in enumerate(people))
        )
        assert sent_of(asked) == 8
        assert Counter(each.why for each in asked if isinstance(each, NotYet)) == {"day": 16}


async def test_a_large_day_is_counted_once_a_second_while_half_of_it_is_left(
    open_world: Open,
) -> None:
    async with desk(open_world, per_day=10_000) as here:
        people = [await here.person(n) for n in range(3)]
        assert sent_of([await here.ask(people[0], known=True)]) == 1
        known = here.sender._limiter._known  # noqa: SLF001  # what saves the counting
        assert known is not None
        assert sent_of([await here.ask(people[1], known=True)]) == 1
        assert here.sender._limiter._known is known  # noqa: SLF001
        here.world.clock.move(seconds=1)
        assert sent_of([await here.ask(people[2], known=True)]) == 1
        assert here.sender._limiter._known is not known  # noqa: SLF001


@pytest.mark.parametrize("state", ["", "dropped"])
async def test_f39_where_no_gateway_takes_texts_other_ways_are_asked_for_first(
    open_world: Open, state: str
) -> None:
    async with desk(open_world) as here:
        await here.sent_before(5, state=state)
        found = await here.rules.current(here.world.clock.at)
        assert (found.texts.name == "SCARCE") is bool(state)
        here.world.clock.move(minutes=11)
        assert (await here.rules.current(here.world.clock.at)).texts.name == "PLENTY"
