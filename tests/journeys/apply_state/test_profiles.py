"""Entries of demanding apps: what goes together, and what comes out as it went in."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.box import Box
from tests.protocols.assertions import EC, jwks

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
KEYS = json.loads(jwks(EC))["keys"][0]
GIVEN = "jwks = { keys = [{ " + ", ".join(f'{name} = "{KEYS[name]}"' for name in KEYS) + " }] }"
ENTRY = """[[apps]]
client_id = "care"
client_name = "Vårdguiden"
{fields}
"""
SIGNS = f'token_endpoint_auth_method = "private_key_jwt"\n{GIVEN}\n'
ADDRESS = 'redirect_uris = ["https://care.example/cb"]\n'
SWEDEN = 'profile = "sweden-connect"\n'


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return Box.make(tmp_path, sqlite_url)


def refused(box: Box, fields: str) -> str:
    answer = box.run("apply", box.write("region.toml", ENTRY.format(fields=fields)))
    assert answer.status == 1, answer.out
    return str(answer.err)


def exported(box: Box, fields: str) -> str:
    box.good("apply", box.write("region.toml", ENTRY.format(fields=fields)))
    return str(box.good("export").out)


def test_an_app_of_sweden_connect_signs_and_comes_with_codes_alone(box: Box) -> None:
    secret = 'token_endpoint_auth_method = "none"\n'
    assert "must be “private_key_jwt” there" in refused(box, ADDRESS + SWEDEN + secret)
    more = 'grant_types = ["authorization_code", "refresh_token"]\n'
    said = refused(box, ADDRESS + SWEDEN + SIGNS + more)
    assert "must be “authorization_code” and nothing else there" in said
    assert 'profile = "sweden-connect"' in exported(box, ADDRESS + SWEDEN + SIGNS)


def test_a_device_needs_no_address_to_come_back_to(box: Box) -> None:
    public = 'token_endpoint_auth_method = "none"\n'
    fields = f'{public}grant_types = ["{DEVICE}", "refresh_token"]\n'
    assert DEVICE in exported(box, fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (f'grant_types = ["{EXCHANGE}"]\n', "goes with “exchange_for”"),
        (ADDRESS + 'exchange_for = ["https://labs.example/"]\n', "goes with “exchange_for”"),
        (ADDRESS + 'resources = ["https://labs.example/#part"]\n', "has a fragment"),
        (ADDRESS + 'serves = ["labs"]\n', "is not an address"),
        (ADDRESS + 'exchange_as = "magic"\n', "exchange_as"),
        (ADDRESS + 'profile = "norway"\n', "profile"),
        (ADDRESS + 'userinfo_signed_response_alg = "none"\n', "userinfo_signed_response_alg"),
    ],
)
def test_what_does_not_go_together_is_refused(box: Box, fields: str, said: str) -> None:
    assert said in refused(box, SIGNS + fields)


def test_an_app_that_cannot_show_who_it_is_exchanges_no_tokens(box: Box) -> None:
    fields = f'grant_types = ["{EXCHANGE}"]\nexchange_for = ["https://labs.example/"]\n'
    public = 'token_endpoint_auth_method = "none"\n'
    assert "exchanges no tokens" in refused(box, public + fields)


def test_what_went_in_comes_out(box: Box) -> None:
    fields = [
        f'grant_types = ["{EXCHANGE}"]',
        'userinfo_signed_response_alg = "ES256"',
        'introspection_signed_response_alg = "EdDSA"',
        'resources = ["https://pay.example/"]',
        'serves = ["https://care.example/api"]',
        'exchange_for = ["https://labs.example/"]',
        'exchange_as = "impersonation"',
    ]
    [entry] = tomllib.loads(exported(box, SIGNS + "\n".join(fields) + "\n"))["apps"]
    assert tomllib.loads("\n".join(fields)).items() <= entry.items()
