"""How an app shows that it is itself, as its entry says: what belongs together, what does not."""

import json
from pathlib import Path

import pytest

from tests.cli.box import Box
from tests.protocols.assertions import EC, jwks

ENTRY = """[[groups]]
id = "alla"
[[apps]]
client_id = "robot"
client_name = "Roboten"
grant_types = ["client_credentials"]
groups = ["alla"]
"""
JWKS = f"jwks = {{ keys = [{{ kty = 'EC', crv = 'P-256', x = '{EC['x']}', y = '{EC['y']}' }}] }}"
SIGNS = 'token_endpoint_auth_method = "private_key_jwt"'
SHOWS = 'token_endpoint_auth_method = "tls_client_auth"'
ITSELF = 'token_endpoint_auth_method = "self_signed_tls_client_auth"'
DN = 'tls_client_auth_subject_dn = "CN=robot,O=Region Exempel"'


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return Box.make(tmp_path, sqlite_url)


@pytest.mark.parametrize(
    "lines",
    [
        (SIGNS, JWKS),
        (SIGNS, 'jwks_uri = "https://robot.region.example/jwks"'),
        (SIGNS, JWKS, "dpop_bound_access_tokens = true"),
        (ITSELF, JWKS),
        (ITSELF, 'jwks_uri = "https://robot.region.example/jwks"'),
        (SHOWS, DN, "tls_client_certificate_bound_access_tokens = true"),
        (SHOWS, 'tls_client_auth_san_dns = "robot.region.example"'),
        (SHOWS, 'tls_client_auth_san_uri = "https://robot.region.example/"'),
        (SHOWS, 'tls_client_auth_san_ip = "10.1.2.3"'),
        (SHOWS, 'tls_client_auth_san_email = "robot@region.example"'),
    ],
)
def test_what_is_applied_is_exported_the_same(box: Box, lines: tuple[str, ...]) -> None:
    box.good("apply", box.write("region.toml", ENTRY + "\n".join(lines)))
    exported = box.good("export").out
    for line in lines:
        assert line.partition(" =")[0] in exported
    again = box.good("apply", box.write("again.toml", exported))
    assert "robot" not in again.out, "what was exported says the same"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ("require_signed_request_object = true",),
            "apps[1].jwks: is missing: “require_signed_request_object” needs “jwks” or “jwks_uri”",
        ),
        (
            ('default_acr_values = ["urn:portvakt:aal2", "gold"]',),
            "apps[1].default_acr_values: has nothing but urn:portvakt:aal1, urn:portvakt:aal2",
        ),
        ((SIGNS,), "apps[1].jwks: is missing: “private_key_jwt” needs “jwks” or “jwks_uri”"),
        ((SIGNS, JWKS, 'jwks_uri = "https://a.example/"'), "jwks_uri: “jwks” is there already"),
        ((SIGNS, "jwks = { keys = [] }"), "apps[1].jwks: is no JWK set"),
        ((ITSELF,), "is missing: “self_signed_tls_client_auth” needs “jwks” or “jwks_uri”"),
        ((SHOWS,), "“tls_client_auth” needs one of “tls_client_auth_subject_dn”"),
        (
            (SHOWS, DN, 'tls_client_auth_san_ip = "10.1.2.3"'),
            "“tls_client_auth” needs one of “tls_client_auth_subject_dn”",
        ),
        ((SHOWS, 'tls_client_auth_subject_dn = "robot"'), "subject_dn: is no name of that kind"),
        ((SHOWS, 'tls_client_auth_san_ip = "10.1.2"'), "san_ip: is no name of that kind"),
        ((SIGNS, JWKS, DN), "tls_client_auth_subject_dn: goes with “tls_client_auth”"),
        (('token_endpoint_auth_method = "none"',), "gets no token in its own name"),
    ],
)
def test_what_does_not_belong_together_is_told(box: Box, lines: tuple[str, ...], said: str) -> None:
    answer = box.run("apply", box.write("wrong.toml", ENTRY + "\n".join(lines)))
    assert answer.status == 1, answer.out
    assert said in answer.err


def test_a_private_key_is_no_public_one(box: Box) -> None:
    known = json.loads(jwks(EC))["keys"][0]
    assert "d" not in known
    private = JWKS.replace(" }]", f", d = '{EC.as_dict(private=True)['d']}' }}]")
    answer = box.run("apply", box.write("wrong.toml", f"{ENTRY}{SIGNS}\n{private}"))
    assert answer.status == 1
    assert "apps[1].jwks" in answer.err
    assert str(EC.as_dict(private=True)["d"]) not in answer.err
