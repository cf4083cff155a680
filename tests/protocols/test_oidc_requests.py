"""Authorization requests: what is decoded, what is refused, and which rule says so."""

import string
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.ids import ClientId, GroupId
from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.authorize.checks import (
    check_client,
    check_redirect_uri,
    first_objection,
)
from portvakt.journeys.open_app.oidc.authorize.request import MAX_QUERY, AuthorizationRequest
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError, Untrusted

SHOP = RelyingParty(
    client_id=ClientId("shop"),
    client_name="Demobutiken",
    redirect_uris=("https://app.example/callback",),
    groups=frozenset({GroupId("alla")}),
)
GOOD = {
    "response_type": "code",
    "client_id": "shop",
    "redirect_uri": "https://app.example/callback",
    "scope": "openid profile",
    "state": "af0ifjsldkj",
    "nonce": "n-0S6_WzA2Mj",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


def parsed(query: str | bytes) -> AuthorizationRequest:
    request = AuthorizationRequest.parse(query if isinstance(query, bytes) else query.encode())
    assert isinstance(request, AuthorizationRequest)
    return request


def asking(**changes: str | None) -> AuthorizationRequest:
    """Return the good request with some parameters changed, or left out where None."""
    wanted = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return parsed(urlencode(wanted))


def objection(request: AuthorizationRequest) -> ErrorCode | None:
    found = first_objection(request, SHOP)
    return None if found is None else found[1].code


def test_the_ordinary_request_passes_every_rule() -> None:
    request = asking()
    assert check_client(request, {SHOP.client_id: SHOP}) is SHOP
    assert check_redirect_uri(request, SHOP) is None
    assert first_objection(request, SHOP) is None


def test_unknown_parameters_are_ignored() -> None:
    assert objection(asking(acr_values="x", claims="{}", display="page", made_up="1")) is None


@pytest.mark.parametrize(
    "query",
    [
        b"client_id=%zz",
        b"client_id=%",
        b"client_id=%ff%fe",
        b"client_id=%c0%ae",
        b"client_id=%ed%a0%80",
        b"client_id=a%00b",
        b"state=a%0d%0aSet-Cookie:%20x",
        b"client_id=\xc3\xa5",
        b"a=" + b"x" * MAX_QUERY,
        b"&".join(b"p%d=1" % number for number in range(60)),
    ],
)
def test_what_cannot_be_decoded_strictly_is_refused_and_not_repaired(query: bytes) -> None:
    answer = AuthorizationRequest.parse(query)
    assert isinstance(answer, OAuthError)
    assert answer.code is ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(("letters", "fits"), [(852, True), (853, False)])
def test_a_request_is_weighed_as_it_travels_on_and_not_as_it_came(letters: int, fits: bool) -> None:
    """Three octets come of each `(`, and `a=` stands before them."""
    answer = AuthorizationRequest.parse(b"a=" + b"(" * letters)
    assert isinstance(answer, AuthorizationRequest) is fits


def test_the_first_value_that_is_one_counts_and_the_name_came_more_than_once() -> None:
    request = parsed("a=&a=1&a=2&b=3&c=&resource=x&resource=y")
    assert [request.get(name) for name in "abcd"] == ["1", "3", None, None]
    assert request.repeated() == {"a"}


@given(st.binary(max_size=300))
def test_any_octets_are_decoded_or_refused_but_never_a_crash(query: bytes) -> None:
    request = AuthorizationRequest.parse(query)
    if isinstance(request, AuthorizationRequest):
        assert AuthorizationRequest.parse(request.query().encode()) == request


@given(
    st.lists(
        st.tuples(
            st.text(alphabet=string.ascii_letters + "åäö &=%+/?#", min_size=1, max_size=8),
            st.text(max_size=20).filter(lambda text: text.isprintable()),
        ),
        max_size=12,
    )
)
def test_a_request_survives_the_way_to_the_sign_in_page_and_back(
    pairs: list[tuple[str, str]],
) -> None:
    request = AuthorizationRequest(tuple(pairs))
    assert parsed(request.query()) == request


def test_an_app_is_found_by_its_exact_name() -> None:
    for wrong in ("Shop", "shop ", "shop\u200b", "sh", "*", "\u0441hop"):
        answer = check_client(asking(client_id=wrong), {SHOP.client_id: SHOP})
        assert isinstance(answer, Untrusted), wrong
    assert isinstance(check_client(asking(client_id=None), {SHOP.client_id: SHOP}), Untrusted)
    assert isinstance(
        check_client(parsed("client_id=shop&client_id=shop"), {SHOP.client_id: SHOP}), Untrusted
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://app.example.evil.tld/callback",
        "https://app.example/callback/extra",
        "https://app.example/callback?x=1",
        "https://app.example/callback#x",
        "https://app.example/callback/",
        "https://app.example/CALLBACK",
        "https://APP.example/callback",
        "https://app.example:443/callback",
        "https://app.example./callback",
        "https://user@app.example/callback",
        "https://app.example@evil.tld/callback",
        "https://evil.tld\\@app.example/callback",
        "https://appXexample/callback",
        "https://app.example/callback/../other",
        "https://app.example/x/../callback",
        "https://app.example//callback",
        "https://app.example/%63allback",
        "https://app.example/callback%00",
        "http://app.example/callback",
        "//app.example/callback",
        "/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        " https://app.example/callback",
        "https://app.example/callback ",
        "https://app.example/c\u0430llback",
        "https://*/callback",
        "",
    ],
)
def test_a097_an_address_that_is_not_registered_to_the_letter_is_never_trusted(
    address: str,
) -> None:
    assert isinstance(check_redirect_uri(asking(redirect_uri=address), SHOP), Untrusted)


def test_a097_two_addresses_are_never_trusted_even_if_both_are_registered() -> None:
    twice = parsed(f"{asking().query()}&redirect_uri=https://app.example/callback")
    assert isinstance(check_redirect_uri(twice, SHOP), Untrusted)


@pytest.mark.parametrize("name", [name for name in GOOD if name != "client_id"])
def test_a_parameter_that_comes_twice_is_refused(name: str) -> None:
    twice = parsed(f"{asking().query()}&{urlencode({name: GOOD[name]})}")
    if name == "redirect_uri":
        assert isinstance(check_redirect_uri(twice, SHOP), Untrusted)
    assert objection(twice) is ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge": None},
        {"code_challenge": ""},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge_method": "S256 plain"},
        {"code_challenge": "short"},
        {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c="},
        {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"},
        {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMM"},
    ],
)
def test_a099_a_request_without_a_sound_s256_challenge_is_an_invalid_request(
    change: dict[str, str | None],
) -> None:
    assert objection(asking(**change)) is ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    "asked", ["token", "id_token", "id_token token", "code token", "code id_token", "none", "CODE"]
)
def test_a104_only_the_code_flow_is_there(asked: str) -> None:
    assert objection(asking(response_type=asked)) is ErrorCode.UNSUPPORTED_RESPONSE_TYPE


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"response_type": None}, ErrorCode.INVALID_REQUEST),
        ({"response_mode": "fragment"}, ErrorCode.INVALID_REQUEST),
        ({"scope": None}, ErrorCode.INVALID_SCOPE),
        ({"scope": "profile"}, ErrorCode.INVALID_SCOPE),
        ({"scope": "OPENID"}, ErrorCode.INVALID_SCOPE),
        ({"scope": "openid  profile"}, ErrorCode.INVALID_SCOPE),
        ({"scope": 'openid "'}, ErrorCode.INVALID_SCOPE),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, ErrorCode.REQUEST_NOT_SUPPORTED),
        ({"request_uri": "https://evil.tld/r"}, ErrorCode.REQUEST_URI_NOT_SUPPORTED),
        ({"registration": "{}"}, ErrorCode.REGISTRATION_NOT_SUPPORTED),
        ({"prompt": "none login"}, ErrorCode.INVALID_REQUEST),
        ({"prompt": "create"}, ErrorCode.INVALID_REQUEST),
        ({"prompt": "Login"}, ErrorCode.INVALID_REQUEST),
        ({"max_age": "-1"}, ErrorCode.INVALID_REQUEST),
        ({"max_age": "1.5"}, ErrorCode.INVALID_REQUEST),
        ({"max_age": "٣"}, ErrorCode.INVALID_REQUEST),
        ({"max_age": "9" * 30}, ErrorCode.INVALID_REQUEST),
        ({"state": "smörgås"}, ErrorCode.INVALID_REQUEST),
        ({"nonce": "n" * 513}, ErrorCode.INVALID_REQUEST),
        ({"login_hint": "a" * 255}, ErrorCode.INVALID_REQUEST),
        ({"acr_values": "a" * 1001}, ErrorCode.INVALID_REQUEST),
        ({"claims": "{"}, ErrorCode.INVALID_REQUEST),
        ({"claims": "[]"}, ErrorCode.INVALID_REQUEST),
        ({"claims": '{"userinfo": []}'}, ErrorCode.INVALID_REQUEST),
        ({"claims": '{"id_token": {"name": 1}}'}, ErrorCode.INVALID_REQUEST),
        ({"claims": '{"id_token": {"name": {"essential": "yes"}}}'}, ErrorCode.INVALID_REQUEST),
        ({"claims": '{"id_token": {"name": {"values": "x"}}}'}, ErrorCode.INVALID_REQUEST),
        (
            {"claims": '{"id_token": {"acr": {"essential": true, "value": "gold"}}}'},
            ErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS,
        ),
    ],
)
def test_each_rule_objects_in_the_words_of_the_specification(
    change: dict[str, str | None], code: ErrorCode
) -> None:
    assert objection(asking(**change)) is code


def test_an_app_that_may_not_bring_codes_gets_none() -> None:
    """RFC 6749 section 4.1.2.1."""
    robot = replace(SHOP, grant_types=("client_credentials",))
    found = first_objection(asking(), robot)
    assert found is not None
    assert found[1].code is ErrorCode.UNAUTHORIZED_CLIENT


def test_descriptions_hold_only_what_a_redirect_may_carry() -> None:
    """RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E, and nothing of what was sent."""
    for request in (
        asking(scope="<script>"),
        asking(response_type="<script>"),
        asking(prompt="<script>"),
        asking(max_age="<script>"),
        asking(state="å<script>"),
    ):
        found = first_objection(request, SHOP)
        assert found is not None
        text = found[1].description
        assert text.isascii()
        assert not set('"\\') & set(text)
        assert "script" not in text
