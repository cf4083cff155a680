"""What the numbers say is what happened."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from portvakt import stored_numbers
from portvakt.core.events import ProtectedSeen
from portvakt.core.secret import Secret
from portvakt.crypto.certificates import read_pem_certificate
from portvakt.crypto.passwords import Busy, PasswordHasher
from portvakt.metrics import Metrics
from portvakt.records import Act, Message, Unit, open_records
from portvakt.settings.structs import Server
from portvakt.stored_numbers import KEPT, OUTBOX, StoredNumbers
from tests import make
from tests.bad_days.processes import free_port
from tests.journeys.sign_in.region import SECRET, app_code, failures
from tests.metrics.scrape import Scrape, ask, measured_world, scrape
from tests.servers.authority import Authority
from tests.world import INSIDE, OUTSIDE, World


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the records at every scrape."""
    monkeypatch.setattr(stored_numbers, "KEPT", -1.0)


async def test_a_sign_in_is_counted_by_what_was_shown(tmp_path: Path, sqlite_url: str) -> None:
    async with measured_world(tmp_path, sqlite_url) as world:
        await world.person(totp=SECRET)
        async with world.browser(INSIDE) as browser:
            await failures(browser, 2)
            assert (await browser.sign_in()).path == "/apps"
        async with world.browser(OUTSIDE) as browser:
            await browser.sign_in()
            await browser.submit({"code": app_code(world)})
            assert browser.page.path == "/apps"
        told = await scrape(world)
    name = "portvakt_sign_ins_total"
    assert told.value(name, outcome="failed", method="password") == 2
    assert told.value(name, outcome="succeeded", method="password") == 1
    assert told.value(name, outcome="succeeded", method="password+totp") == 1
    assert told.value(name, outcome="failed", method="totp") == 0
    assert told.value("portvakt_events_total", event="authentication.succeeded") == 2
    for place, times in {"inside": 1, "outside": 1, "unknown": 0}.items():
        assert told.value("portvakt_sign_in_places_total", place=place) == times
    assert told.value("portvakt_hashes_total") >= 4


async def test_a_stop_is_counted(tmp_path: Path, sqlite_url: str) -> None:
    async with measured_world(tmp_path, sqlite_url) as world, world.browser(OUTSIDE) as browser:
        await world.person()
        await failures(browser, 12)
        told = await scrape(world)
    assert told.value("portvakt_sign_ins_total", outcome="locked", method="password") == 1


async def test_what_was_amiss_is_counted_by_its_name(tmp_path: Path, sqlite_url: str) -> None:
    async with measured_world(tmp_path, sqlite_url) as world, world.browser(INSIDE) as browser:
        await world.person()
        async with world.browser("198.51.100.7") as stranger:
            await failures(stranger, 10)
        assert (await browser.sign_in()).path == "/apps"
        told = await scrape(world)
    assert told.value("portvakt_risks_total", risk="guessing") == 1
    assert told.value("portvakt_risks_total", risk="spray") == 0


async def test_no_number_names_a_person(tmp_path: Path, sqlite_url: str) -> None:
    async with measured_world(tmp_path, sqlite_url) as world, world.browser(OUTSIDE) as browser:
        account = await world.person(totp=SECRET)
        await browser.sign_in()
        flow = browser.page.path.rpartition("/")[2]
        await browser.submit({"code": app_code(world)})
        await browser.get("/apps?who=anna.berg")
        told = await scrape(world)
    for each in (account.id, account.user_name, account.external_id, "anna", flow, OUTSIDE):
        assert each not in told.text
    assert told.value(
        "portvakt_request_seconds_count", route="/sign-in/{flow}", method="POST", status="3xx"
    )


async def test_what_is_undone_is_not_counted(tmp_path: Path, sqlite_url: str) -> None:
    async with measured_world(tmp_path, sqlite_url) as world:
        seen = ProtectedSeen(at=world.clock.at, command="people", people=1)

        async def fails(unit: Unit) -> None:
            await unit.audit.write(seen)
            raise ValueError("undo it")

        async def works(unit: Unit) -> None:
            await unit.audit.write_many([seen, seen])

        with suppress(ValueError):
            await world.house.records.write(fails)
        await world.house.records.write(works)
        await world.house.records.write(lambda unit: unit.meta.set("a", "b"))
        told = await scrape(world)
    assert told.value("portvakt_events_total", event=seen.name) == 2


async def test_routes_are_named_by_their_pattern_and_strangers_add_none(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with measured_world(tmp_path, sqlite_url) as world, world.browser(OUTSIDE) as browser:
        await browser.get("/sign-in")
        for number in range(20):
            await ask(browser, f"/nothing-{number}")
            await ask(browser, f"/sign-in/{number}")
        for method in ("BREW", "TRACE", "PUT"):
            await ask(browser, "/sign-in", method)
        for path in ("/static/portvakt.css", *_files(browser.page.html)):
            await ask(browser, path)
        told = await scrape(world)
    found = {
        (labels["route"], labels["method"], labels["status"]): count
        for labels, count in _counts(told)
    }
    assert found["none", "GET", "4xx"] == 21
    assert found["none", "other", "4xx"] == 3
    assert found["/static/{file}", "GET", "2xx"] >= 2
    assert set(found) == {
        ("/sign-in", "GET", "2xx"),
        ("/sign-in/{flow}", "GET", "4xx"),
        ("/static/{file}", "GET", "2xx"),
        ("none", "GET", "4xx"),
        ("none", "other", "4xx"),
    }


def _files(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('="')[1:] if part.startswith("/static/")]


def _counts(told: Scrape) -> list[tuple[dict[str, str], float]]:
    counts = told.values("portvakt_request_seconds_count")
    return [(dict(labels), count) for labels, count in counts.items()]


async def test_a_full_line_for_hashing_shows() -> None:
    hasher = PasswordHasher(threads=1, waiting=1)
    first = [asyncio.create_task(hasher.hash(Secret("ett lösenord"))) for _ in range(2)]
    await asyncio.sleep(0)
    assert hasher.under_way == 2
    with pytest.raises(Busy):
        await hasher.hash(Secret("ett till"))
    await asyncio.gather(*first)
    hasher.close()
    assert (hasher.calls, hasher.refused, hasher.under_way) == (2, 1, 0)


async def test_who_is_turned_away_before_anything_is_hashed_is_counted(
    tmp_path: Path, sqlite_url: str
) -> None:
    hasher = PasswordHasher(threads=1, waiting=0)
    async with (
        measured_world(tmp_path, sqlite_url, hasher=hasher) as world,
        world.browser(INSIDE) as browser,
    ):
        await world.person()
        await browser.get("/sign-in")
        under_way = asyncio.create_task(hasher.hash(Secret("någon annans lösenord")))
        await asyncio.sleep(0)
        assert (await browser.sign_in()).status == 503
        await under_way
        told = await scrape(world)
    assert told.value("portvakt_hash_refusals_total") == 1
    assert told.value("portvakt_hashes_under_way") == 0


@pytest.mark.usefixtures("at_once")
async def test_the_outbox_ages_until_it_is_emptied(tmp_path: Path, database_url: str) -> None:
    async with measured_world(tmp_path, database_url) as world:
        assert await _outbox(world, "sms") == (0, 0)
        for number in range(3):
            await world.house.records.write(_putting(f"message-{number}", world.clock.at))
            world.clock.move(seconds=10)
        assert await _outbox(world, "sms") == (3, 30)
        assert await _outbox(world, "mail") == (0, 0)
        await world.house.records.write(_given_up(world.clock.at))
        assert await _outbox(world, "sms") == (0, 0)


def _putting(id_: str, at: datetime) -> Act[Unit, bool]:
    message = Message(
        id=id_,
        channel="sms",
        to="+46701740605",
        body=b"sealed",
        purpose="sign_in",
        account_id=None,
        created_at=at,
        not_after=at + timedelta(minutes=5),
        idempotency_key=id_,
    )
    return lambda unit: unit.outbox.put(message)


def _given_up(at: datetime) -> Act[Unit, None]:
    async def act(unit: Unit) -> None:
        for number in range(3):
            await unit.outbox.dropped(f"message-{number}", at, "test", taken=True)

    return act


async def _outbox(world: World, channel: str) -> tuple[float, float]:
    told = await scrape(world)
    return (
        told.value("portvakt_outbox_messages", channel=channel),
        told.value("portvakt_outbox_age_seconds", channel=channel),
    )


async def test_many_who_ask_read_the_records_once(tmp_path: Path, sqlite_url: str) -> None:
    async with measured_world(tmp_path, sqlite_url) as world:
        await scrape(world)
        before = world.house.records.counted
        for _ in range(5):
            await scrape(world)
        assert world.house.records.counted == before
        assert KEPT >= 1


async def test_a_database_that_is_away_is_told_of_and_does_not_hold_up_the_rest() -> None:
    clock = make.NOW
    records = await open_records(
        f"postgresql://nobody@127.0.0.1:{free_port()}/none", clock=lambda: clock
    )
    metrics = Metrics()
    stored = StoredNumbers(records, [OUTBOX], lambda: clock)
    stored.export(metrics)
    async with asyncio.timeout(3):
        await stored.refresh()
    await records.close()
    told = Scrape(metrics.page().decode())
    assert told.value("portvakt_database_up") == 0
    assert told.values("portvakt_outbox_messages") == {}


def test_each_of_several_processes_marks_its_own_numbers() -> None:
    metrics = Metrics("4711")
    metrics.request("/apps", "GET", 200, 0.1)
    metrics.gauge_from("portvakt_one", "Everybody's.", lambda: {(): 1}, shared=True)
    told = Scrape(metrics.page().decode())
    assert told.value(
        "portvakt_request_seconds_count", route="/apps", method="GET", status="2xx", process="4711"
    )
    assert told.value("portvakt_one") == 1
    assert "_created" not in told.text


@pytest.mark.usefixtures("at_once")
async def test_texts_are_told_of_by_gateway_prefix_and_outcome(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with measured_world(tmp_path, sqlite_url) as world:
        now = world.clock.at

        async def act(unit: Unit) -> None:
            for number in range(3):
                await _putting(f"message-{number}", now)(unit)
            await unit.outbox.claim("sms", now, 9, timedelta(seconds=25))
            for number in range(2):
                at = now + timedelta(seconds=1 + number)
                await unit.outbox.handed_over(f"message-{number}", at, f"op-{number}", "first")
            arrived = now + timedelta(seconds=5)
            await unit.outbox.receipted("first", "op-0", "delivered", arrived)

        await world.house.records.write(act)
        told = await scrape(world)
        place = {"gateway": "first", "prefix": "+467"}
        assert told.value("portvakt_texts_last_hour", **place, outcome="delivered") == 1
        assert told.value("portvakt_texts_last_hour", **place, outcome="sent") == 1
        unsent = {"gateway": "", "prefix": "+467", "outcome": "waiting"}
        assert told.value("portvakt_texts_last_hour", **unsent) == 1
        assert told.value("portvakt_text_handover_seconds", **place) == 1.5
        assert told.value("portvakt_text_receipt_seconds", **place) == 4


async def test_f68_when_our_own_certificate_ends_is_told_and_a_renewal_with_it(
    tmp_path: Path, sqlite_url: str
) -> None:
    name = "portvakt_certificate_ends_timestamp_seconds"
    authority = Authority(tmp_path / "ca")
    now = authority.certificate("localhost", lives=timedelta(days=7))
    then = authority.certificate("localhost", lives=timedelta(days=50))
    server = Server(tls_certificate_file=str(now.certificate), tls_key_file=str(now.key))
    async with measured_world(tmp_path, sqlite_url, server=server) as world:
        first = (await scrape(world)).value(name)
        assert first == read_pem_certificate(now.certificate.read_bytes()).ends.timestamp()
        then.certificate.replace(now.certificate)
        days = ((await scrape(world)).value(name) - first) / 86_400
        assert round(days) == 43
        now.certificate.unlink()
        assert (await scrape(world)).values(name) == {}
