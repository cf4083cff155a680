"""Those in charge are warned when texts run short or nobody takes them: once, by one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from portvakt import mail
from portvakt.background_texts import TextWatch, watching_texts
from portvakt.crypto.randomness import SystemRandom
from portvakt.mail import Writer
from portvakt.proving.text_limits import TextLimits
from portvakt.records import Message, Records, Unit, open_records
from portvakt.texts import Texts
from tests.worker.office import SEALER, settings

WARNED = ("it@region.example", "jour@region.example")
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


class Post:
    """Records, a clock, and what the watch writes there."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self.records = records
        self.clock = clock

    def watch(self, per_day: int = 10) -> TextWatch:
        writer = Writer(texts=Texts.load(), organisation="Region Exempel", support_phone="")
        return TextWatch(
            records=self.records,
            sealer=SEALER,
            writer=writer,
            limits=TextLimits(per_day=per_day),
            warn=WARNED,
            random=SystemRandom(),
            clock=self.clock,
        )

    async def texts(self, count: int, *, dropped: bool = False) -> None:
        """Have so many more texts asked for now."""
        now = self.clock.at

        async def act(unit: Unit) -> None:
            for _ in range(count):
                id_ = SystemRandom().id()
                await unit.outbox.put(
                    Message(
                        id=id_,
                        channel="sms",
                        to="+46701740605",
                        body=b"sealed",
                        purpose="sign_in",
                        account_id=None,
                        created_at=now,
                        not_after=now + timedelta(minutes=5),
                        idempotency_key=id_,
                    )
                )
                if dropped:
                    await unit.outbox.dropped(id_, now, "status 402", taken=False)
                else:
                    await unit.outbox.handed_over(id_, now, "r")

        await self.records.write(act)

    async def events(self) -> list[tuple[str, object]]:
        found = await self.records.read(lambda unit: unit.audit.latest(100))
        return [(each.name, each.detail.get("room", each.detail.get("tried"))) for each in found][
            ::-1
        ]

    async def mails(self) -> list[tuple[str, str]]:
        """Take the mails that wait: to whom, and the subject."""
        lease = timedelta(minutes=1)

        async def act(unit: Unit) -> list[Message]:
            found = await unit.outbox.claim("mail", self.clock.at, 100, lease)
            for each in found:
                await unit.outbox.handed_over(each.id, self.clock.at, "r")
            return list(found)

        return [(each.to, self.read(each).subject) for each in await self.records.write(act)]

    @staticmethod
    def read(message: Message) -> mail.Letter:
        body = SEALER.open(message.body, table="outbox", column="body", row=message.id)
        return mail.from_body(body, to=message.to, key=message.id, at=message.created_at)


@asynccontextmanager
async def post(url: str) -> AsyncIterator[Post]:
    clock = Clock()
    records = await open_records(url, clock=clock)
    try:
        yield Post(records, clock)
    finally:
        await records.close()


async def test_each_step_of_a_day_that_runs_short_is_told_of_once(database_url: str) -> None:
    async with post(database_url) as here:
        watch = here.watch()
        await here.texts(7)
        await watch.look()
        assert await here.events() == []
        told = []
        for more in (1, 0, 1, 1, 3):
            await here.texts(more)
            await watch.look()
            told += await here.mails()
        assert await here.events() == [
            ("alarm.texts_run_short", "scarce"),
            ("alarm.texts_run_short", "kept"),
            ("alarm.texts_run_short", "none"),
        ]
        assert sorted(told) == sorted(
            (to, subject)
            for to in WARNED
            for subject in (
                "Dagens sms börjar ta slut",
                "Dagens sms är snart slut",
                "Dagens sms är slut",
            )
        )
        here.clock.at += timedelta(days=1)
        await here.texts(9)
        await watch.look()
        assert (await here.events())[3:] == [("alarm.texts_run_short", "kept")]


async def test_f39_a_gateway_that_takes_nothing_is_told_of_once_an_hour(database_url: str) -> None:
    async with post(database_url) as here:
        watch = here.watch(per_day=1_000)
        await here.texts(2, dropped=True)
        await watch.look()
        assert await here.events() == []
        await here.texts(3, dropped=True)
        for _ in range(3):
            await watch.look()
        assert await here.events() == [("alarm.texts_not_taken", 5)]
        assert len(await here.mails()) == len(WARNED)
        here.clock.at += timedelta(hours=1)
        await here.texts(4, dropped=True)
        await watch.look()
        assert len(await here.events()) == 2
        await here.texts(1)
        here.clock.at += timedelta(hours=1)
        await watch.look()
        assert len(await here.events()) == 2


async def test_of_two_processes_that_look_at_once_one_tells(database_url: str) -> None:
    async with post(database_url) as here:
        await here.texts(8)
        await asyncio.gather(*(here.watch().look() for _ in range(6)))
        assert await here.events() == [("alarm.texts_run_short", "scarce")]
        assert len(await here.mails()) == len(WARNED)


async def test_where_no_texts_are_sent_nobody_looks(database_url: str) -> None:
    async with post(database_url) as here:
        for gateways, steps in (((), 0), (("http://127.0.0.1:9/",), 1)):
            found = settings(database_url, *gateways)
            async with watching_texts(found, here.records, SEALER, here.clock) as watch:
                assert len(watch) == steps
