"""What can be set, as frozen structs; `docs/operators/settings.md` is made from this file.

The docstring under a field is its line in that table. A field without a default must be set.
Secrets are never fields of a file: `…_file` names a file that holds one.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec

from portvakt.settings.guide_structs import Guide
from portvakt.settings.kerberos_structs import Kerberos

Count = Annotated[int, msgspec.Meta(ge=1)]
Percent = Annotated[float, msgspec.Meta(gt=0, le=100)]
Days = Annotated[int, msgspec.Meta(ge=1, le=90)]
Length = Annotated[int, msgspec.Meta(ge=8, le=64)]

Span = Annotated[str, msgspec.Meta(pattern=r"\A[1-9][0-9]{0,5}[smh]\Z")]
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def span(text: str) -> timedelta:
    """Return how long a `Span` is."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where `serve` listens."""

    listen: str = "127.0.0.1:8000"
    """Address and port (`127.0.0.1:8000`, `[::1]:8000`). A socket of systemd's comes before it."""
    workers: Count = 1
    """Processes. More than one needs PostgreSQL."""
    tls_certificate_file: str | None = None
    """A certificate (PEM, with its chain): with it `serve` speaks TLS 1.2 and 1.3 itself, where no
    proxy does. A renewed file is taken up by itself."""
    tls_key_file: str | None = None
    """Its private key (PEM)."""


class Proxies(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who stands in front of us."""

    trusted: tuple[str, ...] = ()
    """Addresses (CIDR) of reverse proxies, from which `X-Forwarded-For` and `Client-Cert` count."""
    client_ca_file: str | None = None
    """PEM file of those who issue certificates for apps that show one (`tls_client_auth`)."""


class Hosts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names people can remember; each sends the browser to its part under `public_url`."""

    registration: tuple[str, ...] = ()
    """Names that lead to `/security-info`."""
    reset: tuple[str, ...] = ()
    """Names that lead to `/reset`."""
    apps: tuple[str, ...] = ()
    """Names that lead to `/apps`."""
    authenticator: str | None = None
    """The host name of the authenticator app. It is fixed when the first phone is paired."""
    device: str | None = None
    """The host name where the proxy asks for a certificate of a device; needs `[devices]`."""


class Devices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How our own computers are known: [our own devices](our-devices.md)."""

    authority_file: str | None = None
    """PEM file of those who issue certificates to devices: the very issuers, not just the root."""
    revocation_lists: tuple[str, ...] = ()
    """Where their lists of revoked certificates are: files, or addresses (http or https). With any
    here, a device that no list of its issuer's tells of is not ours."""
    fetch_every: Span = "10m"
    """How often an address is asked for a newer list. Files are looked at four times a minute."""
    lists_count_for: Span = "24h"
    """How long a list counts after it was last read where it is, if its own end is not earlier.
    After that no device of its issuer's is ours."""
    shown_for: Span = "15m"
    """How long it counts in a browser that its device showed a certificate; 8 hours at most. It is
    looked at again without anybody seeing it."""


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person without methods must show to register the first one."""

    first: Literal["second_proof", "welcome_window", "never_password_alone"] = "second_proof"
    """`second_proof`: besides the password a code to a known work phone, a start code, or being
    inside. `welcome_window`: for `welcome_days` the password alone is also enough from outside,
    for accounts without a work phone. `never_password_alone`: inside is not enough either."""
    welcome_days: Days = 14
    """Length of the welcome window, from the latest of start date, import and `invite`."""
    new_phone_by_people: bool = True
    """Somebody who shows the password and has lost the rest can add a new phone when their manager,
    or two colleagues of the unit, say who they are."""
    key_owners_too: bool = False
    """Also where they have a key that works: phishing cannot take a key, but people can be talked
    into a yes. Otherwise support helps them."""


class Authenticator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The authenticator app."""

    digits_after_password: Literal[2, 6] = 2
    """How many digits of the number people type after a password. It is six wherever no password
    was given, whatever is set here; NIST SP 800-63B-4 asks for six everywhere."""


class Passkeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of models of keys: [passkeys](passkeys.md#which-models-are-taken)."""

    metadata: str = ""
    """The metadata of the FIDO Alliance (MDS3, one signed file), read when a process starts."""
    metadata_root: str = ""
    """The root certificate (PEM) that its signature must lead to."""
    metadata_signer: str = "mds.fidoalliance.org"
    """The name that the certificate of whoever signed it must be for."""
    refuse_compromised: bool = False
    """Whether keys that people have already are refused at sign-in when the metadata says that
    their model cannot be trusted any more. New ones always are."""


class PasswordRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a new password must be; nobody is stopped at sign-in by it."""

    least: Length = 15
    """Characters. Under 15 only where no path at all lets a password stand alone."""
    words: tuple[str, ...] = ()
    """Words that are no password by themselves: towns, hospitals, systems. The organisation's name
    and the calendar are always among them."""
    breached_file: str | None = None
    """A list of leaked passwords, made by `portvakt breached-passwords`."""


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key that seals secrets in the database."""

    master_file: str
    """File with the master key. Without it nothing sealed can be opened, so back it up apart."""


class Organisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose sign-in this is, as people see it."""

    name: str = "Portvakt"
    """Name on every page, in text messages and in mail."""
    colour: str = "#0B5A8A"
    """Accent colour `#RRGGBB`. It is darkened where white text on it would be hard to read."""
    support_phone: str = ""
    """Support's phone number, in the foot of every page."""
    logo_file: str | None = None
    """An SVG or PNG file for the top left of every page."""
    country: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{2}\Z")] = "SE"
    """Country (ISO 3166) that numbers without a country code belong to."""


class Sms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text-message gateway; the first that takes a message sends it."""

    gateway: str
    """Which adapter: the name of a module in `portvakt.sms`."""
    name: Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9-]{0,30}\Z")] | None = None
    """What it is called in the log, in figures and in the address of its receipts. Without it: the
    adapter's name, and with its place (`http_form-2`) from the second alike on."""
    allowed_prefixes: tuple[str, ...] = ("+467",)
    """Numbers outside these prefixes are never sent to, nor registered."""
    options: dict[str, Any] = {}
    """Every other key of the table is the adapter's own."""


class TextWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The organisation's own words for texts with a code, in one language.

    Each holds `{organisation}` and `{code}`, and no link. `portvakt texts` shows what comes of it.
    """

    sign_in: str | None = None
    """To sign in."""
    methods: str | None = None
    """Before ways to sign in are changed."""
    bind: str | None = None
    """To register a phone."""
    reset: str | None = None
    """To choose a new password."""


class TextLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many text messages may leave, and what those with a code say."""

    per_day: Count = 20_000
    """Texts with a code on one day. Set it to twice a busy day. From four fifths of it other ways
    are asked for first, and the last tenth is for people without one."""
    per_prefix: dict[str, Count] = {}
    """The same for numbers that begin so, as `"+47" = 200`. A prefix in `allowed_prefixes` that is
    outside the organisation's country gets a twentieth of `per_day` if it is not named."""
    per_address: Count = 30
    """Texts in an hour for one client address, in browsers that are new to the person."""
    per_address_inside: Count = 600
    """The same on a network of the organisation."""
    warn: tuple[str, ...] = ()
    """Mail addresses that are told when texts run short, or no gateway takes them."""
    sv: TextWords = TextWords()
    """The words in Swedish."""
    en: TextWords = TextWords()
    """The words in English."""


class Mail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How mail leaves."""

    gateway: str
    """Which adapter: the name of a module in `portvakt.mail`."""
    sender: str | None = None
    """The `From` address. Without it: `no-reply@` the host of `public_url`."""
    options: dict[str, Any] = {}
    """Every other key of the table is the adapter's own."""


class Wake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How closed phones are woken. Without this table none is, and the app must be opened."""

    gateway: str
    """Which adapter: the name of a module in `portvakt.wake`."""
    options: dict[str, Any] = {}
    """Every other key of the table is the adapter's own."""


class Directory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One directory that people come from, and that keeps their passwords."""

    name: Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9-]{0,30}\Z")]
    """What it is called here: the source of its people. It must never change."""
    kind: str
    """Which adapter: the name of a package in `portvakt.directories`."""
    passwords: bool = True
    """Its people sign in with its passwords, and new ones are written to it."""
    sync_every: Span = "15m"
    """How often changes are followed: `15m`, `2h`. Everything is read once a day."""
    grace: Span = "15m"
    """How long its people sign in without a password while it does not answer: 4 hours at most."""
    options: dict[str, Any] = {}
    """Every other key of the table is the adapter's own."""


class Reset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page for forgotten passwords."""

    slow_way: bool = False
    """A second text, a day after the first, is a second way. It suits where people have a text
    phone, no manager near and no support at night; who has it for a day has the account."""
    two_devices: tuple[str, ...] = ()
    """Groups whose people must not show both ways on one phone."""
    privileged_may: bool = False
    """People with a role here, or in the directory's groups of administrators, can reset, with two
    ways that are not on one phone. Otherwise the page leads them nowhere."""


class Audit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The audit trail: where its head is told, and for how long it is kept."""

    head_file: str | None = None
    """A file that every head of the trail is added to, best on another machine; without it they
    go to the log. What the trail had when a head was told cannot be cut off unseen."""
    keep_days: Count = 730
    """Events are removed when they are older."""
    personal_days: Count = 365
    """What events tell of people is erased when they are older."""


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may read `/metrics`; [monitoring](metrics.md) says what stands there."""

    networks: tuple[str, ...] = ()
    """Networks (CIDR) that may. For everybody else, or where none is named, it is not there."""


class Outgoing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls to addresses that apps give: their keys, where they are told of sign-outs."""

    networks: tuple[str, ...] = ()
    """For test installations: networks (CIDR) of your own that such addresses may lead to, with
    http, too. Otherwise they lead to public addresses and over https only, so that nobody who
    enters an app makes this machine call something inside."""


class Locations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In which country an address is, for [rules](networks-and-rules.md#countries) that ask."""

    database: str = ""
    """A file in MaxMind's format (GeoIP2 or GeoLite2 Country, DB-IP), read when a process starts.
    Without it no country is known, and a rule that names one holds for everybody."""


Risky = Literal["on", "report_only", "off"]


class Risk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is looked for in sign-ins, and from where on it counts: [risk](risk.md)."""

    spray: Risky = "on"
    """`on` asks for more, `report_only` only tells (and rules may name it), `off` does not look."""
    guessing: Risky = "on"
    """The same for many wrong passwords of one person."""
    refused_on_phone: Risky = "on"
    """The same for a phone that says no again and again."""
    leaked_password: Risky = "on"  # noqa: S105  # not a password
    """The same for a password in `breached_file`; with `on` it must be changed."""
    new_country: Risky = "on"
    """The same for a country that is new to the person; needs a database in `[locations]`."""
    impossible_travel: Risky = "on"
    """The same for a way that is too long for the time; needs a database that knows cities."""
    stolen_cookie: Literal["on", "off"] = "on"
    """End a session whose cookie comes from another browser on another network."""
    spray_people: Count = 10
    """People whose password came wrong from one address, and who have not got in from there."""
    spray_people_inside: Count = 100
    """The same on a network of the organisation."""
    spray_share: Percent = 50.0
    """They must be this share, in percent, of those people and those who got in from there."""
    spray_within: Span = "1h"
    """For how long they are counted: 24 hours at most, as for the two below."""
    guesses: Count = 10
    """Wrong passwords for one person since the last sign-in."""
    guesses_within: Span = "24h"
    """For how long they are counted."""
    refused: Count = 3
    """Requests that the phone said no to."""
    refused_within: Span = "24h"
    """For how long they are counted."""
    remembered_days: Count = 90
    """For how long the countries of a person are remembered."""
    speed: Count = 1000
    """Kilometres in an hour that nobody travels."""
    distance: Count = 300
    """Kilometres that are no travel, however soon."""


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written to standard error."""

    format: Literal["json", "text"] = "json"
    """`json` for machines, `text` for people."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is written."""


class BreakGlass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Accounts for the day on which nobody else gets in: see `portvakt break-glass`."""

    alarm: tuple[str, ...] = ()
    """Mail addresses that are told of each use, beside all administrators."""
    networks: tuple[str, ...] = ()
    """From where alone they may be used, as `"10.20.0.0/16"`; empty for from everywhere."""


class Sync(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The brake on mass removal by `import-staff`, `sync` and `apply --prune`."""

    brake: Count = 50
    """A run that would disable more people than this stops, ..."""
    brake_percent: Percent = 2.0
    """... or more than this share of the active people, whichever is larger."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything in `portvakt.toml`."""

    public_url: str
    """The only origin that signs anybody in. https, unless the host is localhost."""
    database_url: str
    """`sqlite:////absolute/path.db` or `postgresql://user@host/name`. Several hosts stand side by
    side, `user@one:5432,two:5432/name`: the one that takes writes is used. A password for the
    database comes from a `PGPASSFILE`, or the whole address from `PORTVAKT_DATABASE_URL`."""
    keys: Keys
    server: Server = Server()
    proxies: Proxies = Proxies()
    hosts: Hosts = Hosts()
    devices: Devices = Devices()
    registration: Registration = Registration()
    authenticator: Authenticator = Authenticator()
    passkeys: Passkeys = Passkeys()
    password_rules: PasswordRules = PasswordRules()
    reset: Reset = Reset()
    organisation: Organisation = Organisation()
    sms: tuple[Sms, ...] = ()
    texts: TextLimits = TextLimits()
    mail: Mail | None = None
    wake: Wake | None = None
    directories: tuple[Directory, ...] = ()
    kerberos: Kerberos | None = None
    guide: Guide = Guide()
    audit: Audit = Audit()
    metrics: Metrics = Metrics()
    outgoing: Outgoing = Outgoing()
    locations: Locations = Locations()
    risk: Risk = Risk()
    break_glass: BreakGlass = BreakGlass()
    log: Log = Log()
    sync: Sync = Sync()
