"""How an answer reaches the app: in the query, or in a form that the browser posts."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.authorize.checks import (
    FORM_POST,
    check_response_mode,
    check_state,
)
from portvakt.journeys.open_app.oidc.authorize.request import AuthorizationRequest


@dataclass(frozen=True, slots=True)
class ToApp:
    """Send the browser to the app, with a code or with an error."""

    location: str


@dataclass(frozen=True, slots=True)
class PostToApp:
    """Show a page that posts the answer (OAuth 2.0 Form Post Response Mode section 2)."""

    app: RelyingParty
    action: str
    fields: Mapping[str, str]


def answer_to_app(
    request: AuthorizationRequest, app: RelyingParty, issuer: str, members: Mapping[str, str]
) -> ToApp | PostToApp:
    """Add `state` and `iss` (RFC 9207 section 2), and send it where and as the request says.

    The address must have passed `check_redirect_uri`. What cannot be trusted of the rest, such as a
    parameter that came twice, is left out or answered in the query.
    """
    repeated = request.repeated()
    state = request.get("state")
    answer = dict(members)
    if state is not None and "state" not in repeated and check_state(request, app) is None:
        answer["state"] = state
    answer["iss"] = issuer
    address = request.get("redirect_uri") or ""
    wants_form = request.get("response_mode") == FORM_POST and "response_mode" not in repeated
    if wants_form and check_response_mode(request, app) is None:
        return PostToApp(app, address, answer)
    joint = "&" if "?" in address else "?"
    return ToApp(f"{address}{joint}{urlencode(answer)}")
