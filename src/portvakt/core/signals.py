"""The facts that a rule may look at.

Every field has a value for what is not known, and that value is never a way in: a rule whose
condition looks at a fact that is not known counts as matching (`core.policy`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from portvakt.core.ids import AccountId, ClientId, GroupId, KnownBrowserId, NetworkId
from portvakt.core.our_devices import ShownDevice
from portvakt.core.roles import Role


class Device(StrEnum):
    """Whose computer or phone it is. Nothing but proof makes one ours."""

    OTHER = "other"
    OURS = "ours"


class Action(StrEnum):
    """What the person is about to do. Whoever administers signs in, too."""

    SIGN_IN = "sign_in"
    REGISTER = "register"
    """A first method is bound."""
    RESET = "reset"
    """A forgotten password is replaced."""
    ADMINISTER = "administer"


class Platform(StrEnum):
    """What a browser says that it runs on. Anybody may write anything there."""

    WINDOWS = "windows"
    MAC = "mac"
    LINUX = "linux"
    CHROMEOS = "chromeos"
    ANDROID = "android"
    IOS = "ios"


class ClientKind(StrEnum):
    """In what way an app asks, by its entry and its address here; no request says it."""

    BROWSER = "browser"
    """A web app, and our own pages."""
    NATIVE = "native"
    """An app on a phone or a computer (RFC 8252)."""
    PROXY = "proxy"
    """A host whose proxy asks us before each request (forward-auth)."""
    DEVICE = "device"
    """Something without a keyboard (RFC 8628)."""


class Risk(StrEnum):
    """A kind of trouble that was seen, each with a reason that people can be told."""

    SPRAY = "spray"
    """One password tried at many names, from where this request comes."""
    GUESSING = "guessing"
    """A storm of wrong answers for this name."""
    REFUSED_ON_PHONE = "refused_on_phone"
    """The phone has said no many times."""
    LEAKED_PASSWORD = "leaked_password"  # noqa: S105  # a word in a rule
    NEW_COUNTRY = "new_country"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    UNKNOWN = "unknown"
    """It could not be looked up: counts as each of the others."""


@dataclass(frozen=True, slots=True)
class KnownFrom:
    """A browser in which somebody asked not to be asked again, as its session has it."""

    id: KnownBrowserId
    since: datetime
    """When the second factor was shown. Nothing makes it later."""
    until: datetime

    def since_now(self, now: datetime) -> datetime | None:
        """Return since when the browser is known, if it is."""
        return self.since if now < self.until else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one request shows beside its address; whoever finds a fact out sets it here."""

    device: Device = Device.OTHER
    shown_device: ShownDevice | None = None
    """What the device has shown of itself, where it is ours."""
    known: KnownFrom | None = None
    """The browser, where it is known."""
    user_agent: str = ""
    risk: frozenset[Risk] = frozenset()


NOTHING_SEEN = Seen()


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Where somebody was, and with what, when they opened an app: what a later call cannot show.

    An app calls from wherever it runs, so nothing of this is ever read from such a call.
    """

    networks: frozenset[NetworkId] = frozenset()
    country: str | None = None
    shown_device: ShownDevice | None = None
    """By what the device was ours, so that it can be asked later whether it is still."""
    known: KnownFrom | None = None
    """By what the browser was known, so that the same can be asked of it."""
    platform: Platform | None = None
    client_kind: ClientKind | None = None


NOWHERE = Circumstances()


@dataclass(frozen=True, slots=True)
class Signals:
    """Who, towards which app, from where, when. What is not known counts as outside."""

    account_id: AccountId
    groups: frozenset[GroupId]
    app: ClientId | None
    """None is our own pages, which rules call "portvakt"."""
    networks: frozenset[NetworkId]
    """The named networks that the client's address is in."""
    address_known: bool
    at: datetime
    device: Device = Device.OTHER
    shown_device: ShownDevice | None = None
    """By what it is ours; no rule looks at it."""
    known_for: timedelta | None = None
    """How long ago the second factor was shown after which its person asked in this browser not to
    be asked again; None where the browser is not known. How long that counts, each rule says."""
    known: KnownFrom | None = None
    """By what it is known; no rule looks at it."""
    action: Action = Action.SIGN_IN
    roles: frozenset[Role] | None = None
    """None where they were not read."""
    country: str | None = None
    """ISO 3166-1 alpha-2 of the client's address; None where no database tells."""
    platform: Platform | None = None
    """None where the browser says nothing that we know."""
    client_kind: ClientKind | None = None
    """None where it was not found out."""
    risk: frozenset[Risk] = frozenset()
    """What was seen; whoever cannot look says `Risk.UNKNOWN`."""
    fenced: bool = False
    """Whether the settings let no break-glass account be used at this address."""

    @property
    def circumstances(self) -> Circumstances:
        """What of it is kept for later."""
        return Circumstances(
            networks=self.networks,
            country=self.country,
            shown_device=self.shown_device,
            known=self.known,
            platform=self.platform,
            client_kind=self.client_kind,
        )

    def outside(self) -> "Signals":
        """Return the same person with the same device, at an address that says nothing."""
        return replace(self, networks=frozenset(), address_known=True, country=None)
