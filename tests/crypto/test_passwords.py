import asyncio
import os
import sys
import threading
import unicodedata
from contextlib import ExitStack

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.lanes import Lane
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import (
    NICE,
    BrokenHashError,
    Busy,
    Parameters,
    PasswordHasher,
    TooLongError,
    parameters_of,
)

PASSWORD = Secret("Blåbärsgröt-på-fjället")


def foreign(password: bytes, *, memory: int, passes: int, lanes: int, length: int = 32) -> str:
    """Hash with another implementation and other parameters than ours."""
    work = Argon2id(
        salt=b"0123456789abcdef", length=length, iterations=passes, lanes=lanes, memory_cost=memory
    )
    return work.derive_phc_encoded(password)


async def test_a_password_matches_its_own_hash_and_no_other() -> None:
    hasher = PasswordHasher()
    phc = await hasher.hash(PASSWORD)
    assert phc.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hasher.verify(phc, PASSWORD)
    assert not await hasher.verify(phc, Secret("blåbärsgröt-på-fjället"))


async def test_the_same_password_never_gives_the_same_hash() -> None:
    hasher = PasswordHasher()
    assert await hasher.hash(PASSWORD) != await hasher.hash(PASSWORD)


async def test_a005_an_80_character_password_counts_to_its_last_character() -> None:
    hasher = PasswordHasher()
    right = "a" * 72 + "12345678"
    phc = await hasher.hash(Secret(right))
    assert await hasher.verify(phc, Secret(right))
    assert not await hasher.verify(phc, Secret("a" * 72 + "12345679"))
    assert not await hasher.verify(phc, Secret("a" * 72))


async def test_a005_nothing_is_cut_at_a_nul() -> None:
    hasher = PasswordHasher()
    phc = await hasher.hash(Secret("vinter\0-2026"))
    assert not await hasher.verify(phc, Secret("vinter\0-2027"))


async def test_a006_composed_and_decomposed_letters_are_the_same_password() -> None:
    hasher = PasswordHasher()
    phc = await hasher.hash(PASSWORD)
    decomposed = unicodedata.normalize("NFD", PASSWORD.open())
    assert decomposed != PASSWORD.open()
    assert await hasher.verify(phc, Secret(decomposed))


async def test_a006_look_alikes_of_nfkc_stay_different_passwords() -> None:
    hasher = PasswordHasher()
    phc = await hasher.hash(Secret("ﬁnland-ﬁnland-ﬁnland"))
    assert not await hasher.verify(phc, Secret("finland-finland-finland"))


@pytest.mark.parametrize(
    ("memory", "passes", "lanes", "length"),
    [(7168, 5, 1, 32), (65536, 3, 4, 32), (19456, 2, 2, 16), (19456, 2, 1, 64)],
)
async def test_hashes_made_elsewhere_are_verified(
    memory: int, passes: int, lanes: int, length: int
) -> None:
    hasher = PasswordHasher()
    phc = foreign(
        PASSWORD.open().encode(), memory=memory, passes=passes, lanes=lanes, length=length
    )
    assert await hasher.verify(phc, PASSWORD)
    assert not await hasher.verify(phc, Secret("fel"))
    assert hasher.needs_rehash(phc) == ((memory, passes, lanes) != (19456, 2, 1))


async def test_a_new_hash_needs_no_rehash() -> None:
    hasher = PasswordHasher()
    assert not hasher.needs_rehash(await hasher.hash(PASSWORD))


@pytest.mark.parametrize(
    "phc",
    [
        "",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$argon2i$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=16$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=262145,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=19456,t=17,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=19456,t=2,p=17$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=19456,t=2,p=0$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$t=2,m=19456,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 42 + "!",
        "$argon2id$v=19$m=19456,t=2,p=1$$" + "A" * 43,
        "$argon2id$v=19$m=١٩٤٥٦,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
        "$argon2id$v=19$m=19456,t=2,p=1,keyid=x$MDEyMzQ1Njc4OWFiY2RlZg$" + "A" * 43,
    ],
)
async def test_a_broken_or_absurd_hash_opens_nothing_and_costs_one_ordinary_hash(phc: str) -> None:
    hasher = PasswordHasher()
    with pytest.raises(BrokenHashError):
        parameters_of(phc)
    assert not await hasher.verify(phc, PASSWORD)
    assert hasher.calls == 1


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_of_hashes_crash(text: str) -> None:
    for phc in (text, f"$argon2id$v=19${text}", f"$argon2id$v=19$m=19456,t=2,p=1${text}"):
        try:
            assert isinstance(parameters_of(phc), Parameters)
        except BrokenHashError:
            continue


async def test_an_unknown_person_costs_as_many_hashes_as_a_known_one() -> None:
    known, unknown = PasswordHasher(), PasswordHasher()
    phc = await PasswordHasher().hash(PASSWORD)
    assert not await known.verify(phc, Secret("fel"))
    assert not await unknown.verify(None, Secret("fel"))
    assert known.calls == unknown.calls == 1


async def test_input_over_1024_bytes_is_refused_before_it_is_hashed() -> None:
    hasher = PasswordHasher()
    assert not await hasher.verify(None, Secret("å" * 512))
    with pytest.raises(TooLongError):
        await hasher.verify(None, Secret("å" * 512 + "x"))
    with pytest.raises(TooLongError):
        await hasher.hash(Secret("x" * 1025))
    assert hasher.calls == 1


async def test_a_lone_surrogate_is_a_wrong_password_and_not_a_crash() -> None:
    hasher = PasswordHasher()
    assert not await hasher.verify(None, Secret("\ud800"))


async def test_over_the_bound_the_answer_is_busy_at_once_and_nothing_is_hashed() -> None:
    hasher = PasswordHasher(threads=1, waiting=1)
    first = asyncio.create_task(hasher.verify(None, PASSWORD))
    second = asyncio.create_task(hasher.verify(None, PASSWORD))
    await asyncio.sleep(0)
    with pytest.raises(Busy) as caught:
        await hasher.verify(None, PASSWORD)
    assert caught.value.retry_after > 0
    assert hasher.calls == 2
    await asyncio.gather(first, second)
    assert not await hasher.verify(None, PASSWORD)  # the places are free again


async def test_a_storm_starts_no_more_threads_than_the_pool_has() -> None:
    before = _threads()  # what other tests' pools left idle
    hasher = PasswordHasher(threads=2, waiting=4)
    outcomes = await asyncio.gather(
        *(hasher.verify(None, PASSWORD) for _ in range(50)), return_exceptions=True
    )
    assert outcomes.count(False) == 5  # a quarter of the six places is kept for known browsers
    assert sum(isinstance(each, Busy) for each in outcomes) == 45
    assert _threads() <= before + 2


async def test_f54_strangers_leave_a_quarter_of_the_places_to_known_browsers() -> None:
    hasher = PasswordHasher(threads=2, waiting=6)
    crowd = [asyncio.create_task(hasher.verify(None, PASSWORD)) for _ in range(20)]
    await asyncio.sleep(0)
    assert not hasher.has_room(Lane.OTHER)
    assert hasher.has_room(Lane.KNOWN)
    assert hasher.under_way == 6
    known = await asyncio.gather(
        *(hasher.verify(None, PASSWORD, lane=Lane.KNOWN) for _ in range(2))
    )
    assert known == [False, False]
    outcomes = await asyncio.gather(*crowd, return_exceptions=True)
    assert outcomes.count(False) == 6
    assert hasher.under_way == 0


class Watch:
    """A clock that tests move on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def served(hasher: PasswordHasher, watch: Watch, line: list[tuple[str, Lane, float]]) -> str:
    """Have people come while the one thread is busy; return in which order they were served."""
    order: list[str] = []

    async def one(name: str, lane: Lane) -> None:
        await hasher.verify(None, PASSWORD, lane=lane)
        order.append(name)

    slow = foreign(b"x", memory=65536, passes=8, lanes=1)
    busy = asyncio.create_task(hasher.verify(slow, PASSWORD))
    await asyncio.sleep(0)
    tasks = []
    for name, lane, at in line:
        watch.seconds = at
        tasks.append(asyncio.create_task(one(name, lane)))
        await asyncio.sleep(0)
    await asyncio.gather(busy, *tasks)
    return "".join(order)


async def test_f54_known_browsers_are_served_before_strangers_who_came_before_them() -> None:
    watch = Watch()
    hasher = PasswordHasher(threads=1, waiting=9, clock=watch)
    line = [("a", Lane.OTHER, 0.1), ("b", Lane.OTHER, 0.2), ("C", Lane.KNOWN, 0.3)]
    assert await served(hasher, watch, [*line, ("D", Lane.KNOWN, 0.4)]) == "CDab"


async def test_f54_a_stranger_who_has_waited_a_second_is_overtaken_no_more() -> None:
    watch = Watch()
    hasher = PasswordHasher(threads=1, waiting=9, clock=watch)
    line = [("a", Lane.OTHER, 0.1), ("b", Lane.OTHER, 0.9), ("C", Lane.KNOWN, 1.2)]
    assert await served(hasher, watch, line) == "aCb"


async def test_f54_a_place_is_held_from_the_door_on_and_given_back_once() -> None:
    hasher = PasswordHasher(threads=1, waiting=3)
    with hasher.place(Lane.OTHER), hasher.place(Lane.OTHER), hasher.place(Lane.OTHER):
        assert hasher.under_way == 3
        assert not await hasher.verify(None, PASSWORD)
        assert hasher.under_way == 2
    assert hasher.under_way == 0
    assert hasher.calls == 1


async def test_f54_whoever_turns_out_to_be_a_stranger_needs_a_strangers_place() -> None:
    hasher = PasswordHasher(threads=1, waiting=3)
    with hasher.place(Lane.OTHER), hasher.place(Lane.OTHER), hasher.place(Lane.OTHER):
        with hasher.place(Lane.KNOWN), pytest.raises(Busy):
            hasher.stand_in(Lane.OTHER)
        assert hasher.under_way == 3
        with hasher.place(Lane.KNOWN):
            hasher.stand_in(Lane.KNOWN)
            assert not await hasher.verify(None, PASSWORD, lane=Lane.KNOWN)
    assert hasher.under_way == 0


async def test_a_quiet_hour_makes_the_line_no_shorter() -> None:
    watch = Watch()
    hasher = PasswordHasher(threads=2, waiting=30, clock=watch)
    for _ in range(40):
        with hasher.place(Lane.OTHER):
            watch.seconds += 0.5  # one at a time, and nobody waits
            await hasher.verify(None, PASSWORD)
    with ExitStack() as line:
        for _ in range(20):
            line.enter_context(hasher.place(Lane.OTHER))


async def test_a_second_hash_at_the_same_place_needs_a_place_of_its_own() -> None:
    hasher = PasswordHasher(threads=1, waiting=3)
    with hasher.place(Lane.OTHER):
        assert not await hasher.verify(None, PASSWORD)
        hasher.stand_in(Lane.KNOWN)  # there is no place left to move
        assert not await hasher.verify(None, PASSWORD)
        assert hasher.under_way == 0
    assert hasher.under_way == 0


async def test_when_the_pool_is_closed_whoever_stands_in_line_is_sent_home() -> None:
    hasher = PasswordHasher(threads=1, waiting=9)
    line = [asyncio.create_task(hasher.verify(None, PASSWORD)) for _ in range(4)]
    await asyncio.sleep(0)
    hasher.close()
    outcomes = await asyncio.gather(*line, return_exceptions=True)
    assert outcomes[0] is False
    assert all(isinstance(each, asyncio.CancelledError) for each in outcomes[2:])
    assert hasher.under_way == 0


class OutOfMemory(PasswordHasher):
    """Goes through the same pool and fails there."""

    async def verify(self, phc: str | None, secret: Secret, *, lane: Lane = Lane.OTHER) -> bool:
        del phc, secret

        def fails() -> bool:
            raise MemoryError

        return await self._run(fails, lane)


async def test_what_goes_wrong_in_a_thread_is_told_to_whoever_waits() -> None:
    hasher = OutOfMemory()
    with pytest.raises(MemoryError):
        await hasher.verify(None, PASSWORD)
    assert hasher.under_way == 0


def _threads() -> int:
    return sum(each.name.startswith("argon2") for each in threading.enumerate())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority")
async def test_f54_hashing_gives_way_to_everything_short() -> None:
    before = set(threading.enumerate())
    await PasswordHasher().verify(None, PASSWORD)
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    begun = [each for each in threading.enumerate() if each not in before]
    found = {os.getpriority(os.PRIO_PROCESS, each.native_id or 0) for each in begun}
    assert found == {min(mine + NICE, 19)}


async def test_a_request_that_goes_away_gives_its_place_back() -> None:
    hasher = PasswordHasher(threads=1, waiting=1)
    running = asyncio.create_task(hasher.verify(None, PASSWORD))
    waiting = asyncio.create_task(hasher.verify(None, PASSWORD))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    third = asyncio.create_task(hasher.verify(None, PASSWORD))
    assert [await running, await third] == [False, False]


async def test_the_loop_is_free_while_a_hash_is_made() -> None:
    hasher = PasswordHasher()
    turns = 0
    hashing = asyncio.create_task(hasher.hash(PASSWORD))
    while not hashing.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10
