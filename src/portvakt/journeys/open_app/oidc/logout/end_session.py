"""Signing out by an app's wish: OpenID Connect RP-Initiated Logout 1.0.

Whoever asks proves nothing, so nothing is ended by the request alone: an ID token of this very
session counts as the app's word (section 4), and without it the person is asked (A107).
"""

import base64
import binascii
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from portvakt.core.events import SessionsEnded
from portvakt.core.ids import ClientId
from portvakt.core.messages import MessageId
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.sessions import Session
from portvakt.crypto.sealing import Sealer, SealError
from portvakt.crypto.signing import Forged
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.authorize.noting import Noting
from portvakt.journeys.open_app.oidc.authorize.request import AuthorizationRequest
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.proving.rules import Rules
from portvakt.proving.visit import Visit, said
from portvakt.records.configuration import Configuration
from portvakt.records.unit import Records, Unit

TICKET: Final = "ticket"
"""Our own parameter: a wish that was read before, sealed."""
TICKET_LIVES: Final = timedelta(minutes=30)
_PLACE: Final = {"table": "end_session", "column": "wish", "row": "-"}
_LONGEST: Final = 8192
ODD_ADDRESS: Final = "check_post_logout_redirect_uri"
_NOT_REGISTERED: Final = OAuthError(
    ErrorCode.INVALID_REQUEST,
    "post_logout_redirect_uri must be one that the entry of the app names, to the letter; "
    "client_id or id_token_hint says which app it is.",
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request comes to: everything in it has been checked."""

    client_id: str | None = None
    """The app that asks, if it is known here."""
    sid: str | None = None
    """The session that it means, by an ID token of ours."""
    to: str | None = None
    """Where it wants the browser to go on: an address that its entry names, to the letter."""
    state: str | None = None
    locales: tuple[str, ...] = ()
    odd_address: bool = False
    """Whether it wants the browser to go on to an address that no entry names."""
    number: str | None = None
    """Under which `portvakt why` explains that, where it was written down."""

    @property
    def onward(self) -> str | None:
        """Return where the browser goes on, with `state` as it came (section 3)."""
        if self.to is None or self.state is None:
            return self.to
        return f"{self.to}{'&' if '?' in self.to else '?'}{urlencode({'state': self.state})}"


@dataclass(frozen=True, slots=True)
class NotRead:
    """A request that means nothing; `message` is the id of the sentence for the person."""

    message: MessageId


@dataclass(frozen=True, slots=True)
class Hinted:
    """What an ID token that was brought as a hint says; None where it says nothing of use."""

    audience: str
    sid: str | None


@dataclass(frozen=True, slots=True)
class EndSession:
    """Reads what an app wishes, and ends a session."""

    issuer: str
    keys: KeyRing
    names: Names
    rules: Rules
    records: Records
    sealer: Sealer
    noting: Noting

    async def read(self, request: AuthorizationRequest, now: datetime) -> Wish | NotRead:
        """Check a request, one rule after the other. Raises RecordsUnavailable."""
        if (ticket := request.get(TICKET)) is not None:
            return self._opened(ticket, now) or NotRead(MessageId("open_app.request_gone"))
        if request.repeated():
            return NotRead(MessageId("open_app.unreadable"))
        configuration = await self.rules.current(now)
        hint = await self._hint(request.get("id_token_hint"), now)
        app = _asking(request.get("client_id"), hint, configuration)
        wanted = request.get("post_logout_redirect_uri")
        to = _registered(wanted, app)
        return Wish(
            client_id=None if app is None else app.client_id,
            sid=None if app is None or hint is None else hint.sid,
            to=to,
            state=request.get("state"),
            locales=request.words("ui_locales"),
            odd_address=wanted is not None and to is None,
        )

    async def _hint(self, token: str | None, now: datetime) -> Hinted | None:
        """Read an ID token that we signed, expired or not, with its key's own algorithm (A101)."""
        if token is None:
            return None
        signer = await self.keys.signer(now)
        found = signer.recognise(token, typ="JWT", issuer=self.issuer, audience=None)
        if isinstance(found, Forged):
            return None
        audience, sid = found.claims.get("aud"), found.claims.get("sid")
        if not isinstance(audience, str):
            return None
        return Hinted(audience, sid if isinstance(sid, str) else None)

    async def noted(self, wish: Wish, visit: Visit) -> Wish:
        """Write down that an address is in no entry, and return the wish with its number."""
        if not wish.odd_address:
            return wish
        app = await self.app(wish, visit.now)
        written = await self.noting.refused(ODD_ADDRESS, _NOT_REGISTERED, app, visit)
        return replace(wish, number=visit.request_id) if written else wish

    def meant(self, wish: Wish, session: Session, app: RelyingParty) -> bool:
        """Say whether the app has shown an ID token of this very session."""
        return wish.sid is not None and wish.sid == self.names.sid(session.id, app)

    async def app(self, wish: Wish, now: datetime) -> RelyingParty | None:
        """Find the app that asks."""
        if wish.client_id is None:
            return None
        return (await self.rules.current(now)).app(ClientId(wish.client_id))

    def ticket(self, wish: Wish, now: datetime) -> str:
        """Seal a wish, so that it can travel through the browser and come back as it was."""
        told = orjson.dumps({**asdict(wish), "at": int(now.timestamp())})
        return base64.urlsafe_b64encode(self.sealer.seal(told, **_PLACE)).decode("ascii")

    def _opened(self, ticket: str, now: datetime) -> Wish | None:
        if len(ticket) > _LONGEST or not ticket.isascii():
            return None
        try:
            sealed = base64.b64decode(ticket, altchars=b"-_", validate=True)
            told: dict[str, Any] = orjson.loads(self.sealer.open(sealed, **_PLACE))
        except (binascii.Error, SealError):
            return None
        made = told.pop("at")
        if not timedelta() <= timedelta(seconds=now.timestamp() - made) < TICKET_LIVES:
            return None
        return Wish(**{**told, "locales": tuple(told["locales"])})

    async def end(self, session: Session, visit: Visit, reason: str) -> None:
        """End a session. What apps were given in it ends too, and they hear of it."""
        event = SessionsEnded(**said(visit, session.account_id), sessions=1, reason=reason)

        async def act(unit: Unit) -> None:
            if await unit.sessions.close(session.id, session.account_id, visit.now):
                await unit.audit.write(event)

        await self.records.write(act)


def _asking(
    named: str | None, hint: Hinted | None, configuration: Configuration
) -> RelyingParty | None:
    """Find the app that asks; none where it and its ID token name two (section 2)."""
    if named is not None and hint is not None and named != hint.audience:
        return None
    client_id = hint.audience if hint is not None else named
    return None if client_id is None else configuration.app(ClientId(client_id))


def _registered(uri: str | None, app: RelyingParty | None) -> str | None:
    """Return the address if the app's entry names it, character for character (section 3)."""
    return uri if app is not None and uri in app.post_logout_redirect_uris else None
