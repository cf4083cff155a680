"""The rules an authorization request must pass, one function each, in the order they are asked.

Reading the two lists at the end is reading the specification. Each rule takes what was sent and
the app it is for, and returns what is wrong or None. The rules of `BEFORE_REDIRECT` decide whether
the app and the address are known good; until they have passed nothing is sent on to anybody (RFC
6749 section 4.1.2.1). What the rules of `CHECKS` object to is told to the app.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from portvakt.core.assurance import ACR_VALUES
from portvakt.core.messages import MessageId
from portvakt.core.relying_parties import AUTHORIZATION_CODE, RelyingParty, redirect_matches
from portvakt.journeys.open_app.oidc.authorize.demands import PROMPTS, can_be_met
from portvakt.journeys.open_app.oidc.authorize.request import RESOURCE, AuthorizationRequest
from portvakt.journeys.open_app.oidc.claims_request import ClaimsRequest
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError, Untrusted
from portvakt.journeys.open_app.oidc.resources import invalid_target

FORM_POST: Final = "form_post"
NO_APP_NAMED: Final = "open_app.no_app_named"
RESPONSE_MODES: Final = ("query", FORM_POST)

_VISIBLE = re.compile(r"[\x20-\x7e]+")  # VSCHAR, RFC 6749 appendix A
_SHA256 = re.compile(r"[A-Za-z0-9_-]{43}")
_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636 section 4.2: BASE64URL(SHA256(..))
_SCOPES = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")  # RFC 6749 3.3
_WEB = ("https://", "http://")
_SECONDS = re.compile(r"[0-9]{1,9}")

Check: TypeAlias = Callable[[AuthorizationRequest, RelyingParty], OAuthError | None]


def check_client(
    request: AuthorizationRequest, apps: Mapping[str, RelyingParty]
) -> RelyingParty | Untrusted:
    """Find the app that `client_id` names, once and exactly (RFC 6749 section 4.1.1)."""
    sent = request.get("client_id")
    if sent is None or "client_id" in request.repeated():
        why = "client_id must be given exactly once."
        return _untrusted(NO_APP_NAMED, why, "check_client")
    app = apps.get(sent)
    if app is None:
        why = "No app is registered under this client_id."
        return _untrusted("open_app.unknown_app", why, "check_client")
    return app


def check_redirect_uri(request: AuthorizationRequest, app: RelyingParty) -> Untrusted | None:
    """Compare with the registered addresses character by character (RFC 9700 section 4.1.3).

    An address with a fragment is never taken (RFC 6749 section 3.1.2).
    """
    sent = request.get("redirect_uri")
    if sent is None or "redirect_uri" in request.repeated():
        why = "redirect_uri must be given exactly once."
        return _untrusted("open_app.no_address", why, "check_redirect_uri")
    if "#" in sent or not redirect_matches(app, sent):
        why = "redirect_uri is not one of the registered."
        return _untrusted("open_app.unknown_address", why, "check_redirect_uri")
    return None


def check_repeated(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Refuse parameters that came twice (RFC 6749 section 3.1): two readers may pick two values."""
    if request.repeated():
        return _invalid("A parameter was given more than once.")
    return None


def check_state(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Echo back only what RFC 6749 appendix A.5 allows in `state`."""
    state = request.get("state")
    if state is not None and not _VISIBLE.fullmatch(state):
        return _invalid("state may hold visible ASCII characters only.")
    return None


def check_request_objects(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Refuse what names another request, where this one came out of none or brings both.

    An object by value was opened before (`request_object`), and a handle of ours was followed
    (`handles`). No other address is asked for one (OpenID Connect Core section 3.1.2.6).
    """
    if request.get("request") is not None and request.get("request_uri") is not None:
        return _invalid("request and request_uri cannot be combined.")
    for name, code in (
        ("request", ErrorCode.REQUEST_NOT_SUPPORTED),
        ("request_uri", ErrorCode.REQUEST_URI_NOT_SUPPORTED),
        ("registration", ErrorCode.REGISTRATION_NOT_SUPPORTED),
    ):
        if request.get(name) is not None:
            return OAuthError(code, f"The parameter {name} is not supported.")
    return None


def check_grant_type(_request: AuthorizationRequest, app: RelyingParty) -> OAuthError | None:
    """Give codes to apps that may bring them (RFC 6749 section 4.1.2.1)."""
    if AUTHORIZATION_CODE in app.grant_types:
        return None
    needs = "The entry of this app does not allow authorization_code."
    return OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, needs)


def check_response_type(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Answer with a code and nothing else: no implicit flow (RFC 9700 section 2.1.2)."""
    asked = request.get("response_type")
    if asked is None:
        return _invalid("response_type is missing.")
    if asked != "code":
        return OAuthError(
            ErrorCode.UNSUPPORTED_RESPONSE_TYPE, "The only supported response_type is code."
        )
    return None


def check_response_mode(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Answer in the query, or in a form (OAuth 2.0 Multiple Response Types 2.1; Form Post 2).

    A form can be posted to a web server, and not to the scheme of an app on a phone.
    """
    mode = request.get("response_mode")
    if mode not in {None, *RESPONSE_MODES}:
        return _invalid("The supported values of response_mode are query and form_post.")
    if mode == FORM_POST and not (request.get("redirect_uri") or "").startswith(_WEB):
        return _invalid("response_mode form_post needs a redirect_uri of http or https.")
    return None


def check_scope(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Demand `openid` (OpenID Connect Core section 3.1.2.1); unknown scopes are ignored."""
    scope = request.get("scope")
    if scope is None or not _SCOPES.fullmatch(scope) or "openid" not in request.words("scope"):
        return OAuthError(ErrorCode.INVALID_SCOPE, "scope must contain openid.")
    return None


def check_pkce(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Demand S256 from everybody, secret or not (RFC 7636; RFC 9700 section 2.1.1).

    A missing method means `plain` (RFC 7636 section 4.3), which would put the secret itself into
    the address.
    """
    challenge = request.get("code_challenge")
    if challenge is None:
        return _invalid("code_challenge is missing: PKCE is required.")
    if request.get("code_challenge_method") != "S256":
        return _invalid("code_challenge_method must be S256.")
    if not _S256_CHALLENGE.fullmatch(challenge):
        return _invalid("code_challenge must be 43 base64url characters.")
    return None


def check_dpop_jkt(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Take the thumbprint of a key as it is written (RFC 9449 section 10, RFC 7638)."""
    jkt = request.get("dpop_jkt")
    if jkt is not None and not _SHA256.fullmatch(jkt):
        return _invalid("dpop_jkt must be 43 base64url characters.")
    return None


def check_prompt(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Take the prompts we can honour; `none` stands alone (OpenID Connect Core 3.1.2.1)."""
    prompts = request.words("prompt")
    if any(prompt not in PROMPTS for prompt in prompts):
        return _invalid(f"The supported values of prompt are {', '.join(PROMPTS)}.")
    if "none" in prompts and len(prompts) > 1:
        return _invalid("prompt none cannot be combined with another value.")
    return None


def check_max_age(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Take whole seconds only (OpenID Connect Core section 3.1.2.1)."""
    max_age = request.get("max_age")
    if max_age is not None and not _SECONDS.fullmatch(max_age):
        return _invalid("max_age must be a whole number of seconds.")
    return None


def check_resource(request: AuthorizationRequest, app: RelyingParty) -> OAuthError | None:
    """Take the services that the app's entry names (RFC 8707 section 2)."""
    asked = request.every(RESOURCE)
    return None if set(asked) <= set(app.resources) else invalid_target()


def check_claims(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Read `claims` as section 5.5 of OpenID Connect Core describes it, or not at all."""
    if ClaimsRequest.parse(request.get("claims")) is None:
        return _invalid("claims must be a JSON object as OpenID Connect Core 5.5 describes it.")
    return None


def check_acr(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Refuse an essential `acr` that nobody here can reach (OpenID Connect Core 5.5.1.1).

    The code is that of OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
    """
    if can_be_met(request):
        return None
    needs = f"The values of acr are {', '.join(ACR_VALUES)}."
    return OAuthError(ErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS, needs)


def check_lengths(request: AuthorizationRequest, _app: RelyingParty) -> OAuthError | None:
    """Keep what is stored, passed on or looked through small."""
    for name, limit in _LENGTHS:
        if len(request.get(name) or "") > limit:
            return _invalid(f"{name} is longer than {limit} characters.")
    return None


_LENGTHS: Final = (
    *(("nonce", 512), ("login_hint", 254), ("ui_locales", 100)),
    *(("acr_values", 1000), ("id_token_hint", 8192)),
)

CHECKS: tuple[Check, ...] = (
    check_state,  # first: an error is sent back with the state, so it must be fit to send
    check_repeated,
    check_request_objects,
    check_grant_type,
    check_response_type,
    check_response_mode,
    check_scope,
    check_pkce,
    check_dpop_jkt,
    check_prompt,
    check_max_age,
    check_resource,
    check_claims,
    check_acr,
    check_lengths,
)


@dataclass(frozen=True, slots=True)
class Came:
    """By which way a request came."""

    pushed: bool
    """The app itself has sent it (RFC 9126)."""
    signed: bool
    """It stands in an object that the app has signed (RFC 9101)."""


def check_way(came: Came, app: RelyingParty) -> tuple[str, OAuthError] | None:
    """Demand the way that the app's entry names (RFC 9126 section 6, RFC 9101 section 10.5)."""
    if app.require_pushed_authorization_requests and not came.pushed:
        needs = "This app must push its requests (require_pushed_authorization_requests)."
        return "require_pushed_authorization_requests", _invalid(needs)
    if app.require_signed_request_object and not came.signed:
        needs = "This app must sign its requests (require_signed_request_object)."
        return "require_signed_request_object", _invalid(needs)
    return None


def first_objection(
    request: AuthorizationRequest, app: RelyingParty
) -> tuple[str, OAuthError] | None:
    """Return the name of the first rule of `CHECKS` that objects, and what it says."""
    for check in CHECKS:
        if (error := check(request, app)) is not None:
            return check.__name__, error
    return None


def _invalid(description: str) -> OAuthError:
    return OAuthError(ErrorCode.INVALID_REQUEST, description)


def _untrusted(message: str, description: str, rule: str) -> Untrusted:
    return Untrusted(MessageId(message), _invalid(description), rule)
