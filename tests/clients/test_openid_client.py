"""openid-client, a certified relying party: it checks every answer and believes nothing else."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from joserfc.jwk import ECKey

from tests.clients.node_app import NodeApp, node_app, node_app_of_a_file
from tests.clients.person import Person
from tests.clients.site import Site

TOLD = ("--backchannel-logout-uri", "{origin}/backchannel")


@pytest.fixture(scope="module")
def app(region: Site) -> Iterator[NodeApp]:
    with node_app(region, "nodapp", "--refresh", *TOLD) as found:
        yield found


@pytest.fixture
def person(region: Site) -> Iterator[Person]:
    with region.somebody() as found:
        yield found


def signed_in(person: Person, app: NodeApp) -> None:
    """Open the app, and sign in with a password alone."""
    person.get(f"{app.origin}/sign-in")
    assert person.ours
    person.give_password()
    assert person.at == f"{app.origin}/", person.page.text


def test_it_signs_in_with_pkce_and_believes_the_id_token(app: NodeApp, person: Person) -> None:
    signed_in(person, app)
    claims = person.page.response.json()
    assert claims["aud"] == app.client_id
    assert claims["amr"] == ["pwd"]
    assert claims["acr"] == "urn:portvakt:aal1"
    told = person.json(f"{app.origin}/userinfo")
    assert told["preferred_username"] == f"{person.name}.berg"
    assert told["groups"] == ["alla"]
    assert told["sub"] == claims["sub"]


def test_it_renews_its_tokens_and_both_are_new(app: NodeApp, person: Person) -> None:
    signed_in(person, app)
    subject = person.page.response.json()["sub"]
    said = person.json(f"{app.origin}/refresh")
    assert said["renewed"] == ["access_token", "refresh_token"]
    assert said["claims"]["sub"] == subject
    assert person.json(f"{app.origin}/userinfo")["sub"] == subject
    assert person.json(f"{app.origin}/refresh")["renewed"] == ["access_token", "refresh_token"]


def test_a_refresh_token_that_comes_twice_ends_what_came_of_it(
    app: NodeApp, person: Person
) -> None:
    signed_in(person, app)
    person.json(f"{app.origin}/refresh")
    assert person.json(f"{app.origin}/refresh-with-the-old")["error"] == "invalid_grant"
    assert person.json(f"{app.origin}/refresh")["error"] == "invalid_grant"
    assert person.json(f"{app.origin}/userinfo")["code"] == "OAUTH_WWW_AUTHENTICATE_CHALLENGE"


def test_it_asks_whether_a_token_counts_and_takes_one_back(app: NodeApp, person: Person) -> None:
    signed_in(person, app)
    known = person.json(f"{app.origin}/introspect")
    assert known["active"] is True
    assert known["client_id"] == app.client_id
    assert person.json(f"{app.origin}/revoke") is None
    assert person.json(f"{app.origin}/introspect") == {"active": False}
    assert person.json(f"{app.origin}/refresh")["error"] == "invalid_grant"


def test_it_asks_for_a_fresh_sign_in_and_checks_that_it_got_one(
    app: NodeApp, person: Person
) -> None:
    signed_in(person, app)
    before = person.page.response.json()["auth_time"]
    sid = person.page.response.json()["sid"]
    person.get(f"{app.origin}/sign-in?max_age=3600")
    assert person.page.response.json()["auth_time"] == before  # young enough
    person.get(f"{app.origin}/sign-in?max_age=0")
    assert person.ours
    person.give_password()
    assert person.at == f"{app.origin}/", person.page.text
    assert person.page.response.json()["auth_time"] >= before
    assert person.page.response.json()["sid"] == sid  # and no other app is told that it has ended


def test_it_asks_for_a_second_factor_and_gets_exactly_that(app: NodeApp, person: Person) -> None:
    signed_in(person, app)
    strong = "urn:portvakt:aal2"
    person.get(f"{app.origin}/sign-in?acr_values={quote(strong)}&max_age=600")
    assert person.ours
    person.go_on()
    person.give_code()  # the password is fresh enough, and is not asked for again
    assert person.at == f"{app.origin}/", person.page.text
    claims = person.page.response.json()
    assert claims["acr"] == strong
    assert set(claims["amr"]) == {"pwd", "otp", "mfa"}
    person.get(f"{app.origin}/sign-in?acr_values={quote(strong)}")
    assert person.page.response.json()["acr"] == strong  # it has it, and nobody is asked


def test_it_reads_why_it_was_not_let_in_without_a_page(app: NodeApp, person: Person) -> None:
    person.get(f"{app.origin}/sign-in?prompt=none")
    said = person.page.response.json()
    assert (said["error"], said["code"]) == ("login_required", "OAUTH_AUTHORIZATION_RESPONSE_ERROR")


def test_a_code_that_is_opened_twice_is_refused_in_words_that_it_reads(
    app: NodeApp, person: Person
) -> None:
    signed_in(person, app)
    (callback,) = [each for each in person.seen if each.startswith(f"{app.origin}/callback")]
    person.get(callback)
    assert person.page.response.json()["code"] in {
        "OAUTH_RESPONSE_BODY_ERROR",
        "OAUTH_INVALID_RESPONSE",
    }


def test_it_shows_who_it_is_by_a_signature(region: Site, person: Person) -> None:
    key = ECKey.generate_key("P-256", {"kid": "first", "use": "sig", "alg": "ES256"})
    entry: dict[str, Any] = {
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [key.as_dict(private=False)]},
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    }
    with node_app_of_a_file(region, "keyed", key.as_dict(private=True), **entry) as app:
        signed_in(person, app)
        assert person.json(f"{app.origin}/refresh")["renewed"] == ["access_token", "refresh_token"]
        assert person.json(f"{app.origin}/introspect")["active"] is True
        assert person.json(f"{app.origin}/own")["token_type"] == "bearer"


def test_its_tokens_are_bound_to_its_key(region: Site, person: Person) -> None:
    with node_app(region, "bound", "--public", "--refresh", dpop=True) as app:
        signed_in(person, app)
        subject = person.page.response.json()["sub"]
        assert person.json(f"{app.origin}/userinfo")["sub"] == subject
        said = person.json(f"{app.origin}/refresh")
        assert said["token_type"] == "dpop"
        assert said["renewed"] == ["access_token", "refresh_token"]
        assert person.json(f"{app.origin}/userinfo")["sub"] == subject


def test_it_pushes_its_request_before_the_person_comes(region: Site, person: Person) -> None:
    with node_app(region, "pushing", par=True) as app:
        signed_in(person, app)
        assert person.page.response.json()["aud"] == "pushing"
        authorize = f"{region.origin}/oidc/authorize?"
        sent = next(each for each in person.seen_before if each.startswith(authorize))
        assert set(parse_qs(urlsplit(sent).query)) == {"client_id", "request_uri"}


def test_it_signs_people_out_here_too_and_they_come_back(
    region: Site, app: NodeApp, person: Person
) -> None:
    signed_in(person, app)
    person.get(f"{app.origin}/sign-out")
    assert person.at == f"{app.origin}/", person.page.text
    assert person.page.status == 401
    person.get(f"{region.origin}/apps")
    assert person.at == f"{region.origin}/sign-in"


def test_each_app_is_told_when_another_signs_the_person_out(
    region: Site, app: NodeApp, person: Person
) -> None:
    with node_app(region, "second", *TOLD) as other:
        signed_in(person, app)
        person.get(f"{other.origin}/sign-in")
        assert person.at == f"{other.origin}/"
        person.get(f"{app.origin}/sign-out")
        person.until(f"{other.origin}/", 401)
