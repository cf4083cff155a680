"""What settings must not say, and what they had better not.

Each rule is one function that notes problems and returns nothing, so that a start that fails says
everything at once. Nothing here asks the network: a name is judged as it is written.
"""

import ipaddress
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path as File
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from portvakt.common_passwords.blocklist import Blocklist, BrokenListError
from portvakt.core.networks import is_too_wide
from portvakt.core.password_rules import ALONE
from portvakt.plugins import names as adapters
from portvakt.records.addresses import SqliteFile, address_of
from portvakt.settings.device_checks import check_devices
from portvakt.settings.directory_checks import check_directories, check_kerberos
from portvakt.settings.guide_checks import check_guide
from portvakt.settings.structs import Settings, span
from portvakt.settings.text_checks import check_texts
from portvakt.strict_toml import Problems
from portvakt.toml_places import Path
from portvakt.web.colours import LEAST_CONTRAST, accent_on_light, contrast

_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_PREFIX = re.compile(r"\+[1-9][0-9]{0,14}")
_PLACE = re.compile(r"-[0-9]+$")
_PHONE = re.compile(r"\+?[0-9][0-9 ()/-]{1,30}")
_ADDRESS = r"[^@\s<>]+@[^@\s<>]+"
_SENDER = re.compile(rf"[^<>\x00-\x1f]*<{_ADDRESS}>|{_ADDRESS}")
_LAST_PORT = 65535
_MOST_LOOKED_BACK = timedelta(days=1)
"""As long as it is kept from where wrong passwords came (`records.expired`)."""
_LOGOS = (".svg", ".png")


def check_file(table: Mapping[str, Any], problems: Problems) -> None:
    """Refuse secrets that stand in the file itself; the environment may carry them."""
    url = table.get("database_url")
    if isinstance(url, str) and _has_password(url):
        problems.add(
            ("database_url",),
            "a secret is a file or a variable, never a value: name the password in a PGPASSFILE, "
            "or give the whole address in PORTVAKT_DATABASE_URL",
        )


def check(settings: Settings, problems: Problems) -> None:
    """Note everything that contradicts itself, is unsafe, or is unwise."""
    _public_url(settings, problems)
    _database(settings, problems)
    _listen(settings, problems)
    _tls(settings, problems)
    _proxies(settings, problems)
    _hosts(settings, problems)
    check_devices(settings, problems)
    _reset(settings, problems)
    _organisation(settings, problems)
    _audit(settings, problems)
    _metrics(settings, problems)
    _outgoing(settings, problems)
    if settings.registration.first == "welcome_window":
        problems.warn(
            ("registration", "first"),
            "lets whoever knows a new person's password register from anywhere for "
            f"{settings.registration.welcome_days} days; each use is an event and a mail",
        )
    _passkeys(settings, problems)
    _password_rules(settings, problems)
    _keys(settings, problems)
    _sms(settings, problems)
    check_texts(settings, problems)
    _mail(settings, problems)
    _risk(settings, problems)
    check_directories(settings, problems)
    check_kerberos(settings, problems)
    check_guide(settings, problems)


def is_loopback(host: str) -> bool:
    """Whether a host name or address, as written, can only be this machine."""
    host = host.lower().strip("[]")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Read a CIDR or a single address. Raises ValueError with a sentence."""
    try:
        return ipaddress.ip_network(text, strict=True)
    except ValueError as error:
        if "host bits" in str(error):
            right = ipaddress.ip_network(text, strict=False)
            raise ValueError(f"“{text}” has host bits set; did you mean “{right}”?") from None
        raise ValueError(f"“{text}” is not a network such as 10.20.0.0/16") from None


def _passkeys(settings: Settings, problems: Problems) -> None:
    ours = settings.passkeys
    for name, other in (("metadata", "metadata_root"), ("metadata_root", "metadata")):
        file = getattr(ours, name)
        if file and not getattr(ours, other):
            problems.add(("passkeys", name), f"is of no use without “{other}”")
        elif file and not File(file).is_file():
            problems.add(("passkeys", name), f"there is no file {file}")
    if not _HOST.fullmatch(ours.metadata_signer):
        problems.add(("passkeys", "metadata_signer"), "is not a host name in lower-case ASCII")
    if ours.refuse_compromised and not ours.metadata:
        problems.add(("passkeys", "refuse_compromised"), "is of no use without “metadata”")


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None or "password=" in url
    except ValueError:
        return False


def _public_url(settings: Settings, problems: Problems) -> None:
    where: Path = ("public_url",)
    parts = _split(settings.public_url, where, problems)
    if parts is None:
        return
    host = parts.hostname or ""
    if parts.username is not None or parts.query or parts.fragment or parts.path not in {"", "/"}:
        problems.add(where, "is an origin only: https://host, with a port where it is not 443")
    if parts.scheme != "https" and not is_loopback(host):
        problems.add(where, "must be https, unless the host is localhost")
    if not _HOST.fullmatch(host) and not is_loopback(host):
        problems.add(where, f"“{host}” is not a host name in lower-case ASCII")


def _split(url: str, where: Path, problems: Problems) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in {"http", "https"} or not parts.hostname or url != url.strip():
        problems.add(where, f"“{url}” is not an address such as https://logga-in.region.example")
        return None
    return parts


def _database(settings: Settings, problems: Problems) -> None:
    try:
        address = address_of(settings.database_url)
    except ValueError as error:
        problems.add(("database_url",), _without_password(str(error), settings.database_url))
        return
    if isinstance(address, SqliteFile) and settings.server.workers > 1:
        problems.add(
            ("server", "workers"),
            "SQLite is for one process; more workers need PostgreSQL in database_url",
        )
    asked = dict(parse_qsl(urlsplit(settings.database_url).query))
    for name in ("sslrootcert", "sslcert", "sslkey", "passfile"):
        if name in asked and not File(asked[name]).is_file():
            problems.add(("database_url",), f"{name}: there is no file {asked[name]}")


def _without_password(said: str, url: str) -> str:
    return "is not a database address" if _has_password(url) else said


def _listen(settings: Settings, problems: Problems) -> None:
    if not is_place_to_listen(settings.server.listen):
        problems.add(("server", "listen"), "is not an address and a port, such as 127.0.0.1:8000")


def _tls(settings: Settings, problems: Problems) -> None:
    named = {
        "tls_certificate_file": settings.server.tls_certificate_file,
        "tls_key_file": settings.server.tls_key_file,
    }
    missing = [key for key, value in named.items() if not value]
    if len(missing) == len(named):
        return
    for key in missing:
        problems.add(("server", key), "is missing: a certificate and its key belong together")
    if not settings.public_url.startswith("https:"):
        problems.add(("public_url",), "must be https where `serve` speaks TLS itself")


def is_place_to_listen(text: str) -> bool:
    """Whether a text is an address or a name, a colon and a port; IPv6 in square brackets."""
    host, colon, port = text.rpartition(":")
    if not (colon and port.isascii() and port.isdigit() and 0 <= int(port) <= _LAST_PORT):
        return False
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return _HOST.fullmatch(host) is not None
    return True


def _proxies(settings: Settings, problems: Problems) -> None:
    where: Path = ("proxies", "trusted")
    for at, text in enumerate(settings.proxies.trusted):
        try:
            if is_too_wide(network(text)):
                problems.add((*where, at), f"“{text}” would let anybody choose their own address")
        except ValueError as error:
            problems.add((*where, at), str(error))
    authorities = settings.proxies.client_ca_file
    if authorities is not None and not File(authorities).is_file():
        problems.add(("proxies", "client_ca_file"), f"there is no file {authorities}")
    ends_tls = settings.server.tls_certificate_file is not None
    if settings.public_url.startswith("https:") and not (settings.proxies.trusted or ends_tls):
        problems.warn(
            where,
            "is empty although public_url is https: whoever ends TLS for us will look like every "
            "visitor, so nobody is on a named network",
        )


def _hosts(settings: Settings, problems: Problems) -> None:
    hosts = settings.hosts
    named: list[tuple[Path, str]] = []
    for key in ("registration", "reset", "apps"):
        named += [(("hosts", key, at), name) for at, name in enumerate(getattr(hosts, key))]
    if hosts.authenticator is not None:
        named.append((("hosts", "authenticator"), hosts.authenticator))
    if hosts.device is not None:
        named.append((("hosts", "device"), hosts.device))
    try:
        seen = {urlsplit(settings.public_url).hostname or "": "public_url"}
    except ValueError:
        seen = {}
    for where, name in named:
        if not _HOST.fullmatch(name):
            problems.add(where, f"“{name}” is not a host name in lower-case ASCII, without a port")
        elif name in seen:
            problems.add(where, f"“{name}” is already {seen[name]}")
        else:
            seen[name] = f"hosts.{where[1]}"


def _reset(settings: Settings, problems: Problems) -> None:
    if settings.reset.privileged_may:
        problems.warn(
            ("reset", "privileged_may"),
            "lets whoever holds two of an administrator's ways take over what the administrator "
            "may do; a start code from support is safer",
        )


def _audit(settings: Settings, problems: Problems) -> None:
    ours = settings.audit
    if ours.personal_days > ours.keep_days:
        problems.add(("audit", "personal_days"), "is longer than keep_days, when the event is gone")
    if ours.head_file is None and settings.log.level in {"warning", "error"}:
        problems.warn(
            ("log", "level"),
            "keeps the head of the audit trail out of the log; name an audit.head_file, or a trail "
            "that was cut off is not found",
        )
    elif ours.head_file is not None and not File(ours.head_file).parent.is_dir():
        problems.add(("audit", "head_file"), "is in a folder that does not exist")


def _organisation(settings: Settings, problems: Problems) -> None:
    ours = settings.organisation
    if not ours.name.strip() or not ours.name.isprintable():
        problems.add(("organisation", "name"), "must be a name on one line")
    if not _COLOUR.fullmatch(ours.colour):
        problems.add(("organisation", "colour"), "is not a colour such as #0B5A8A")
    elif (shown := accent_on_light(ours.colour)).changed:
        problems.warn(
            ("organisation", "colour"),
            f"{ours.colour} with white reaches {contrast(ours.colour, '#FFFFFF'):.1f}:1, and "
            f"{LEAST_CONTRAST}:1 is needed on every page; {shown.colour} is shown instead",
        )
    if ours.support_phone and not _PHONE.fullmatch(ours.support_phone):
        problems.add(("organisation", "support_phone"), "is not a phone number")
    if ours.logo_file is not None:
        if not ours.logo_file.lower().endswith(_LOGOS):
            problems.add(("organisation", "logo_file"), "must be an .svg or .png file")
        elif not File(ours.logo_file).is_file():
            problems.add(("organisation", "logo_file"), f"there is no file {ours.logo_file}")


def _metrics(settings: Settings, problems: Problems) -> None:
    where: Path = ("metrics", "networks")
    _networks(where, settings.metrics.networks, problems)
    if settings.metrics.networks and settings.server.workers > 1:
        problems.warn(
            where,
            f"each of the {settings.server.workers} processes counts for itself, and whoever asks "
            "meets one of them; processes with a port each are better to watch",
        )


def _networks(where: Path, texts: tuple[str, ...], problems: Problems) -> None:
    for at, text in enumerate(texts):
        try:
            if network(text).prefixlen == 0:
                problems.warn((*where, at), f"“{text}” is everybody")
        except ValueError as error:
            problems.add((*where, at), str(error))


def _outgoing(settings: Settings, problems: Problems) -> None:
    where: Path = ("outgoing", "networks")
    _networks(where, settings.outgoing.networks, problems)
    if settings.outgoing.networks:
        problems.warn(
            where,
            "is for test installations: whoever enters an app can have this machine call what is "
            "in these networks, unencrypted too",
        )


def _password_rules(settings: Settings, problems: Problems) -> None:
    ours = settings.password_rules
    if ours.least < ALONE:
        problems.warn(
            ("password_rules", "least"),
            f"under {ALONE} is for organisations where every rule asks for two factors, on every "
            "network and for every app",
        )
    if ours.breached_file is None:
        return
    try:
        Blocklist.open(File(ours.breached_file))
    except OSError as error:
        said = f"cannot be read: {error.strerror}"
        problems.add(("password_rules", "breached_file"), said)
    except BrokenListError as error:
        problems.add(("password_rules", "breached_file"), str(error))


def _keys(settings: Settings, problems: Problems) -> None:
    where: Path = ("keys", "master_file")
    file = File(settings.keys.master_file)
    if not settings.keys.master_file.strip():
        problems.add(where, "names no file")
    elif not file.exists():
        problems.warn(where, f"there is no file {file} yet; `portvakt migrate` makes it")
    elif not file.is_file():
        problems.add(where, f"{file} is not a file")
    elif file.stat().st_mode & 0o077:
        problems.warn(where, f"{file} can be read by others; `chmod 600 {file}`")


def _sms(settings: Settings, problems: Problems) -> None:
    taken: set[str] = set()
    for at, sms in enumerate(settings.sms):
        where: Path = ("sms", at)
        if sms.name is not None:
            if sms.name in taken:
                problems.add((*where, "name"), f"“{sms.name}” is taken")
            elif _PLACE.sub("", sms.name) in adapters("portvakt.sms"):
                said = f"“{sms.name}” is what a gateway without a name is called"
                problems.add((*where, "name"), said)
            taken.add(sms.name)
        if not sms.allowed_prefixes:
            problems.add((*where, "allowed_prefixes"), "is empty, so nothing could ever be sent")
        for place, prefix in enumerate(sms.allowed_prefixes):
            if not _PREFIX.fullmatch(prefix):
                problems.add(
                    (*where, "allowed_prefixes", place), f"“{prefix}” is not a prefix such as +467"
                )


def _risk(settings: Settings, problems: Problems) -> None:
    for name in ("spray_within", "guesses_within", "refused_within"):
        if span(getattr(settings.risk, name)) > _MOST_LOOKED_BACK:
            problems.add(("risk", name), "is more than 24 hours")


def _mail(settings: Settings, problems: Problems) -> None:
    mail = settings.mail
    if mail is None:
        return
    if mail.sender is not None and not _SENDER.fullmatch(mail.sender):
        problems.add(("mail", "sender"), f"“{mail.sender}” is not a mail address")
