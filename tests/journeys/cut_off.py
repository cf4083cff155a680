"""What the background does for writes that were cut off, in the process of a test."""

from datetime import timedelta

from portvakt.core.password_reset import Reset
from portvakt.crypto.randomness import SystemRandom
from portvakt.directories import KeepsPasswords
from portvakt.mail import Writer
from portvakt.proving.directory_passwords import DirectoryPasswords
from portvakt.proving.notices import Notices
from portvakt.proving.password_homes import Homes
from portvakt.proving.password_reading_back import ReadingBack
from portvakt.texts import Texts
from tests.world import ORIGIN, World


async def tell(_name: str, _why: str | None) -> None:
    """Nobody is told here."""


def reading(world: World, **directories: KeepsPasswords) -> ReadingBack:
    house = world.house
    known = DirectoryPasswords(directories, tell=tell)
    writer = Writer(texts=Texts.load(), organisation="Regionen", support_phone="")
    return ReadingBack(
        records=house.records,
        homes=Homes(hasher=house.hasher, directories=known),
        directories=known,
        notices=Notices(
            writer=writer, sealer=house.sealer, random=SystemRandom(), public_url=ORIGIN
        ),
        clock=world.clock,
    )


async def left(world: World) -> list[Reset]:
    before = world.clock.at + timedelta(seconds=1)
    return await world.house.records.read(lambda unit: unit.resets.unsettled(before))
