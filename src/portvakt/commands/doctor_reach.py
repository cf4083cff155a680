"""What of an installation lies elsewhere: its own address, gateways, the mail server, directories.

Lines are opened and closed again. No text, no mail and no password is sent.
"""

import asyncio
import socket
import ssl
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from portvakt.commands import doctor_directory
from portvakt.commands.doctor_lines import Line, last_day, ok, warn, wrong
from portvakt.commands.shell import CommandError, Shell
from portvakt.core.directory_findings import Level
from portvakt.crypto.certificates import read_certificate
from portvakt.plugins import AdapterSettingsError, fill
from portvakt.settings import Settings
from portvakt.wire.addresses import Destination

PATIENCE: Final = 4.0
"""Seconds for one place; all are asked at the same time."""
_LONGEST: Final = 1000
_LINES: Final = 100


async def reach_lines(settings: Settings, shell: Shell) -> list[Line]:
    """Ask every place that the service needs whether it is there."""
    looks: list[Awaitable[list[Line]]] = [_own_address(settings, shell), _directories(shell)]
    looks += [_gateway(f"sms {each.gateway}", "sms", each) for each in settings.sms]
    if settings.mail is not None:
        looks.append(_gateway("mail", "mail", settings.mail))
    if settings.wake is not None:
        looks.append(_gateway(f"wake {settings.wake.gateway}", "wake", settings.wake))
    found = [line for lines in await asyncio.gather(*looks) for line in lines]
    return [*_missing(settings), *found]


def _missing(settings: Settings) -> Iterator[Line]:
    if not settings.sms:
        said = "there is no gateway, so nobody can use codes by text message"
        yield warn("sms", said, "add [[sms]] to the settings")
    if settings.mail is None:
        said = "there is no mail server, so nobody is told what changes on their account"
        yield warn("mail", said, "add [mail] to the settings")


async def _own_address(settings: Settings, shell: Shell) -> list[Line]:
    """Look at `public_url` as a browser beside us would."""
    parts, check = urlsplit(settings.public_url), "public_url"
    host, https = parts.hostname or "", parts.scheme == "https"
    place = Destination(parts.scheme, host, parts.port or (443 if https else 80))
    try:
        async with asyncio.timeout(PATIENCE):
            addresses = await _resolved(place)
    except TimeoutError:
        silent = f"no name server has told of {host} in {PATIENCE:g} s"
        return [wrong(check, silent, "see that this machine reaches its name server")]
    except OSError as error:
        return [wrong(check, f"{host} is in no name server: {error}", f"add {host} to the DNS")]
    lines = [ok(check, f"{host} is {', '.join(addresses)}")]
    start = "start `portvakt serve`, and the proxy before it; look at firewalls between here and it"
    try:
        async with (
            asyncio.timeout(PATIENCE),
            _opened(place, _trust(None) if https else None) as line,
        ):
            if https:
                ends = read_certificate(line.certificate()).ends
                renew = f"renew the certificate of {host}"
                lines.append(last_day(check, ends, shell.clock(), renew))
            else:
                lines.append(ok(check, "answers; unencrypted, which is for localhost only"))
    except ssl.SSLCertVerificationError as error:
        said = f"this machine does not trust its certificate: {error.verify_message}"
        lines.append(warn(check, said, "see that every browser does, or renew the certificate"))
    except (OSError, TimeoutError) as error:
        lines.append(warn(check, f"does not answer from here: {_why(error)}", start))
    return lines


async def _resolved(place: Destination) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(
        place.host, place.port, type=socket.SOCK_STREAM
    )
    return sorted({str(each[4][0]) for each in found})


async def _gateway(check: str, kind: str, configured: Any) -> list[Line]:
    """Open a line to every place that an adapter reaches."""
    mend = f"see that {{}} is up, and that the firewall lets this machine there ([{kind}])"
    try:
        config = fill(f"portvakt.{kind}", configured.gateway, configured.options)
    except AdapterSettingsError as error:
        return [wrong(check, str(error), "portvakt check-config")]
    places: tuple[Destination, ...] = config.destinations()
    if not places:
        said = f"{configured.gateway} only writes what it would send"
        return [warn(check, said, f"name a gateway that sends, in [{kind}]")]
    asked = (_place(check, each, config, mend.format(each)) for each in places)
    return list(await asyncio.gather(*asked))


async def _place(check: str, place: Destination, config: Any, mend: str) -> Line:
    if place.host.startswith("*."):
        return ok(check, f"{place} is many places, of which none was asked")
    tls, ca_file = getattr(config, "tls", ""), getattr(config, "ca_file", None)
    try:
        trust = _trust(ca_file) if place.scheme == "https" or tls == "tls" else None
        async with asyncio.timeout(PATIENCE), _opened(place, trust) as line:
            mail = place.scheme == "smtp"
            said = await _greeting(line, starttls=tls == "starttls") if mail else ""
            return ok(check, f"{place} answers{said}")
    except ssl.SSLError as error:
        renew = "renew its certificate, or name who vouches for it (ca_file)"
        return wrong(check, f"{place}: {_why(error)}", renew)
    except (OSError, TimeoutError, UnicodeError, ValueError) as error:
        return wrong(check, f"{place}: {_why(error)}", mend)


class _Line:
    """An open line to one place."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def certificate(self) -> bytes:
        """Return the certificate of the other end. Raises `OSError` where there is none."""
        kept: ssl.SSLObject | None = self.writer.get_extra_info("ssl_object")
        der = None if kept is None else kept.getpeercert(binary_form=True)
        if der is None:
            raise OSError("there is no certificate")
        return der


def _trust(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


@asynccontextmanager
async def _opened(place: Destination, trust: ssl.SSLContext | None) -> AsyncIterator[_Line]:
    """Open a line; encrypted where it is said whom to trust."""
    reader, writer = await asyncio.open_connection(
        place.host.strip("[]"), place.port, ssl=trust, limit=_LONGEST
    )
    try:
        yield _Line(reader, writer)
    finally:
        writer.close()


async def _greeting(line: _Line, *, starttls: bool) -> str:
    """Read what a mail server says first (RFC 5321 section 4.2), and take leave.

    Raises `OSError` where it is unwilling, or has no STARTTLS (RFC 3207) though it should.
    """
    said = await _reply(line)
    if not said[0].startswith("220"):
        raise OSError(f"it greets with {said[0][:80]!r}")
    if starttls:
        line.writer.write(f"EHLO {socket.gethostname()}\r\n".encode("ascii", "replace"))
        offered = {each[4:].split(" ")[0].upper() for each in await _reply(line)}
        if "STARTTLS" not in offered:
            raise OSError("it offers no STARTTLS")
    line.writer.write(b"QUIT\r\n")
    await line.writer.drain()
    return f": {said[0][:80]}"


async def _reply(line: _Line) -> list[str]:
    """Read the lines of one reply: all but the last have a dash after the number."""
    said: list[str] = []
    while len(said) < _LINES:
        said.append((await line.reader.readline()).decode("ascii", "replace").strip())
        if said[-1][3:4] != "-":
            break
    return said


async def _directories(shell: Shell) -> list[Line]:
    """Ask every server of every directory, and tell what is not good."""
    if not shell.settings().directories:
        return []
    nothing = Namespace(directory=None, account=None)
    try:
        found = await doctor_directory.examined(nothing, shell, shell.settings())
    except (AdapterSettingsError, CommandError) as error:
        return [wrong("directory", str(error), "portvakt check-config")]
    lines = []
    for each in found:
        check = f"directory {each.directory}"
        bad = [one for one in each.findings if one.level in _LEVELS]
        lines += [
            _LEVELS[one.level](
                check, f"{each.server}: {one.said}", one.mend or "portvakt doctor directory"
            )
            for one in bad
        ]
        if not bad:
            lines.append(ok(check, f"{each.server} is well"))
    return lines


_LEVELS: Final = {Level.WARNING: warn, Level.PROBLEM: wrong}


def _why(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
