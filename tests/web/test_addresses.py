"""Rule R7: the client's address behind trusted proxies."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.web.addresses import client_address

PROXIES = [ip_network("10.0.0.5/32"), ip_network("10.9.9.0/24"), ip_network("2001:db8:aa::/48")]


def seen(peer: str | None, *headers: str) -> str | None:
    return client_address(peer, [header.encode("latin-1") for header in headers], PROXIES)


@pytest.mark.parametrize(
    "claimed", ["10.20.1.1", "10.0.0.5", "127.0.0.1", "::1", "10.20.1.1, 10.0.0.5"]
)
def test_a068_a_stranger_cannot_say_where_he_is(claimed: str) -> None:
    assert seen("203.0.113.9", claimed) == "203.0.113.9"


@pytest.mark.parametrize(
    ("header", "client"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("203.0.113.5, 10.9.9.9", "203.0.113.5"),
        ("203.0.113.5,10.9.9.9,10.9.9.1", "203.0.113.5"),
        ("10.20.1.1, 203.0.113.5", "203.0.113.5"),
        ("10.20.1.1, 203.0.113.5, 10.9.9.9", "203.0.113.5"),
        ("rubbish, 203.0.113.5", "203.0.113.5"),
        ("203.0.113.5 ,\t10.9.9.9 ", "203.0.113.5"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("2001:db8::7, 2001:db8:aa::1", "2001:db8::7"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("203.0.113.5, ::ffff:10.9.9.9", "203.0.113.5"),
    ],
)
def test_a069_the_client_is_the_right_most_address_that_is_no_proxy_of_ours(
    header: str, client: str
) -> None:
    assert seen("10.0.0.5", header) == client


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        ",",
        "203.0.113.5,",
        "203.0.113.5, ",
        "unknown",
        "_hidden",
        "10.9.9.9",
        "10.0.0.5, 10.9.9.9",
        "203.0.113.5:4711",
        "[2001:db8::7]",
        "[2001:db8::7]:443",
        '"203.0.113.5"',
        "203.0.113.005",
        "203.0.113",
        "3405803781",
        "0xcb007105",
        "203.0.113.5/32",
        "fe80::1%eth0",
        "::ffff:10.20.1.1%1",
        "203.0.113.5\x00",
        "\u0662.0.113.5".encode().decode("latin-1"),
        "for=203.0.113.5",
        "2001:db8::7" + "0" * 100,
        "1::" * 30,
    ],
)
def test_an_address_that_cannot_be_read_is_unknown_and_never_the_proxys(header: str) -> None:
    assert seen("10.0.0.5", header) is None


def test_a_trusted_proxy_that_names_nobody_leaves_the_address_unknown() -> None:
    assert seen("10.0.0.5") is None


def test_two_headers_make_the_address_unknown() -> None:
    assert seen("10.0.0.5", "203.0.113.5", "10.20.1.1") is None
    assert seen("10.0.0.5", "203.0.113.5", "203.0.113.5") is None


def test_without_a_peer_the_address_is_unknown() -> None:
    assert seen(None, "203.0.113.5") is None
    assert seen("testclient", "203.0.113.5") is None


def test_a_peer_in_mapped_form_is_the_same_peer() -> None:
    assert seen("::ffff:10.0.0.5", "203.0.113.5") == "203.0.113.5"
    assert seen("::ffff:203.0.113.9", "10.20.1.1") == "203.0.113.9"


@given(st.text(alphabet='0123456789abcdef:.,% \t[]"x', max_size=80))
def test_what_a_client_prepends_never_changes_what_the_proxy_saw(prepended: str) -> None:
    assert seen("10.0.0.5", f"{prepended}, 203.0.113.5") == "203.0.113.5"


@given(st.binary(max_size=60))
def test_no_header_moves_anybody_into_the_trusted_range_or_fails(header: bytes) -> None:
    answer = client_address("10.0.0.5", [header], PROXIES)
    assert answer is None or answer != "10.0.0.5"
