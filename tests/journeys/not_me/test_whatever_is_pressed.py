"""Real links on real rows, in any order and at once: nothing is given, and nothing taken away."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random

from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.freezing import OF_PASSWORD, Change
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import SystemRandom
from portvakt.mail import Writer
from portvakt.proving.freezing import freeze
from portvakt.proving.notices import Notices
from portvakt.proving.visit import Visit
from portvakt.records.freezes import Link
from portvakt.texts import Texts
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.not_me.test_not_me import TOKEN, freezing, sent
from tests.journeys.set_up_mfa.people import with_app
from tests.world import ORIGIN, OUTSIDE, World

PEOPLE, PRESSES = 12, 5
HOUR = timedelta(hours=1)
KINDS = (
    AuthenticatorType.TOTP,
    AuthenticatorType.SMS_CODE,
    AuthenticatorType.RECOVERY_CODE,
    AuthenticatorType.PUSH,
)


def some_methods(chance: Random, world: World, account_id: AccountId) -> list[Authenticator]:
    """A password and up to six others, of any age and in any state; phones with their sign-in."""
    ages = [timedelta(days=9), *(chance.randrange(80) * HOUR for _ in range(chance.randrange(7)))]
    found: list[Authenticator] = []
    for number, age in enumerate(ages):
        kind = chance.choice(KINDS) if number else AuthenticatorType.PASSWORD
        one = make.bound(
            kind,
            id=AuthenticatorId(f"{account_id}-{number}"),
            account_id=account_id,
            state=chance.choice([AuthenticatorState.ACTIVE] * 4 + [*AuthenticatorState]),
            detail=f"+4670174{number:04}" if kind is AuthenticatorType.SMS_CODE else "",
            created_at=world.clock.at - age,
            changed_at=world.clock.at - age,
        )
        found.append(one)
        if kind is AuthenticatorType.PUSH:
            lock = AuthenticatorId(f"{one.id}-lock")
            more = AuthenticatorType.PHONE_SIGN_IN
            found.append(replace(one, id=lock, type=more, detail=one.id))
    return found


def notices_of(world: World) -> Notices:
    writer = Writer(texts=Texts.load(), organisation="Regionen", support_phone="")
    sealer = world.house.sealer
    return Notices(writer=writer, sealer=sealer, random=SystemRandom(), public_url=ORIGIN)


def a_visit(world: World) -> Visit:
    return Visit(
        now=world.clock.at,
        address=OUTSIDE,
        binding=b"b" * 32,
        browser=None,
        language="sv",
        request_id="walk",
        user_agent="",
    )


async def test_no_link_gives_or_takes_away_and_what_is_older_stays(open_world: Open) -> None:
    chance = Random(2029)  # noqa: S311  # chance that repeats is the point
    async with open_world() as world:
        notices, write = notices_of(world), world.house.records.write
        for number in range(PEOPLE):
            who = make.account(
                id=AccountId(f"p{number}"), external_id=f"{number}", user_name=f"p{number}"
            )
            methods = some_methods(chance, world, who.id)
            await world.person(who, password=None, bound=methods)
            links = [
                Link(who.id, chance.choice([*Change]), world.clock.at - chance.randrange(71) * HOUR)
                for _ in range(PRESSES)
            ]
            for n, link in enumerate(links):
                digest = lookup_hash(f"{number}-{n}")
                await write(lambda unit, d=digest, k=link: unit.freezes.put_link(d, k))
            for n in chance.sample(range(PRESSES), PRESSES):
                before = {each.id: each for each in (await world.standing(who)).authenticators}
                await press(world, notices, f"{number}-{n}")
                after = {each.id: each for each in (await world.standing(who)).authenticators}
                assert after.keys() == before.keys()
                disowned = (await freezing(world, who)).disowned
                assert disowned is not None
                new_password = any(
                    each.change in OF_PASSWORD and each.made >= disowned.since for each in links
                )
                for id_, now in after.items():
                    then = before[id_]
                    if then.state is not AuthenticatorState.ACTIVE:
                        assert now == then
                        continue
                    young = max(then.created_at, then.changed_at) >= disowned.since
                    password = then.type is AuthenticatorType.PASSWORD
                    aside = young or (password and new_password)
                    assert (now.state is AuthenticatorState.SUSPENDED) is aside


async def press(world: World, notices: Notices, token: str) -> Link | None:
    digest, visit = lookup_hash(token), a_visit(world)
    return await world.house.records.write(lambda unit: freeze(unit, notices, digest, visit))


async def test_of_eight_that_press_at_once_one_freezes(open_world: Open) -> None:
    async with open_world() as world:
        anna = await with_app(world)
        await sent(world, anna, Change.ADDED)
        notices = notices_of(world)
        done = await asyncio.gather(*(press(world, notices, TOKEN) for _ in range(8)))
        assert sum(each is not None for each in done) == 1
        assert (await world.events(anna)).count("account.frozen") == 1
        assert len(await world.outbox("mail")) == 1
