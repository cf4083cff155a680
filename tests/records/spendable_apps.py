"""What apps and their devices may do once: how it comes to be, and how somebody takes it."""

import os
from dataclasses import replace
from datetime import timedelta

from portvakt.core.device_grant import DeviceState
from portvakt.core.ids import ClientId
from portvakt.records import Unit
from portvakt.records.registrations import Allowance
from portvakt.records.stored_requests import StoredRequest
from tests import make
from tests.records import test_device_requests


async def put_device(unit: Unit, n: int) -> None:
    asked = replace(test_device_requests.ASKED, device_hash=b"d%d" % n, user_hash=b"u%d" % n)
    assert await unit.device_requests.put(asked)


async def answer_device(unit: Unit, n: int) -> bool:
    said = DeviceState.ALLOWED if os.getpid() % 2 else DeviceState.DENIED
    return await unit.device_requests.decide(b"d%d" % n, said, make.NOW)


async def ask_in_time(unit: Unit, n: int) -> bool:
    """One of those who ask at once is in time; the others are told to slow down."""
    polled = await unit.device_requests.poll(b"d%d" % n, make.SHOP, make.NOW)
    return polled is not None and not polled.too_soon


async def put_request(unit: Unit, n: int) -> None:
    request = StoredRequest(hash=b"r%d" % n, client_id=make.SHOP, pushed=True, parameters="state=x")
    await unit.stored_requests.put(request, make.NOW + timedelta(minutes=1))


async def take_request(unit: Unit, n: int) -> bool:
    return await unit.stored_requests.spend(b"r%d" % n, b"b" * 32, make.NOW)


async def hold_request(unit: Unit, n: int) -> bool:
    later = make.NOW + timedelta(minutes=30)
    return await unit.stored_requests.hold(b"r%d" % n, os.urandom(32), later, make.NOW)


async def put_allowance(unit: Unit, n: int) -> None:
    ends = make.NOW + timedelta(days=1)
    await unit.registrations.allow(Allowance(b"r%d" % n, "", 1, ends), make.NOW)


async def register(unit: Unit, n: int) -> bool:
    return await unit.registrations.spend(b"r%d" % n, make.NOW)


async def put_registration(unit: Unit, n: int) -> None:
    await unit.registrations.put(ClientId(f"app{n}"), b"first", "", make.NOW)


async def turn_access(unit: Unit, n: int) -> bool:
    return await unit.registrations.turn(f"app{n}", b"first", os.urandom(32))


OF_APPS = {
    "stored_request": (put_request, take_request),
    "browser_of_a_request": (put_request, hold_request),
    "answer_to_a_device": (put_device, answer_device),
    "question_of_a_device": (put_device, ask_in_time),
    "registration_token": (put_allowance, register),
    "registration_access_token": (put_registration, turn_access),
}
