"""What the web part is told when it is built: one frozen description of this installation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import urlsplit

from portvakt.texts import Texts
from portvakt.web.made_guide import NO_GUIDE, MadeGuide

SHOW_DEVICE = "/our-device/show"
"""What is answered at the host where the proxy asks for a device's certificate, and there only."""
DEFAULT_ACCENT = "#0B5A8A"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """The organisation's own picture, as a file of ours: `logo.svg` or `logo.png`."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Who runs this installation, as pages show it."""

    name: str
    colour: str = DEFAULT_ACCENT
    """`#RRGGBB`; darkened or lightened where it would be too pale to read."""
    support_phone: str = ""
    """As people dial it, for example `026-15 40 00`; empty when there is none."""
    logo: Logo | None = None
    """Stands top left in place of our own mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where this installation lives and whom it believes.

    `hosts` maps a host name to the path under `public_url` that it leads to. `random_bytes` is the
    system's randomness, given by the root so that tests can choose it.
    """

    public_url: str
    organisation: Organisation
    texts: Texts
    random_bytes: Callable[[int], bytes]
    hosts: Mapping[str, str] = field(default_factory=dict)
    app_host: str | None = None
    """The host name that serves the authenticator app and nothing else; None: `public_url` does."""
    device_host: str | None = None
    """The host name where the proxy asks for a certificate of a device; None: nowhere."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    guide: MadeGuide = NO_GUIDE
    """The illustrated guide, which pages of registration and reset lead to."""

    @property
    def origin(self) -> str:
        """The one origin that signs people in, as browsers write it in `Origin`."""
        return origin_of(self.public_url)

    @property
    def authority(self) -> str:
        """The `Host` header that belongs to `public_url`, without the scheme's own port."""
        return urlsplit(self.origin).netloc

    @property
    def app_origin(self) -> str:
        """The origin of the authenticator app: keys and screen locks of phones belong to it."""
        return origin_of(self.public_url, self.app_host)

    @property
    def app_authority(self) -> str:
        """The `Host` header of the authenticator app."""
        return urlsplit(self.app_origin).netloc

    @property
    def device_origin(self) -> str | None:
        """The origin where devices show their certificates, if there is one."""
        return None if self.device_host is None else origin_of(self.public_url, self.device_host)

    @property
    def https(self) -> bool:
        """Whether `public_url` is https; only `localhost` may be anything else."""
        return self.public_url.startswith("https://")


@lru_cache(maxsize=16)  # asked for several times in every request, of one or two addresses
def origin_of(public_url: str, host: str | None = None) -> str:
    """Return the origin of an address as browsers write it; of another host beside it if given."""
    parts = urlsplit(public_url)
    host = host or parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    own = {"http": 80, "https": 443}[parts.scheme]
    port = "" if parts.port in (None, own) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
