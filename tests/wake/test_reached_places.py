"""A service is reached at public addresses only, whatever its name turns out to lead to (R16)."""

from collections.abc import Sequence

import pytest

from portvakt.wake import destination_of
from portvakt.wire.http import HttpClient, NotAllowedError, NotSent


def leads_to(*addresses: str) -> HttpClient:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(f"{host}:{port}")
        return addresses

    return HttpClient([destination_of("*.push.example")], resolve=resolve, time_out=0.3)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "fe80::1",
        "0.0.0.0",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "100.64.0.1",
        "fd00::1",
    ],
)
async def test_a035_a_name_that_leads_inside_is_not_reached(address: str) -> None:
    outcome = await leads_to(address).send("POST", "https://a.push.example/x", headers={})
    assert outcome == NotSent(
        "a.push.example leads to an address it may not lead to", forbidden=True
    )


async def test_a035_one_address_inside_is_one_too_many() -> None:
    client = leads_to("93.184.216.34", "127.0.0.1")
    outcome = await client.send("POST", "https://a.push.example/x", headers={})
    assert outcome == NotSent(
        "a.push.example leads to an address it may not lead to", forbidden=True
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://push.example/x",
        "https://a.push.example:8443/x",
        "http://a.push.example/x",
        "https://a.push.example.attacker.example/x",
        "https://apush.example/x",
        "https://..push.example/x",
    ],
)
async def test_what_the_pattern_does_not_stand_for_is_a_mistake(url: str) -> None:
    with pytest.raises(NotAllowedError):
        await leads_to("93.184.216.34").send("POST", url, headers={})
