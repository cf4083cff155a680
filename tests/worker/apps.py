"""Apps on loopback that are told of sign-outs, and check what they are told."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from portvakt.core.ids import AccountId, ClientId, GrantId, SessionId
from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.names import Names
from portvakt.records import AuthorizationCode, Grant, Unit
from tests import make
from tests.conformance.operator import Behave, Operator, Request, answers, operator
from tests.protocols.stage import put_keys
from tests.records.stored import person
from tests.worker.office import KEYS, SEALER, Office, until

ISSUER = "https://login.region.example"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class App:
    """An app with an address where it is told; what it was told is in `there.requests`."""

    there: Operator
    name: str = "shop"
    uri: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def entry(self) -> RelyingParty:
        own = self.uri or f"http://127.0.0.1:{self.there.port}/out"
        return make.app(
            client_id=ClientId(self.name),
            backchannel_logout_uri=own,
            id_token_signed_response_alg="ES256",
            **self.more,
        )

    def tokens(self) -> list[str]:
        """The tokens that came, in their order."""
        return [each.form["logout_token"][0] for each in self.there.requests]

    def told(self) -> list[dict[str, Any]]:
        """What they say, unproven."""
        return [orjson.loads(jws.extract_compact(each.encode()).payload) for each in self.tokens()]


@asynccontextmanager
async def an_app(
    name: str = "shop", behave: Behave | None = None, **more: Any
) -> AsyncIterator[App]:
    """Run an app that takes what it is told, or behaves as it is told."""
    async with operator(behave or answers(200)) as there:
        yield App(there, name, more=more)


async def put_apps(here: Office, *apps: App) -> None:
    """Store their entries, and Anna."""

    async def act(unit: Unit) -> None:
        await unit.people.upsert_many([person()])
        await unit.configuration.put_groups([make.STAFF], "apply")
        await unit.configuration.put_apps([each.entry for each in apps], "apply")
        await put_keys(unit, SEALER)

    await here.records.write(act)


async def put_sessions(
    here: Office, apps: Iterable[App], sessions: Sequence[str] = ("s1",), *, offline: bool = False
) -> None:
    """Open sessions of Anna's, and each app in each of them."""
    now, names = datetime.now(UTC), [each.name for each in apps]

    async def act(unit: Unit) -> None:
        for id_ in sessions:
            await unit.sessions.open(make.session(id=SessionId(id_), created_at=now), b"s" * 32)
            for name in names:
                code = a_code(name, SessionId(id_), now, offline=offline)
                await unit.grants.put_code(code)
                await unit.grants.spend_code(code.hash, now)

    await here.records.write(act)


def a_code(name: str, session: SessionId, now: datetime, *, offline: bool) -> AuthorizationCode:
    """Make the code that an app fetches in a session of Anna's."""
    id_ = f"{session}-{name}"
    grant = Grant(
        id=GrantId(id_),
        account_id=make.ANNA,
        client_id=ClientId(name),
        session_id=session,
        scope=("openid",),
        evidence=(make.evidence(make.PASSWORD),),
        created_at=now,
        expires_at=now + timedelta(hours=1),
        offline=offline,
    )
    return AuthorizationCode(
        hash=id_.encode().ljust(32, b"."),
        grant=grant,
        expires_at=now + timedelta(minutes=1),
        redirect_uri="https://shop.example/cb",
        code_challenge=None,
        nonce=None,
    )


async def end_all(here: Office) -> None:
    """Sign Anna out everywhere."""
    now = datetime.now(UTC)
    await here.records.write(lambda unit: unit.sessions.close_all(make.ANNA, now))


async def believed(here: Office, app: App, token: str, session: str = "s1") -> dict[str, Any]:
    """Check a token as Back-Channel Logout 1.0 section 2.6 has it, and return its claims."""
    ring = KeyRing(records=here.records, sealer=SEALER, random=SystemRandom())
    keys = KeySet.import_key_set(orjson.loads((await ring.signer(datetime.now(UTC))).jwks()))
    return checked(token, keys, app, session)


def checked(
    token: str, keys: KeySet, app: App, session: str = "s1", issuer: str = ISSUER
) -> dict[str, Any]:
    """Check a token against published keys."""
    read = jwt.decode(token, keys, algorithms=["ES256"])
    assert read.header["typ"] == "logout+jwt"
    claims = read.claims
    names, account = Names(KEYS), AccountId(make.ANNA)
    assert claims["iss"] == issuer
    assert claims["aud"] == app.name
    assert claims["sub"] == names.subject(account, app.entry)
    assert claims["sid"] == names.sid(SessionId(session), app.entry)
    assert claims["events"] == {EVENT: {}}
    assert claims["jti"]
    assert "nonce" not in claims
    now = datetime.now(UTC).timestamp()
    assert now - 60 < claims["iat"] <= now + 1
    assert claims["iat"] < claims["exp"] <= claims["iat"] + 120
    return dict(claims)


def fails_first(times: int, status: int = 503) -> Behave:
    """Fail so many times, then take everything."""
    left = times

    async def behave(request: Request, out: asyncio.StreamWriter) -> None:
        nonlocal left
        left -= 1
        await answers(status if left >= 0 else 200)(request, out)

    return behave


async def heard(app: App, times: int = 1) -> None:
    """Wait until an app has been told so many times."""
    await until(lambda: len(app.there.requests) >= times)


def with_entry(app: App, **changes: Any) -> App:
    """The same app with another entry."""
    return replace(app, more=app.more | changes)
