"""What happened with one's phones is told where one looks for what is strange."""

import re
from datetime import timedelta
from typing import Any

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import (
    Event,
    MethodAdded,
    MethodRemoved,
    PasswordPutAside,
    PhoneDisowned,
    PhoneMoved,
    PhonePairingReused,
    PhoneRequestDenied,
    PhoneRequestNotMe,
    PhoneRequestsStopped,
    PhoneRequestWrongNumber,
    PhoneRetired,
)
from portvakt.core.ids import ApprovalId, AuthenticatorId
from portvakt.core.throttle import Familiarity
from tests import make
from tests.journeys.conftest import Open
from tests.world import INSIDE, World

ID = AuthenticatorId("phone")
HERE = "/my-sign-ins"
SAID: dict[str, Any] = {
    "at": make.NOW,
    "account_id": make.ANNA,
    "request_id": "r",
    "address": INSIDE,
}
ASKED: dict[str, Any] = SAID | {
    "authenticator_id": ID,
    "request": ApprovalId("r1"),
    "app": "Lön & tid",
}
DENIED = PhoneRequestDenied(**ASKED, purpose="sign_in")
NOT_ME = PhoneRequestNotMe(**ASKED, purpose="sign_in", ended=1)


def method(kind: type[MethodAdded | MethodRemoved], type_: AuthenticatorType) -> Event:
    more: dict[str, Any] = {"source": "self", "basis": None} if kind is MethodAdded else {}
    return kind(**SAID, authenticator_id=ID, type=type_, label="Annas Pixel", **more)


CASES: tuple[tuple[Event, str], ...] = (
    (DENIED, "Du svarade nej i telefonen Frågan gällde Lön & tid"),
    (
        PhoneRequestWrongNumber(**ASKED, purpose="sign_in"),
        "Fel nummer skrevs i telefonen",
    ),
    (NOT_ME, "Du sa i telefonen att det inte var du"),
    (method(MethodAdded, make.PUSH), "En telefon med appen lades till ”Annas Pixel”"),
    (method(MethodRemoved, make.PUSH), "En telefon med appen togs bort ”Annas Pixel”"),
    (
        PhoneRetired(**SAID, authenticator_id=ID, label="Pixel"),
        "En telefon med appen togs bort ”Pixel”",
    ),
    (
        PhoneMoved(**SAID, authenticator_id=ID, old=ID),
        "Appen flyttades till en ny telefon",
    ),
    (
        PhoneDisowned(**SAID, authenticator_id=ID, label="Okänd"),
        "Du sa nej till en telefon som inte var din ”Okänd”",
    ),
    (PhonePairingReused(**SAID), "Någon försökte lägga till en telefon med en använd kod"),
    (
        PhoneRequestsStopped(
            **SAID,
            familiarity=Familiarity.UNFAMILIAR,
            password_proved=True,
            until=make.NOW + timedelta(minutes=10),
        ),
        "Frågorna till telefonen blev för många",
    ),
    (
        PasswordPutAside(**SAID, authenticator_id=ID, sessions=2),
        "Lösenordet låstes från telefonen",
    ),
)


async def told(world: World, *events: Event) -> list[str]:
    """What the page says of these, beside the sign-in with which it is read."""
    await world.person()
    for each in events:
        await world.house.records.write(lambda unit, e=each: unit.audit.write(e))
    async with world.browser(INSIDE) as browser:
        page = await browser.sign_in(to=HERE)
        rows = page.html.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
        plain = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
        return [row.replace("&amp;", "&") for row in plain if "Du loggade in" not in row]


@pytest.mark.parametrize(("event", "words"), CASES, ids=[type(each).__name__ for each, _ in CASES])
async def test_what_happened_with_a_phone_is_told(
    open_world: Open, event: Event, words: str
) -> None:
    async with open_world() as world:
        [row] = await told(world, event)
        assert words in row


async def test_that_it_was_not_me_is_told_once(open_world: Open) -> None:
    async with open_world() as world:
        [row] = await told(world, DENIED, NOT_ME)
        assert "det inte var du" in row


async def test_the_test_of_a_new_phone_and_other_methods_are_not_told(open_world: Open) -> None:
    async with open_world() as world:
        test = PhoneRequestDenied(**ASKED, purpose="test")
        assert await told(world, test, method(MethodAdded, make.TOTP)) == []
