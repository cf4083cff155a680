from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.ids import NetworkId
from portvakt.core.networks import block_of, is_shared, network_name, networks_of
from tests import make
from tests.make import LAN

NETWORKS = (
    make.network(),
    make.network(id="guest", addresses=("10.20.30.0/24",)),
    make.network(id="mapped", addresses=("::ffff:192.0.2.0/120",)),
    make.network(id="one", addresses=("198.51.100.7/32", "2001:db8::7")),
)


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("10.20.1.1", {"lan"}),
        ("10.20.30.1", {"lan", "guest"}),
        ("10.21.0.0", set()),
        ("10.20.255.255", {"lan"}),
        ("2001:db8:20::1", {"lan"}),
        ("2001:DB8:20:0::1", {"lan"}),
        ("2001:db8:21::1", set()),
        ("::ffff:10.20.1.1", {"lan"}),
        ("::ffff:0a14:0101", {"lan"}),
        ("192.0.2.9", {"mapped"}),
        ("198.51.100.7", {"one"}),
        ("198.51.100.8", set()),
        ("2001:db8::7", {"one"}),
        ("::10.20.1.1", set()),
        ("64:ff9b::10.20.1.1", set()),
    ],
)
def test_an_address_is_in_the_networks_that_hold_it(address: str, names: set[str]) -> None:
    assert networks_of(address, NETWORKS) == names


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "a",
        "10.20.1.1 ",
        "10.20.1.1:443",
        "010.020.001.001",
        "10.20.257",
        "10.20.1.1/32",
        "169083137",
        "0x0a140101",
        "[2001:db8:20::1]",
        "2001:db8:20::1%eth0",
        "::ffff:10.20.1.1%1",
        "\uff11\uff10.20.1.1",
        "10.20.1.1, 10.20.1.1",
        "unknown",
    ],
)
def test_a068_what_cannot_be_read_as_an_address_is_outside(address: str | None) -> None:
    assert networks_of(address, NETWORKS) == frozenset()


@pytest.mark.parametrize(
    "cidr",
    [
        *["10.20.1.1/16", "lan", "10.20.0.0/33", "", "10.20.0.0/16 ", "10.20.0.0/", "::1/-1"],
        *["10.20.0.0/255.255.0.0", "10.0.0.0/0.255.255.255", "fe80::%eth0/64", "10.20.0.0/\uff116"],
    ],
)
def test_a_block_that_is_not_one_is_refused(cidr: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        block_of(cidr)


def test_a_block_of_mapped_addresses_is_one_of_ipv4() -> None:
    assert block_of("::/0").version == 6
    assert block_of("::ffff:0:0/96").version == 4
    assert block_of("2001:db8::/32").version == 6


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_every_address_of_a_block_is_in_it_however_it_is_written(number: int, bits: int) -> None:
    address = IPv4Address(number)
    base = IPv4Address(number >> (32 - bits) << (32 - bits))
    network = make.network(addresses=(f"{base}/{bits}",))
    assert networks_of(str(address), [network]) == {LAN}
    mapped = IPv6Address(0xFFFF << 32 | number)
    assert networks_of(str(mapped), [network]) == {LAN}


@given(st.text(max_size=50))
def test_no_text_makes_it_fail(text: str) -> None:
    assert networks_of(text, NETWORKS) <= {NetworkId(each.id) for each in NETWORKS}


def test_one_network_that_says_so_makes_an_address_one_of_a_shared_computer() -> None:
    ward = make.network(id=NetworkId("ward"), addresses=("10.20.7.0/24",), shared=True)
    assert is_shared("10.20.7.11", [*NETWORKS, ward])
    assert is_shared("::ffff:10.20.7.11", [ward, *NETWORKS])
    assert not is_shared("10.20.8.11", [*NETWORKS, ward])
    assert not is_shared(None, [ward])


def test_a_network_is_called_what_people_call_it_and_outside_nothing() -> None:
    ward = make.network(id="ward", name="Avdelning 7", addresses=("10.20.7.0/24",))
    assert network_name("10.20.7.11", [ward, *NETWORKS]) == "Avdelning 7"
    assert network_name("10.20.7.11", [*NETWORKS, ward]) == NETWORKS[0].name
    assert network_name("10.21.0.1", [ward]) == network_name(None, [ward]) == ""
