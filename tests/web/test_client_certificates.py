"""The certificate that a client showed to the proxy: from whom it counts, and how it is written."""

import base64
import textwrap
from ipaddress import ip_network
from urllib.parse import quote

import pytest

from portvakt.web.client_certificates import client_certificate

TRUSTED = (ip_network("10.0.0.0/24"),)
PROXY, STRANGER = "10.0.0.5", "203.0.113.7"
DER = bytes(range(200))
LINES = "\n".join(textwrap.wrap(base64.b64encode(DER).decode(), 64))
ESCAPED = quote(f"-----BEGIN CERTIFICATE-----\n{LINES}\n-----END CERTIFICATE-----\n", safe="")
WRITTEN = f":{base64.b64encode(DER).decode()}:"


def test_a_trusted_proxys_word_counts() -> None:
    assert client_certificate(PROXY, [WRITTEN], TRUSTED) == DER
    assert client_certificate(PROXY, [f"  {WRITTEN} "], TRUSTED) == DER
    assert client_certificate(f"::ffff:{PROXY}", [WRITTEN], TRUSTED) == DER


def test_what_nginx_writes_counts_too() -> None:
    """As nginx does: `$ssl_client_escaped_cert`, in lines of 64."""
    assert client_certificate(PROXY, [ESCAPED], TRUSTED) == DER
    assert client_certificate(STRANGER, [ESCAPED], TRUSTED) is None


@pytest.mark.parametrize("peer", [STRANGER, None, "", "unix", "10.0.1.5"])
def test_nobody_elses_word_counts(peer: str | None) -> None:
    """RFC 9440 section 4: whoever can reach us past the proxy shows no certificate."""
    assert client_certificate(peer, [WRITTEN], TRUSTED) is None
    assert client_certificate(peer, [WRITTEN], ()) is None


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [WRITTEN, WRITTEN],
        [""],
        ["::"],
        [WRITTEN[1:]],
        [WRITTEN[:-1]],
        [WRITTEN + ";a=1"],
        [WRITTEN + ", " + WRITTEN],
        [WRITTEN.replace("A", "-", 1)],
        [WRITTEN.replace(":", '"')],
        [":" + base64.b64encode(DER).decode().rstrip("=") + ":"],
        [":AB==:"],
        [":A A=:"],
        ["\t" + WRITTEN],
        [":" + "A" * 20_000 + ":"],
        ["-----BEGIN CERTIFICATE-----"],
        ["%2D%2D%2D"],
        [ESCAPED.replace("%0A", "%0D%0A")],
        [ESCAPED.replace("%0A", "", 1)],
        [ESCAPED + ESCAPED],
        [ESCAPED + "%20"],
        [ESCAPED.replace("-----BEGIN", "-----BEGIN%20TRUSTED")],
        [ESCAPED.replace("%20", " ").replace("%0A", " ")],
        [ESCAPED, WRITTEN],
        [":ö:"],
    ],
)
def test_what_is_not_one_byte_sequence_to_the_letter_is_none(headers: list[str]) -> None:
    """RFC 9440 section 2.2, RFC 8941 section 4.2.7."""
    assert client_certificate(PROXY, headers, TRUSTED) is None
