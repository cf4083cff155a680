"""What OAuth has a word for: one value per way a request can be refused."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from portvakt.core.messages import MessageId


class ErrorCode(StrEnum):
    """Error codes on the wire, each named by the specification that defines it."""

    # RFC 6749 section 4.1.2.1 (authorize) and 5.2 (token)
    INVALID_REQUEST = "invalid_request"
    ACCESS_DENIED = "access_denied"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    INVALID_SCOPE = "invalid_scope"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    # OpenID Connect Core 1.0 section 3.1.2.6
    LOGIN_REQUIRED = "login_required"
    INTERACTION_REQUIRED = "interaction_required"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    REGISTRATION_NOT_SUPPORTED = "registration_not_supported"
    # RFC 7591 section 3.2.2
    INVALID_REDIRECT_URI = "invalid_redirect_uri"
    INVALID_CLIENT_METADATA = "invalid_client_metadata"
    # RFC 8707 section 2
    INVALID_TARGET = "invalid_target"
    # RFC 8628 section 3.5
    AUTHORIZATION_PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - a wire code, not a secret
    CONSENT_REQUIRED = "consent_required"
    INVALID_REQUEST_URI = "invalid_request_uri"
    INVALID_REQUEST_OBJECT = "invalid_request_object"
    # OpenID Connect Core Error Code unmet_authentication_requirements 1.0
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"
    # RFC 6750 section 3.1
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - a wire code, not a secret
    INSUFFICIENT_SCOPE = "insufficient_scope"
    # RFC 9449 sections 5 and 8
    INVALID_DPOP_PROOF = "invalid_dpop_proof"
    USE_DPOP_NONCE = "use_dpop_nonce"


_STATUS = {
    ErrorCode.INVALID_CLIENT: 401,
    ErrorCode.INVALID_TOKEN: 401,
    ErrorCode.INSUFFICIENT_SCOPE: 403,
    ErrorCode.TEMPORARILY_UNAVAILABLE: 503,
}


@dataclass(frozen=True, slots=True)
class OAuthError:
    """A refusal that a program will read.

    `description` is for the developer of the app: English, and only the characters that RFC 6749
    section 5.2 allows in `error_description` (no quotation marks, no backslash). It never repeats
    what was sent.
    """

    code: ErrorCode
    description: str
    wait: int | None = None
    """Seconds after which trying again may help."""

    @property
    def status(self) -> int:
        """The HTTP status where the error is the answer itself and not a redirect."""
        return _STATUS.get(self.code, 400)

    def parameters(self) -> dict[str, str]:
        """Return the members of a JSON answer or the parameters of a redirect."""
        return {"error": self.code.value, "error_description": self.description}

    def under(self, number: str) -> Self:
        """Return it with the number that `portvakt why` explains it under."""
        return replace(self, description=f"{self.description} Number: {number}")


@dataclass(frozen=True, slots=True)
class Untrusted:
    """A refusal before the app and its address are known good: shown by us, never sent on.

    `message` is the id of the sentence for the person, `error` what the log and the owner of the
    app get to see (RFC 6749 section 4.1.2.1, RFC 9700 section 4.11.2).
    """

    message: MessageId
    error: OAuthError
    rule: str

    @classmethod
    def unreadable(cls, error: OAuthError) -> Self:
        """Refuse what cannot even be decoded."""
        return cls(MessageId("open_app.unreadable"), error, "AuthorizationRequest.parse")
