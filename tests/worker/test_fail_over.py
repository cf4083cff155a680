"""Several text gateways: in order, never twice to two of them while nobody can say, and quickly."""

import asyncio
import re
from datetime import timedelta

import pytest

from portvakt import text_gateways
from portvakt.core.text_fates import Stage, stage_of
from portvakt.worker import system_clock
from tests.bad_days.processes import free_port
from tests.conformance.operator import (
    Behave,
    Operator,
    Request,
    answers,
    closes,
    hangs,
    operator,
)
from tests.worker.office import Office, office, until


def in_turn(*behaviours: Behave) -> Behave:
    """Behave differently each time; the last one from then on."""
    left = list(behaviours)

    async def behave(request: Request, out: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(request, out)

    return behave


def nowhere() -> str:
    """A gateway that nobody listens at."""
    return f"http://127.0.0.1:{free_port()}/send"


async def stage(here: Office, key: str = "m1") -> Stage:
    found = await here.records.read(lambda unit: unit.outbox.fate(key))
    assert found is not None
    return stage_of(found, system_clock())


def came(*operators: Operator) -> list[tuple[str, str]]:
    """Under which key, and with which digits, each try came."""
    return [
        (each.headers["idempotency-key"], digits_in(each))
        for at in operators
        for each in at.requests
    ]


def digits_in(request: Request) -> str:
    found = re.search(r"#(\d{6})$", request.form["text"][0])
    assert found is not None
    return found[1]


async def test_a_gateway_that_cannot_be_reached_is_followed_by_the_next_at_once(
    sqlite_url: str,
) -> None:
    async with operator(answers(200)) as second, office(sqlite_url, nowhere(), second.url) as here:
        await here.put_text()
        async with here.working():
            row = await here.state("m1", "handed_over")
        assert row["gateway"] == "http_form-2"
        assert row["tries"] == 1
        assert await stage(here) is Stage.SENT


async def test_the_gateway_that_took_a_text_is_remembered_with_its_name_for_it(
    sqlite_url: str,
) -> None:
    async with operator(answers(200)) as first, office(sqlite_url, first.url) as here:
        await here.put_text()
        async with here.working():
            row = await here.state("m1", "handed_over")
        assert (row["gateway"], row["receipt"]) == ("http_form", "")


async def test_a_code_that_may_have_gone_goes_to_the_same_gateway_again_and_to_no_other(
    sqlite_url: str,
) -> None:
    async with (
        operator(in_turn(closes, answers(200))) as first,
        operator(answers(200)) as second,
        office(sqlite_url, first.url, second.url) as here,
    ):
        await here.put_text()
        async with here.working():
            row = await here.state("m1", "handed_over")
        assert row["gateway"] == "http_form"
        assert [len(first.requests), len(second.requests)] == [2, 0]
        assert len(set(came(first))) == 1


async def test_a_code_that_the_second_gateway_may_have_goes_to_that_one_again(
    sqlite_url: str,
) -> None:
    """Although the first is well by then: only the second knows the key."""
    async with (
        operator(in_turn(answers(503), answers(200))) as first,
        operator(in_turn(closes, answers(200))) as second,
        office(sqlite_url, first.url, second.url) as here,
    ):
        await here.put_text()
        async with here.working():
            row = await here.state("m1", "handed_over")
        assert row["gateway"] == "http_form-2"
        assert [len(first.requests), len(second.requests)] == [1, 2]
        assert len(set(came(first, second))) == 1


async def test_where_the_gateway_that_may_have_it_is_dead_another_gets_the_same_digits_once(
    sqlite_url: str,
) -> None:
    async with (
        operator(in_turn(closes, answers(503))) as first,
        operator(answers(200)) as second,
        office(sqlite_url, first.url, second.url) as here,
    ):
        await here.put_text()
        async with here.working():
            row = await here.state("m1", "handed_over")
        assert row["gateway"] == "http_form-2"
        assert len(set(came(first, second))) == 1


async def test_two_gateways_that_may_have_a_code_are_enough(sqlite_url: str) -> None:
    async with (
        operator(in_turn(closes, answers(503))) as first,
        operator(closes) as second,
        office(sqlite_url, first.url, second.url) as here,
    ):
        await here.put_text()
        async with here.working():
            await here.state("m1", "dropped")
        assert [len(first.requests), len(second.requests)] == [2, 1]
        assert await stage(here) is Stage.UNKNOWN


async def test_a_code_whose_gateway_was_taken_out_of_the_settings_goes_to_no_other(
    sqlite_url: str,
) -> None:
    async with operator(answers(200)) as second, office(sqlite_url, second.url) as here:
        await here.put_text()
        now = system_clock()
        await here.records.write(
            lambda unit: unit.outbox.claim("sms", now, 1, timedelta(seconds=25))
        )
        await here.records.write(
            lambda unit: unit.outbox.failed("m1", now, "why", taken=True, gateway="gone")
        )
        async with here.working():
            await here.state("m1", "dropped")
        assert second.requests == []
        assert await stage(here) is Stage.UNKNOWN


async def test_a_notice_reaches_the_second_gateway_where_the_first_never_answers(
    sqlite_url: str,
) -> None:
    async with (
        operator(closes) as first,
        operator(answers(200)) as second,
        office(sqlite_url, first.url, second.url) as here,
    ):
        await here.put_text(purpose="notice")
        async with here.working():
            row = await here.state("m1", "handed_over")
        assert row["gateway"] == "http_form-2"
        assert len(first.requests) == text_gateways.FAILURES


async def test_a_dead_gateway_costs_one_probe_and_no_more_until_it_answers(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_gateways, "LEFT_ALONE", timedelta(hours=1))
    async with (
        operator(answers(503)) as first,
        operator(answers(200)) as second,
        office(sqlite_url, first.url, second.url) as here,
        here.working(),
    ):
        for number in range(20):
            await here.put_text(f"m{number}")
            await here.state(f"m{number}", "handed_over")
        assert len(first.requests) == text_gateways.FAILURES
        assert len(second.requests) == 20


async def test_a_gateway_that_has_come_back_is_the_first_again(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_gateways, "LEFT_ALONE", timedelta(milliseconds=300))
    async with (
        operator(answers(503)) as first,
        operator(answers(200)) as second,
        office(sqlite_url, first.url, second.url) as here,
        here.working(),
    ):
        for number in range(4):
            await here.put_text(f"m{number}")
            await here.state(f"m{number}", "handed_over")
        first.behave = answers(200)
        await asyncio.sleep(0.4)
        await here.put_text("back")
        assert (await here.state("back", "handed_over"))["gateway"] == "http_form"


async def test_where_all_are_left_alone_a_code_waits_and_goes_when_one_is_well(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_gateways, "LEFT_ALONE", timedelta(milliseconds=300))
    async with (
        operator(answers(503)) as first,
        operator(answers(503)) as second,
        office(sqlite_url, first.url, second.url) as here,
    ):
        await here.put_text()
        async with here.working():
            await until(lambda: len(second.requests) >= text_gateways.FAILURES)
            second.behave = answers(200)
            await here.state("m1", "handed_over")
        assert len(set(came(first, second))) == 1


async def test_the_only_gateway_is_never_left_alone(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_gateways, "LEFT_ALONE", timedelta(hours=1))
    async with operator(answers(503)) as only, office(sqlite_url, only.url) as here:
        await here.put_text()
        async with here.working():
            await until(lambda: len(only.requests) > text_gateways.FAILURES)
            only.behave = answers(200)
            await here.state("m1", "handed_over")


async def test_a_first_gateway_that_dies_among_a_hundred_texts_loses_none_and_changes_no_code(
    sqlite_url: str,
) -> None:
    """Those that it had taken and not answered for are asked about once more, and then go on."""

    async def dies_half_way(request: Request, out: asyncio.StreamWriter) -> None:
        seen = len(first.requests)
        if seen <= 40:
            await answers(200)(request, out)
        elif seen > 48:
            await answers(503)(request, out)
        # the eight between are cut off: nobody can say

    async with (
        operator(dies_half_way) as first,
        operator(answers(200)) as second,
        office(sqlite_url, first.url, second.url) as here,
    ):
        for number in range(100):
            await here.put_text(f"m{number}", digits=f"{number:06}")
        async with here.working():
            for number in range(100):
                await here.state(f"m{number}", "handed_over")
        by_key: dict[str, set[str]] = {}
        for key, digits in came(first, second):
            by_key.setdefault(key, set()).add(digits)
        assert by_key == {f"m{number}": {f"{number:06}"} for number in range(100)}


async def test_a_gateway_that_hangs_is_unknown_and_stays_the_codes_own(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_gateways, "ONE_TRY", 0.2)
    stages: list[Stage] = []
    async with (
        operator(hangs) as first,
        operator(answers(200)) as second,
        office(sqlite_url, first.url, second.url) as here,
    ):
        await here.put_text()
        async with here.working():
            await until(lambda: here.row()["why"] is not None)
            stages.append(await stage(here))
            await here.state("m1", "dropped")
            stages.append(await stage(here))
        assert stages == [Stage.UNSURE, Stage.UNKNOWN]
        assert second.requests == []
