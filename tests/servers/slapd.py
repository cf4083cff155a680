"""An OpenLDAP server with a password policy, that the tests start and stop.

It listens on loopback, with and without TLS, on ports of its own; a simple bind without TLS is
refused. Everybody's first password is `PASSWORD`.
"""

import base64
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.authority import Authority, Certificate
from tests.servers.region import NESTED, PEOPLE, Somebody

BASE = "dc=region,dc=example"
PEOPLE_BASE = f"ou=people,{BASE}"
GROUP_BASE = f"ou=groups,{BASE}"
ADMIN = f"cn=admin,{BASE}"
ADMIN_PASSWORD = "Admin-Passw0rd-2026!"
SERVICE = f"cn=portvakt,ou=services,{BASE}"
SERVICE_PASSWORD = "Tjänstekonto-2026-lösen!"
PASSWORD = "Vinter-Sommar-2026!"
LOCKED_AFTER = 5
_PROGRAMS = "/usr/sbin:/sbin"
_ports = itertools.count(20_000 + os.getpid() * 16 % 10_000)

CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload back_monitor
moduleload ppolicy
moduleload syncprov
moduleload memberof
pidfile {folder}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSCACertificateFile {ca_file}
security simple_bind=128
sizelimit {sizelimit}
threads 8
{more}
database mdb
maxsize 2147483648
suffix "{base}"
rootdn "{admin}"
rootpw {password}
directory {folder}/data
{sync}
index objectClass,entryUUID,entryCSN,modifyTimestamp eq
index uid,mail,mobile,member eq
overlay syncprov
syncprov-sessionlog 10000
overlay memberof
overlay ppolicy
ppolicy_default "cn=policy,{base}"
ppolicy_use_lockout
ppolicy_hash_cleartext
access to attrs=userPassword
  by dn.exact="{service}" write
  by self write
  by anonymous auth
  by * none
access to attrs=pwdAccountLockedTime,pwdReset
  by dn.exact="{service}" write
  by * none
access to * by dn.exact="{service}" read by self read by * none
database monitor
access to * by dn.exact="{admin}" read by * none
"""


def program(name: str) -> str:
    """Find a program that Debian may keep off the PATH."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:{_PROGRAMS}")
    if path is None:
        raise FileNotFoundError(f"{name} is not here: tools/setup.sh installs what it belongs to")
    return path


def free_port() -> int:
    """Find a port that nobody listens on, below those that outgoing connections take."""
    for port in _ports:
        with socket.socket() as listening:
            try:
                listening.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("unreachable: the counter has no end")


def ldif(dn: str, values: Mapping[str, str | Sequence[str]]) -> str:
    """Write one entry (RFC 2849), everything in base64 where it is not plain."""
    lines = [_line("dn", dn)]
    for name, value in values.items():
        several = [value] if isinstance(value, str) else value
        lines += [_line(name, each) for each in several]
    return "\n".join(lines) + "\n\n"


def _line(name: str, value: str) -> str:
    if value.isascii() and value.isprintable() and value[:1] not in {"", " ", ":", "<"}:
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"


def person_dn(user_name: str) -> str:
    return f"uid={escaped(user_name)},{PEOPLE_BASE}"


def escaped(name: str) -> str:
    """A value inside a DN (RFC 4514 §2.4), for names that start and end with a letter."""
    return re.sub(r'([,\\#+<>;"=])', r"\\\1", name)


def person_ldif(one: Somebody) -> str:
    values: dict[str, str | Sequence[str]] = {
        "objectClass": ["inetOrgPerson"],
        "uid": one.user_name,
        "cn": one.name,
        "displayName": one.name,
        "givenName": one.given_name,
        "sn": one.family_name,
        "mail": one.email,
        "title": one.title,
        "ou": one.unit,
        "employeeNumber": one.number,
        "userPassword": PASSWORD,
    }
    if one.mobile:
        values["mobile"] = one.mobile
    if one.manager:
        values["manager"] = person_dn(one.manager)
    if one.state == "must_change":
        values["pwdReset"] = "TRUE"
    if one.state in {"disabled", "account_expired"}:
        values["pwdAccountLockedTime"] = "000001010000Z"
    if one.state == "expired":
        values["pwdChangedTime"] = "20200101000000Z"
    return ldif(person_dn(one.user_name), values)


def region_ldif(people: Iterable[Somebody] = PEOPLE) -> str:
    """The tree: policy, service account, people."""
    unit = {"objectClass": "organizationalUnit"}
    policy: dict[str, str | Sequence[str]] = {
        "objectClass": ["person", "pwdPolicy"],
        "cn": "policy",
        "sn": "policy",
        "pwdAttribute": "userPassword",
        "pwdMinLength": "10",
        "pwdCheckQuality": "2",
        "pwdInHistory": "3",
        "pwdMaxFailure": str(LOCKED_AFTER),
        "pwdLockout": "TRUE",
        "pwdMustChange": "TRUE",
        "pwdAllowUserChange": "TRUE",
        "pwdMaxAge": str(180 * 86_400),
    }
    service = {
        "objectClass": "person",
        "cn": "portvakt",
        "sn": "portvakt",
        "userPassword": SERVICE_PASSWORD,
    }
    parts = [
        ldif(BASE, {"objectClass": ["dcObject", "organization"], "dc": "region", "o": "Region"}),
        ldif(f"cn=policy,{BASE}", policy),
        *(ldif(f"ou={ou},{BASE}", {**unit, "ou": ou}) for ou in ("people", "groups", "services")),
        ldif(SERVICE, service),
        *(person_ldif(one) for one in people),
    ]
    return "".join(parts)


def groups_ldif() -> str:
    """Groups in groups, for a running server: only that fills in `memberOf`."""
    parts = []
    for name, (members, groups) in NESTED.items():
        member = [person_dn(each) for each in members] + [f"cn={g},{GROUP_BASE}" for g in groups]
        values: dict[str, str | Sequence[str]] = {"objectClass": "groupOfNames", "cn": name}
        parts.append(ldif(f"cn={name},{GROUP_BASE}", {**values, "member": member}))
    return "".join(parts)


@dataclass(slots=True)
class Slapd:
    """A server with its data in `folder`."""

    folder: Path
    authority: Authority
    certificate: Certificate
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    more: str = ""
    """Further lines of configuration, before the database's."""
    sizelimit: str = "unlimited"
    process: subprocess.Popen[bytes] | None = None

    @property
    def ldaps(self) -> str:
        return f"ldaps://127.0.0.1:{self.tls_port}"

    @property
    def ldap(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @classmethod
    def create(
        cls,
        *,
        content: str | Path | None = None,
        certificate: Certificate | None = None,
        authority: Authority | None = None,
        more: str = "",
        sizelimit: str = "unlimited",
        sync_to_disk: bool = False,
    ) -> "Slapd":
        """Lay out a server with `content` (LDIF, or a file of it) in it; `start` runs it."""
        folder = Path(tempfile.mkdtemp(prefix="portvakt-slapd-"))
        authority = authority or Authority(folder / "tls")
        certificate = certificate or authority.certificate("localhost", "127.0.0.1")
        server = cls(folder, authority, certificate, more=more, sizelimit=sizelimit)
        (folder / "data").mkdir()
        server.write_config(sync_to_disk=sync_to_disk)
        if not isinstance(content, Path):
            (folder / "content.ldif").write_text(content or region_ldif(), encoding="utf-8")
            content = folder / "content.ldif"
        # A copy: Ubuntu's own may only open files below /var/lib/ldap (AppArmor, by path).
        shutil.copy(program("slapd"), folder / "slapd")
        load = [
            f"{folder}/slapd",
            "-Tadd",
            "-q",
            "-w",
            "-f",
            f"{folder}/slapd.conf",
            "-l",
            str(content),
        ]
        subprocess.run(load, check=True, stdin=subprocess.DEVNULL, capture_output=True)
        return server

    @classmethod
    def region(cls) -> "Slapd":
        """Start one with everybody and their groups in it."""
        server = cls.create()
        server.start()
        server.add(groups_ldif())
        for one in PEOPLE:
            if one.state == "locked":
                server.lock(person_dn(one.user_name))
        return server

    def write_config(self, *, sync_to_disk: bool = False) -> None:
        text = CONFIG.format(
            folder=self.folder,
            certificate=self.certificate.certificate,
            key=self.certificate.key,
            ca_file=self.authority.ca_file,
            base=BASE,
            admin=ADMIN,
            password=ADMIN_PASSWORD,
            service=SERVICE,
            more=self.more,
            sizelimit=self.sizelimit,
            sync="" if sync_to_disk else "envflags nosync",
        )
        (self.folder / "slapd.conf").write_text(text, encoding="utf-8")

    def start(self) -> None:
        addresses = f"{self.ldap}/ {self.ldaps}/"
        command = [
            f"{self.folder}/slapd",
            "-d",
            "0",
            "-f",
            f"{self.folder}/slapd.conf",
            "-h",
            addresses,
        ]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)
        until = time.monotonic() + 20
        while not answers("localhost", self.tls_port):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text(encoding="utf-8"))
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def signal(self, number: int) -> None:
        """SIGSTOP makes it silent, SIGCONT wakes it."""
        assert self.process is not None
        self.process.send_signal(number)
        tasks = Path(f"/proc/{self.process.pid}/task")
        while number == signal.SIGSTOP and not all(
            (each / "stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T"
            for each in tasks.iterdir()
        ):
            time.sleep(0.005)

    # What an independent client sees and does.

    def tool(self, name: str, *arguments: str, dn: str, password: str, text: str = "") -> str:
        """Run one of OpenLDAP's own programs and return what it says. Raises what `run` raises."""
        return self.try_tool(name, *arguments, dn=dn, password=password, text=text, check=True)[1]

    def try_tool(
        self,
        name: str,
        *arguments: str,
        dn: str,
        password: str,
        text: str = "",
        check: bool = False,
    ) -> tuple[int, str]:
        """Run one of OpenLDAP's own programs: its exit code (the LDAP result) and its words."""
        secret = self.folder / f"password-{os.getpid()}"
        secret.touch(mode=0o600)
        secret.write_text(password, encoding="utf-8")
        command = [program(name), "-x", "-H", self.ldaps, "-D", dn, "-y", str(secret), *arguments]
        done = subprocess.run(
            command,
            check=False,
            input=text.encode(),
            capture_output=True,
            env={**os.environ, "LDAPTLS_CACERT": str(self.authority.ca_file)},
        )
        words = (done.stdout + done.stderr).decode("utf-8", "replace")
        if check and done.returncode:
            raise RuntimeError(f"{name}: {words}")
        return done.returncode, words

    def knows(self, dn: str, password: str) -> bool:
        """Ask `ldapwhoami` whether the password is right."""
        return self.try_tool("ldapwhoami", dn=dn, password=password)[0] == 0

    def modify(self, dn: str, *changes: str) -> None:
        """Change an entry as the administrator: `replace: mobile\\nmobile: +46…`."""
        text = _line("dn", dn) + "\nchangetype: modify\n" + "\n-\n".join(changes) + "\n"
        self.tool("ldapmodify", dn=ADMIN, password=ADMIN_PASSWORD, text=text)

    def add(self, text: str) -> None:
        """Add entries written as LDIF. A cleartext password is hashed by the server."""
        relax = ("-e", "relax") if "pwdReset" in text or "pwdChanged" in text else ()
        self.tool("ldapadd", *relax, dn=ADMIN, password=ADMIN_PASSWORD, text=text)

    def delete(self, dn: str) -> None:
        self.tool("ldapdelete", dn, dn=ADMIN, password=ADMIN_PASSWORD)

    def move(self, dn: str, rdn: str, parent: str) -> None:
        self.tool("ldapmodrdn", "-r", "-s", parent, dn, rdn, dn=ADMIN, password=ADMIN_PASSWORD)

    def lock(self, dn: str) -> None:
        """Lock somebody out as a stranger would: by wrong passwords."""
        for _ in range(LOCKED_AFTER):
            self.knows(dn, "Fel-lösenord-2026")

    def connections_so_far(self) -> int:
        """How many connections the server has taken since it started (this question's own too)."""
        said = self.tool(
            "ldapsearch", "-LLL", "-o", "ldif_wrap=no", "-s", "base",
            "-b", "cn=Total,cn=Connections,cn=Monitor", "monitorCounter",
            dn=ADMIN, password=ADMIN_PASSWORD,
        )  # fmt: skip
        return int(said.split("monitorCounter: ")[1].split()[0])


def answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 0.5).close()
    except OSError:
        return False
    return True
