"""The sign-in state machine: the only place that says what happens next."""

from dataclasses import dataclass
from datetime import datetime

from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.enrolment import Basis
from portvakt.core.ids import AccountId, ClientId, FlowId, SessionId
from portvakt.core.messages import MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One attempt, from first answer to session or refusal: stored, expiring, tied to a browser."""

    id: FlowId
    purpose: str
    """"sign_in" or "methods" (fresh proof before one's own methods are changed)."""
    to: str
    """The local path that it leads to."""
    app: ClientId | None
    account_id: AccountId | None
    """None for a name that nobody has; such a sign-in looks like any other and leads nowhere."""
    claimed: str
    """The canonical typed name; empty when a session started it."""
    evidence: tuple[Evidence, ...] = ()
    chosen: AuthenticatorType | None = None
    session_id: SessionId | None = None
    """The session that asks for fresh proof or more proof."""
    guarded: bool = False
    """The password is soft-locked in this browser: a second factor opens it again."""
    created_at: datetime
    expires_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class AskPassword:
    """Name and password."""


@dataclass(frozen=True, slots=True)
class AskStartCode:
    """Name and start code: for somebody who has no password yet. The same for every name."""


@dataclass(frozen=True, slots=True)
class AskProofFirst:
    """The password is locked in this browser: any second factor opens it.

    The same for every name, so it carries nothing of what is bound.
    """


@dataclass(frozen=True, slots=True)
class AskAuthenticator:
    """A second factor, after the password."""

    offered: tuple[Authenticator, ...]
    """All that would do, best first; never empty."""
    chosen: AuthenticatorType
    """The one to show; one of those offered."""


@dataclass(frozen=True, slots=True)
class AskEnrolment:
    """Open a registration session: the account must bind a method before it can go on."""

    basis: Basis


@dataclass(frozen=True, slots=True)
class AskSecondProof:
    """Nothing is bound and the password is not enough to bind: one of these would do."""

    options: tuple[Basis, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """Open the session, or add the evidence to the one that asked."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """It ends here, and this is said."""

    why: MessageId


Step = (
    AskPassword
    | AskStartCode
    | AskProofFirst
    | AskAuthenticator
    | AskEnrolment
    | AskSecondProof
    | Finish
    | Refuse
)
