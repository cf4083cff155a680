"""What of an installation lies on this machine: settings, keys, certificates, room."""

import shutil
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from portvakt.commands.doctor_lines import DAY, Line, last_day, ok, warn, wrong
from portvakt.crypto.certificates import read_pem_certificate
from portvakt.crypto.sealing import WORLD, MasterKeyFileError, read_master_keys
from portvakt.records.addresses import SqliteFile, address_of
from portvakt.settings import Examined, Settings

_OTHERS: Final = 0o077
_OLD_KEY: Final = 365 * DAY
_GIB: Final = 1024**3
_LITTLE, _TOO_LITTLE = 2 * _GIB, _GIB // 5
_ROTATE: Final = "portvakt rotate-keys sealing"


def settings_lines(found: Examined) -> Iterator[Line]:
    """Say everything that is wrong or unwise in the settings."""
    for each in found.errors:
        yield wrong("settings", str(each), f"change {found.source}, then portvakt check-config")
    for each in found.warnings:
        yield warn("settings", str(each), f"change {found.source}, then portvakt check-config")
    if not found.errors and not found.warnings:
        yield ok("settings", f"{found.source} is good")


def machine_lines(settings: Settings, now: datetime) -> Iterator[Line]:
    """Look at everything that is a file here."""
    yield from _master_key(Path(settings.keys.master_file), now)
    yield from _certificate(settings, now)
    yield from _room(settings)
    yield from _proxies(settings)


def _master_key(file: Path, now: datetime) -> Iterator[Line]:
    check = "master key"
    try:
        everybody = file.stat().st_mode & WORLD
    except OSError as error:
        mend = f"bring {file} back from where it is kept, for the account that runs the service"
        if isinstance(error, FileNotFoundError):
            mend = f"a new database: portvakt migrate makes it; else {mend}"
        yield wrong(check, f"{file} cannot be read: {error.strerror}", mend)
        return
    try:
        keys = read_master_keys(file)
    except MasterKeyFileError as error:
        rights = f"chown portvakt {file} && chmod 600 {file}"
        yield wrong(check, str(error), f"chmod o= {file}" if everybody else rights)
        return
    made = keys.made.get(keys.current)
    if made is None:
        yield ok(check, f"{keys.current} seals; the file does not say since when")
        return
    age = now - datetime(made.year, made.month, made.day, tzinfo=UTC)
    said = f"{keys.current} seals, made {made}"
    old = f"{said}: {age // DAY} days ago"
    yield warn(check, old, _ROTATE) if age > _OLD_KEY else ok(check, said)


def _certificate(settings: Settings, now: datetime) -> Iterator[Line]:
    """Look at our own TLS, where no proxy does it."""
    certificate, key = settings.server.tls_certificate_file, settings.server.tls_key_file
    if certificate is None or key is None:
        return
    check = "own TLS"
    renew = f"renew the certificate and write it to {certificate}; it is taken up by itself"
    try:
        read = read_pem_certificate(Path(certificate).read_bytes())
        mode = Path(key).stat().st_mode & 0o777
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except (OSError, ValueError) as error:  # another certificate's key is one of them
        yield wrong(check, f"{certificate} with {key}: {error}", renew)
        return
    if mode & _OTHERS:
        yield wrong(check, f"{key} may be read by others (mode {mode:o})", f"chmod 600 {key}")
    yield last_day(check, read.ends, now, renew)


def _room(settings: Settings) -> Iterator[Line]:
    """See that there is room where we write."""
    database = address_of(settings.database_url)
    places = {"the database": database.path} if isinstance(database, SqliteFile) else {}
    if settings.audit.head_file is not None:
        places["the heads of the audit trail"] = Path(settings.audit.head_file)
    for what, file in places.items():
        folder = file.parent
        if not folder.is_dir():
            make = f"install -d -o portvakt -m 700 {folder}"
            yield wrong("disk", f"{folder}, for {what}, is no folder", make)
            continue
        free = shutil.disk_usage(folder).free
        said = f"{free / _GIB:.1f} GiB free for {what}"
        grow = f"make room on the disk of {folder}"
        if free < _TOO_LITTLE:
            yield wrong("disk", said, grow)
        else:
            yield warn("disk", said, grow) if free < _LITTLE else ok("disk", said)
        if isinstance(database, SqliteFile) and file == database.path and file.exists():
            mode = file.stat().st_mode & 0o777
            if mode & _OTHERS:
                others = f"{file} may be read by others (mode {mode:o})"
                yield wrong("database", others, f"chmod 600 {file}")


def _proxies(settings: Settings) -> Iterator[Line]:
    """See whose word counts for where people come from."""
    trusted = settings.proxies.trusted
    https = urlsplit(settings.public_url).scheme == "https"
    own_tls = settings.server.tls_certificate_file is not None
    if https and not own_tls and not trusted:
        said = "public_url is https, nothing here speaks TLS, and no proxy is trusted"
        yield wrong("proxies", said, "name the proxy in [proxies] trusted, or set tls_key_file")
        return
    host = settings.server.listen.rpartition(":")[0].strip("[]")
    if trusted and not own_tls and not _is_loopback(host):
        said = f"{settings.server.listen} can be reached past the proxy, unencrypted"
        yield warn("proxies", said, "listen on 127.0.0.1, or close the port to all but the proxy")
        return
    named = ", ".join(trusted) or "none, and none is needed"
    yield ok("proxies", f"trusted: {named}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
