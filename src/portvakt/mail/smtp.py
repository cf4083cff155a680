"""Mail by SMTP submission (RFC 5321, RFC 6409), over TLS unless the server is this machine.

    [mail]
    gateway = "smtp"
    host = "mail.region.example"
    sender = "Region Exempel <no-reply@region.example>"        # of every mailer

Every header is set through the standard library's structured headers, which refuse line ends, and
the address of the person is checked before it is used, so nothing a person typed becomes a header
or a second recipient (ASVS 1.3.11).
"""

import asyncio
import re
import socket
import ssl
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as LINES
from email.utils import format_datetime
from typing import Literal

import aiosmtplib
import msgspec

from portvakt.core.secret import Secret
from portvakt.mail import Letter, Mailer, Outcome, Refused, Sent, Unknown, one_line
from portvakt.plugins import AdapterSettingsError, SecretRef, Tools
from portvakt.wire.addresses import Destination, checked_addresses
from portvakt.wire.trust import trusting

TIME_OUT = 5.0
_PORTS = {"none": 25, "starttls": 587, "tls": 465}
_LONGEST_RECEIPT = 200
_NO = range(400, 600)  # RFC 5321 section 4.2.1
_TEMPORARY = range(400, 500)
_SENDER = re.compile(r"(?:(?P<name>[^<>]*)<(?P<inner>[^<>]+)>|(?P<bare>[^<>]+))")


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to hand mail in."""

    host: str
    """The mail server."""
    port: int | None = None
    """Its port; 587 with STARTTLS, 465 with TLS and 25 with none if not given."""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """How the line is protected. `none` is accepted to loopback only."""
    user: str | None = None
    """Whom to log in as, where the server asks for that."""
    password: SecretRef | None = None
    """The password for that: `{ file = "…" }` or `{ env = "…" }`."""
    private: bool = False
    """That the server lies in a private network."""
    ca_file: str | None = None
    """Who vouches for the server, in place of the system's authorities."""

    def __post_init__(self) -> None:
        if self.tls == "none" and not self._place().is_local:
            raise ValueError('tls = "none" is for loopback only')
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together")

    def _place(self) -> Destination:
        port = _PORTS[self.tls] if self.port is None else self.port
        return Destination("smtp", self.host, port, self.private)

    def destinations(self) -> tuple[Destination, ...]:
        """Reach the mail server."""
        return (self._place(),)

    def open(self, tools: Tools) -> Mailer:
        """Open the mailer; its password is read now, so a missing one stops the start."""
        try:
            sender = _address_of(tools.sender)
        except ValueError as error:
            raise AdapterSettingsError("smtp: sender is not a mail address") from error
        if not sender.display_name:
            sender = Address(tools.organisation, addr_spec=sender.addr_spec)
        password = None if self.password is None else self.password.read()
        return SmtpMailer(self._place(), self, sender, tools.public_host, password, self._tls())

    def _tls(self) -> ssl.SSLContext | None:
        if self.tls == "none":
            return None
        try:
            return trusting(self.ca_file)
        except OSError as error:
            raise AdapterSettingsError("smtp: ca_file cannot be read") from error


def _address_of(text: str) -> Address:
    """Read `Name <local@domain>` or `local@domain`. Raises `ValueError`."""
    found = _SENDER.fullmatch(text)
    if found is None or not text.isprintable():
        raise ValueError("not a mail address")
    return Address(
        (found["name"] or "").strip(), addr_spec=_checked(found["inner"] or found["bare"])
    )


def _checked(address: str) -> str:
    """Return the address with its domain in ASCII form. Raises `ValueError` where it is none.

    Letters outside ASCII stand for themselves in the local part (RFC 6531); all else is judged by
    the standard library, with a plain letter in their place.
    """
    local, _, domain = address.rpartition("@")
    if not address.isprintable() or " " in address:
        raise ValueError("not a mail address")
    plain = "".join(letter if letter.isascii() else "x" for letter in local)
    ascii_domain = domain.encode("idna").decode("ascii")
    try:
        Address(addr_spec=f"{plain}@{ascii_domain}")
    except (HeaderParseError, IndexError) as error:
        raise ValueError("not a mail address") from error
    return f"{local}@{ascii_domain}"


class _Client(aiosmtplib.SMTP):
    """The password goes over TLS or to this machine only, so CRAM-MD5 protects nothing more."""

    AUTH_METHODS = ("plain", "login")


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """Hands each letter in on a connection of its own."""

    place: Destination
    config: Config
    sender: Address
    own_name: str
    password: Secret | None
    tls: ssl.SSLContext | None

    async def send(self, letter: Letter) -> Outcome:
        """Hand one letter in."""
        try:
            to = _checked(letter.to)
            message = _message(letter, self.sender, to)
        except ValueError:
            return Refused("not a mail address", retry=False)
        handing = False
        client: _Client | None = None
        try:
            async with asyncio.timeout(3 * TIME_OUT):
                client = await self._connect()
                await self._introduce(client, to)
                handing = True
                _, receipt = await client.data(message)
                return Sent(receipt[:_LONGEST_RECEIPT])
        except aiosmtplib.SMTPNotSupported:
            return Refused("the server does not take such an address", retry=False)
        except (aiosmtplib.SMTPException, OSError) as error:
            return _meaning(error, handing=handing)
        finally:
            if client is not None:
                client.close()

    async def _connect(self) -> _Client:
        """Connect to an address that was judged, and prove who we are."""
        addresses = await checked_addresses(self.place)
        client = _Client(
            hostname=self.place.host,
            sock=await _open_socket(addresses, self.place.port),
            local_hostname=self.own_name,
            timeout=TIME_OUT,
            use_tls=self.config.tls == "tls",
            start_tls=False,
            tls_context=self.tls,
        )
        await client.connect()
        if self.config.tls == "starttls":
            await client.starttls(tls_context=self.tls)
        if self.config.user is not None and self.password is not None:
            await client.login(self.config.user, self.password.open())
        return client

    async def _introduce(self, client: _Client, to: str) -> None:
        """Say from whom and to whom; a name outside ASCII needs a server that takes it."""
        options = []
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        if not to.isascii():
            if not client.supports_extension("smtputf8"):
                raise aiosmtplib.SMTPNotSupported("SMTPUTF8")
            options = ["SMTPUTF8"]
        await client.mail(self.sender.addr_spec, options=options)
        await client.rcpt(to, encoding="utf-8")


def _meaning(error: Exception, *, handing: bool) -> Refused | Unknown:
    """Read a failure. Its words may repeat the person's address, so only its kind is kept.

    That the server does not let us in is for an operator to mend, and the letter can wait for it.
    """
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return Refused("the server does not let us in", retry=True)
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code in _NO:
        return Refused(f"status {error.code}", retry=error.code in _TEMPORARY)
    why = type(error).__name__
    return Unknown(why) if handing else Refused(f"not reached: {why}", retry=True)


async def _open_socket(addresses: tuple[str, ...], port: int) -> socket.socket:
    """Connect to the first address that answers."""
    last: OSError = OSError("no address")
    for address in addresses:
        opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        opened.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        try:
            async with asyncio.timeout(TIME_OUT):
                await asyncio.get_running_loop().sock_connect(opened, (address, port))
        except OSError as error:
            opened.close()
            last = error
        except asyncio.CancelledError:
            opened.close()
            raise
        else:
            return opened
    raise last


def _message(letter: Letter, sender: Address, to: str) -> bytes:
    """Write the mail. Raises `ValueError` where a header would hold a line end."""
    message = EmailMessage(policy=LINES if to.isascii() else LINES.clone(utf8=True))
    message["From"] = sender
    local, _, domain = to.rpartition("@")
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = one_line(letter.subject)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.key}@{sender.domain}>"  # the same for each try
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
    message["X-Auto-Response-Suppress"] = "All"  # Exchange's word for the same
    message.set_content(letter.text, cte="quoted-printable")
    if letter.html is not None:
        message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    if letter.language is not None:  # after the parts, which would take it along
        message["Content-Language"] = letter.language  # RFC 3282
    return message.as_bytes()
