"""The Kerberos realm of the test domain, as browsers and our service meet it."""

import os
import subprocess
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from tests.servers.samba import Samba
from tests.servers.samba_domain import BASE, PASSWORD, REALM
from tests.servers.slapd import program

_TOKEN = """
import sys, gssapi
name = gssapi.Name(sys.argv[1], gssapi.NameType.hostbased_service)
mech = gssapi.OID.from_int_seq(sys.argv[2])
sys.stdout.buffer.write(gssapi.SecurityContext(name=name, mech=mech, usage="initiate").step())
"""
_KEYS, _AES = "msDS-SupportedEncryptionTypes", 0x18
_NO_PAC = 0x200_0000  # ADS_UF_NO_AUTH_DATA_REQUIRED
_USER = 0x200
_MECH_TYPES = 0xA0
KERBEROS = bytes.fromhex("2a864886f712010202")
MICROSOFTS_KERBEROS = bytes.fromhex("2a864882f712010202")
"""What Windows 2000 wrote by mistake, and every Windows since first (RFC 4178, appendix C)."""
NTLM = bytes.fromhex("2b06010401823702020a")
NEGOEX = bytes.fromhex("2b06010401823702021e")
SPNEGO, KRB5 = "1.3.6.1.5.5.2", "1.2.840.113554.1.2.2"


@dataclass(frozen=True)
class Realm:
    """A domain with keys for two hosts of ours; other workers of the run have others."""

    folder: Path
    server: Samba
    python: str

    @classmethod
    def of(cls, server: Samba, folder: Path, python: str) -> "Realm":
        """Write `krb5.conf`, and have the domain make and export keys of ours."""
        realm = cls(folder, server, python)
        realm.conf.write_text(
            f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\nrdns = false\n"
            "dns_canonicalize_hostname = false\nudp_preference_limit = 1\n"
            f"[realms]\n{REALM} = {{\nkdc = {server.address}\n}}\n"
            f"[domain_realm]\n.portvakt.test = {REALM}\n",
            encoding="ascii",
        )
        for host in (realm.host, realm.other):
            realm.serve(host)
        return realm

    def serve(self, host: str) -> None:
        """Have the domain know `HTTP/<host>`."""
        account = self.account(host)
        self._domain("user", "create", account, "--random-password")
        self._domain("spn", "add", f"HTTP/{host}", account)
        self.server.modify(self._dn(host), f"replace: {_KEYS}\n{_KEYS}: {_AES}")

    @property
    def host(self) -> str:
        return f"login{os.getpid()}.portvakt.test"

    @property
    def other(self) -> str:
        return f"other{os.getpid()}.portvakt.test"

    @property
    def conf(self) -> Path:
        return self.folder / "krb5.conf"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "KRB5_CONFIG": str(self.conf), "LC_ALL": "C.UTF-8"}

    @staticmethod
    def account(host: str) -> str:
        """Name the account that has the keys of `HTTP/<host>`."""
        return f"webb-{host.partition('.')[0]}"

    @staticmethod
    def service(host: str) -> str:
        return f"HTTP/{host}@{REALM}"

    def keytab(self, host: str = "") -> Path:
        """Return a file with the keys of `HTTP/<host>`."""
        host = host or self.host
        file = self.folder / f"{host}.keytab"
        if not file.exists():
            self._export(f"HTTP/{host}", file)
        return file

    def signed_in(self, user_name: str, *more: str, password: str = PASSWORD) -> Path:
        """Sign in to the computer: a cache with a ticket-granting ticket."""
        cache = self.folder / f"cc-{user_name}-{len(list(self.folder.iterdir()))}"
        self._client("kinit", "-c", cache, *more, f"{user_name}@{REALM}", text=f"{password}\n")
        return cache

    def token(self, cache: Path, host: str = "", mechanism: str = SPNEGO) -> bytes:
        """Make what a browser sends, in a process of its own as a browser is."""
        return subprocess.run(
            [self.python, "-c", _TOKEN, f"HTTP@{host or self.host}", mechanism],
            check=True,
            capture_output=True,
            env=self.environment | {"KRB5CCNAME": str(cache)},
        ).stdout

    def written(self, cache: Path, host: str = "", mechanism: str = SPNEGO) -> str:
        """Return the same as it stands in a header."""
        return b64encode(self.token(cache, host, mechanism)).decode("ascii")

    def without_pac(self, host: str) -> None:
        """Have tickets for this host say nothing of their owners, but the name."""
        flags = "userAccountControl"
        self.server.modify(self._dn(host), f"replace: {flags}\n{flags}: {_USER | _NO_PAC}")

    def delegated(self, user_name: str, *, by: str) -> Path:
        """Have another service get a ticket for us in somebody's name, as it is allowed to."""
        account = self.account(by)
        self._domain("delegation", "add-service", account, f"HTTP/{self.host}")
        self._domain("delegation", "for-any-protocol", account, "on")
        keytab, own, got = (self.folder / f"{account}.{each}" for each in ("keytab", "own", "got"))
        self._export(account, keytab)
        self._client("kinit", "-f", "-k", "-t", keytab, "-c", own, f"{account}@{REALM}")
        self._client(
            "kvno", "-c", own, "-k", keytab, "-U", f"{user_name}@{REALM}", "-P",
            "--out-cache", got, self.service(self.host),
        )  # fmt: skip
        return got

    def _dn(self, host: str) -> str:
        return f"CN={self.account(host)},CN=Users,{BASE}"

    def _domain(self, *arguments: str) -> None:
        database = f"tdb://{self.server.folder}/private/sam.ldb"
        self._tool(*arguments, "-s", str(self.server.conf), "-H", database)

    def _export(self, name: str, file: Path) -> None:
        conf = str(self.server.conf)
        self._tool("domain", "exportkeytab", str(file), f"--principal={name}", "-s", conf)
        file.chmod(0o600)

    def _client(self, name: str, *arguments: str | Path, text: str = "") -> None:
        subprocess.run(
            [program(name), *map(str, arguments)],
            check=True,
            input=text.encode(),
            capture_output=True,
            env=self.environment,
        )

    @staticmethod
    def _tool(*arguments: str) -> None:
        subprocess.run(
            [program("samba-tool"), *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )


def relisted(token: bytes, *mechanisms: bytes) -> bytes:
    """Write another list of mechanisms into a first token of SPNEGO (RFC 4178 section 4.2.1)."""
    ((_, outer),) = _parts(token)
    oid, (_, choice) = _parts(outer)
    ((_, fields),) = _parts(choice)
    listed = _der(0x30, b"".join(_der(0x06, each) for each in mechanisms))
    kept = [_der(tag, body) for tag, body in _parts(fields) if tag != _MECH_TYPES]
    init = _der(0x30, _der(_MECH_TYPES, listed) + b"".join(kept))
    return _der(0x60, _der(*oid) + _der(0xA0, init))


def _parts(body: bytes) -> list[tuple[int, bytes]]:
    """Take DER apart, one level deep: tags of one byte, lengths of any size."""
    found, at = [], 0
    while at < len(body):
        tag, size, at = body[at], body[at + 1], at + 2
        if size & 0x80:
            more = size & 0x7F
            size, at = int.from_bytes(body[at : at + more]), at + more
        found.append((tag, body[at : at + size]))
        at += size
    return found


def _der(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    written = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(written)]) + written + body
