"""Which apps a person may open from here, and what each will ask for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from unicodedata import normalize
from urllib.parse import urlencode, urlsplit

from portvakt.core.assurance import Evidence, meets
from portvakt.core.events import AppOpened, SessionsEnded
from portvakt.core.ids import AccountId, ClientId
from portvakt.core.people import Account
from portvakt.core.portal import OTHERS, Choices, only_known
from portvakt.core.relying_parties import SWEDEN_CONNECT, RelyingParty
from portvakt.core.sessions import Session
from portvakt.proving.destination import asks_itself
from portvakt.proving.rules import Verdict, judge, kind_of
from portvakt.proving.visit import Visit
from portvakt.records.configuration import Configuration
from portvakt.records.unit import Records, Unit

_WEB = ("http", "https")
READ: Final = 50
"""Events to look through for what was opened last."""
RECENTLY: Final = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Entry:
    """An app or link that the person may open, its address, and whether more is asked first."""

    id: ClientId
    name: str
    href: str
    icon: str | None
    verdict: Verdict | None
    """What the rules, and its own entry, say of an app; nobody is asked about a link."""
    enough: bool


def openable(
    configuration: Configuration,
    account: Account,
    evidence: tuple[Evidence, ...],
    visit: Visit,
    issuer: str,
) -> tuple[Entry, ...]:
    """Return what the person may open, by name. What a rule blocks from here is left out.

    Apps of one kind that no rule names fare alike, so they are judged once.
    """
    named = configuration.apps_in_rules
    verdicts: dict[str, Verdict] = {}
    found = [
        Entry(each.id, each.name, each.address, each.icon, None, enough=True)
        for each in configuration.links
        if not each.groups.isdisjoint(account.groups)
    ]
    for app in configuration.apps_for(account.groups):
        href = start_address(app, issuer)
        if href is None:
            continue
        alike = app.client_id if app.client_id in named else f"any {kind_of(app)}"
        verdict = verdicts.get(alike)
        if verdict is None:
            at, seen = visit.address, visit.seen
            verdict = judge(configuration, account, app.client_id, at, visit.now, seen)
            verdicts[alike] = verdict
        if not verdict.decision.blocked:
            asked = verdict.asking(asks_itself(app), app)
            enough = meets(evidence, asked.decision.requirement, visit.now)
            enough = enough and app.profile != SWEDEN_CONNECT  # whose every sign-in is a new one
            found.append(Entry(app.client_id, app.client_name, href, app.icon, asked, enough))
    return tuple(sorted(found, key=lambda each: _by_name(each.name)))


def _by_name(name: str) -> str:
    """Sort as people look: without regard to case, å ä ö last, other accents with their letter."""
    folded = name.casefold().replace("å", "{").replace("ä", "|").replace("ö", "}")
    return "".join(each for each in normalize("NFD", folded) if each.isprintable())


def start_address(app: RelyingParty, issuer: str) -> str | None:
    """Return where a browser goes to open the app, or None where the app has no such place.

    `initiate_login_uri` begins a sign-in at once and is told who asks (OpenID Connect Core section
    4); else the app's own page, else the origin that it wants its answers at, else a guarded host.
    """
    if app.initiate_login_uri is not None and _is_web(app.initiate_login_uri):
        joint = "&" if "?" in app.initiate_login_uri else "?"
        return f"{app.initiate_login_uri}{joint}{urlencode({'iss': issuer})}"
    if app.client_uri is not None and _is_web(app.client_uri):
        return app.client_uri
    for address in app.redirect_uris:
        if _is_web(address):
            parts = urlsplit(address)
            return f"{parts.scheme}://{parts.netloc}/"
    return f"https://{app.forward_auth_hosts[0]}/" if app.forward_auth_hosts else None


def _is_web(address: str) -> bool:
    return urlsplit(address).scheme in _WEB


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored for the portal of one person."""

    asked: bool
    """Somebody who has forgotten their password asks this person to stand up."""
    choices: Choices
    recent: tuple[ClientId, ...]
    """What they opened last, the newest first."""


async def kept(records: Records, account_id: AccountId, now: datetime) -> Kept:
    """Read it in three statements. Raises RecordsUnavailable."""

    async def act(unit: Unit) -> Kept:
        waiting = await unit.vouches.waiting_for(account_id, now)
        asked = any(all(vouch.person != account_id for vouch in each.given) for each in waiting)
        opened = await unit.audit.of_kind(account_id, [AppOpened.name], READ, now - RECENTLY)
        recent = dict.fromkeys(ClientId(each.detail["app"]) for each in opened)
        return Kept(asked, await unit.portal_choices.load(account_id), tuple(recent))

    return await records.read(act)


async def rearrange(
    records: Records,
    account_id: AccountId,
    configuration: Configuration,
    change: Callable[[Choices], Choices],
    now: datetime,
) -> None:
    """Change how a person has arranged their tiles, one change after the other.

    What names apps and collections that are gone is forgotten on the way.
    """
    known = configuration.known_apps | {each.id for each in configuration.links}
    places = {OTHERS, *(each.id for each in configuration.collections)}

    async def act(unit: Unit) -> None:
        await unit.turn(f"portal {account_id}")
        before = await unit.portal_choices.load(account_id)
        after = only_known(change(before), known, places)
        if after != before:
            await unit.portal_choices.put(account_id, after, now)

    await records.write(act)


async def sign_out(records: Records, session: Session, visit: Visit, reason: str) -> None:
    """End the session. What apps were given in it ends too: a grant stands as long as it does."""
    ended = SessionsEnded(
        at=visit.now,
        account_id=session.account_id,
        request_id=visit.request_id,
        address=visit.address,
        sessions=1,
        reason=reason,
    )

    async def act(unit: Unit) -> None:
        if await unit.sessions.close(session.id, session.account_id, visit.now):
            await unit.audit.write(ended)

    await records.write(act)


def letter_of(name: str) -> str:
    """Return the letter that stands for an app without a picture."""
    return next((each.upper() for each in name if each.isalnum()), "•")
