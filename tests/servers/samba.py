"""A real Active Directory domain controller: Samba 4, that the tests provision, start and stop.

Its ports are fixed, so it listens on a loopback address of its own (127.x.y.z), with its own
certificate; several of them get along on one machine. Everybody's first password is `PASSWORD`.
It needs root, as a domain controller does.
"""

import base64
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.authority import Authority, Certificate
from tests.servers.region import NESTED, PEOPLE, Somebody
from tests.servers.samba_domain import (
    BACKDATE,
    BASE,
    FILL,
    GROUP_BASE,
    PASSWORD,
    PEOPLE_BASE,
    REALM,
    filetime,
    person_dn,
    person_ldif,
    quoted,
)
from tests.servers.slapd import answers, ldif, program

DOMAIN = "CORP"
HOST = "dc1.corp.portvakt.test"
ADMIN = f"Administrator@{REALM}"
ADMIN_PASSWORD = "Adm1n-Passw0rd-2026!"
SERVICE = f"CN=portvakt,CN=Users,{BASE}"
SERVICE_PASSWORD = "Tjänstekonto-2026-lösen!"
LOCKED_AFTER = 5
_PORTS = (88, 389, 445, 464, 636)
_SERVICES = "rpc,ldap,cldap,kdc,s3fs,winbindd"
_numbers = itertools.count(1)
_ALONE = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run/samba && exec "$@"', "sh")
"""Runs a program with a `/run/samba` that nobody else sees. Where winbindd's socket is was compiled
into Samba's library, so of two domain controllers the one that stops takes it from the other, whose
file server then lets nobody in."""


def own_address() -> str:
    """Pick a loopback address that no other run listens on."""
    for _ in range(100):
        number = os.getpid() * 8 + next(_numbers)
        address = f"127.{64 + number // 62_500 % 64}.{number // 250 % 250 + 1}.{number % 250 + 2}"
        if not any(answers(address, port) for port in _PORTS):
            return address
    raise RuntimeError(f"something listens on {_PORTS} of every address: stop it for the tests")


_STARTED: list["subprocess.Popen[bytes]"] = []
"""Kept until this process ends: another worker of the run may stop the server after we are done
with it, and Python complains of a process that is let go of while it runs."""


@dataclass(slots=True)
class Samba:
    """A domain controller in `folder`, on `address`."""

    folder: Path
    address: str
    process: subprocess.Popen[bytes] | None = None
    """Where this very process started it."""

    @property
    def authority_file(self) -> Path:
        return self.folder / "tls" / "ca.pem"

    @property
    def ldaps(self) -> str:
        return f"ldaps://{self.address}"

    @property
    def ldap(self) -> str:
        return f"ldap://{self.address}"

    @property
    def conf(self) -> Path:
        return self.folder / "etc" / "smb.conf"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "run" / "ours.pid"

    @classmethod
    def create(cls) -> "Samba":
        """Provision a domain with everybody in it; `start` runs it. Takes some 15 seconds."""
        server = cls(Path(tempfile.mkdtemp(prefix="portvakt-dc-")), own_address())
        server._provision()
        server._fill(PEOPLE)
        return server

    @classmethod
    def region(cls) -> "Samba":
        """Start one, with whoever should be locked out locked out."""
        server = cls.create()
        server.start()
        for one in PEOPLE:
            if one.state == "locked":
                server.lock(person_dn(one))
        return server

    def copy(self) -> "Samba":
        """Make another one of the same domain as this stands; this one must not run meanwhile."""
        other = Samba(Path(tempfile.mkdtemp(prefix="portvakt-dc-")), own_address())
        shutil.rmtree(other.folder)
        subprocess.run(["cp", "-a", str(self.folder), str(other.folder)], check=True)
        text = self.conf.read_text(encoding="utf-8")
        text = text.replace(str(self.folder), str(other.folder))
        other.conf.write_text(text.replace(self.address, other.address), encoding="utf-8")
        other._certify()
        return other

    def start(self) -> None:
        Path("/run/samba").mkdir(exist_ok=True)  # compiled into smbclient's library
        command = [
            *_ALONE,
            program("samba"),
            "-i",
            "-M",
            "single",
            "--no-process-group",
            "-s",
            str(self.conf),
        ]
        with (self.folder / "log" / "out").open("ab") as log:
            self.process = process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        _STARTED.append(process)
        self._pid_file.write_text(str(process.pid), encoding="ascii")
        until = time.monotonic() + 60
        while not all(answers(self.address, port) for port in (88, 445, 636)):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log" / "out").read_text(encoding="utf-8"))
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it and what it started, whoever of the run's processes started it."""
        if not self._pid_file.exists():
            return
        pid = int(self._pid_file.read_text(encoding="ascii"))
        self._pid_file.unlink()
        try:
            os.killpg(pid, signal.SIGTERM)
            until = time.monotonic() + 10
            while time.monotonic() < until and _alive(pid):
                time.sleep(0.05)
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            if self.process is not None:
                self.process.wait(10)
                self.process = None

    def signal(self, number: int) -> None:
        """SIGSTOP makes it silent, SIGCONT wakes it."""
        os.killpg(int(self._pid_file.read_text(encoding="ascii")), number)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    # What an administrator does. Every call is LDAP over TLS by OpenLDAP's own programs.

    def add(self, one: Somebody, managers: Iterable[Somebody] = PEOPLE) -> str:
        """Add a person and return their DN; `state` says how they stand."""
        known = {each.user_name: each for each in managers}
        text = person_ldif(one, known).replace("clearTextPassword: ", "unicodePwd:: ")
        self._apply(text.replace(PASSWORD, _base64(quoted(PASSWORD))), "ldapadd")
        if one.state == "expired":
            self.age_password(one.user_name, days=400)
        return person_dn(one)

    def modify(self, dn: str, *changes: str) -> None:
        """Change an entry: `replace: mobile\\nmobile: +46…`."""
        text = ldif(dn, {"changetype": "modify"}).rstrip("\n") + "\n" + "\n-\n".join(changes) + "\n"
        self._apply(text, "ldapmodify")

    def set_password(self, dn: str, password: str) -> None:
        self.modify(dn, f"replace: unicodePwd\nunicodePwd:: {_base64(quoted(password))}")

    def delete(self, dn: str) -> None:
        self.tool("ldapdelete", dn, dn=ADMIN, password=ADMIN_PASSWORD)

    def move(self, dn: str, rdn: str, parent: str) -> None:
        self.tool("ldapmodrdn", "-r", "-s", parent, dn, rdn, dn=ADMIN, password=ADMIN_PASSWORD)

    def age_password(self, user_name: str, *, days: float) -> None:
        """Set the day of somebody's last change back, which only the server itself can do."""
        value = filetime(time.time() - days * 86_400)
        self._python(BACKDATE, str(self.conf), user_name, value)

    @classmethod
    def at(cls, place: str) -> "Samba":
        """Find one by its `place`."""
        folder, address = place.split("\n")
        return cls(Path(folder), address)

    @property
    def place(self) -> str:
        """Where it is, in words for `at`."""
        return f"{self.folder}\n{self.address}"

    def lock(self, dn: str) -> None:
        """Lock somebody out as a stranger would: by wrong passwords."""
        for _ in range(LOCKED_AFTER):
            self.try_tool("ldapwhoami", dn=dn, password="Fel-lösenord-2026")

    # What independent clients see.

    def tool(self, name: str, *arguments: str, dn: str, password: str, text: str = "") -> str:
        """Run one of OpenLDAP's programs and return what it says. Raises `RuntimeError`."""
        code, words = self.try_tool(name, *arguments, dn=dn, password=password, text=text)
        if code:
            raise RuntimeError(f"{name}: {words}")
        return words

    def try_tool(
        self, name: str, *arguments: str, dn: str, password: str, text: str = ""
    ) -> tuple[int, str]:
        """Run one of OpenLDAP's programs: its exit code (the LDAP result) and its words."""
        secret = self.folder / "run" / f"password-{os.getpid()}"
        secret.touch(mode=0o600)
        secret.write_text(password, encoding="utf-8")
        command = [program(name), "-x", "-H", self.ldaps, "-D", dn, "-y", str(secret), *arguments]
        done = subprocess.run(
            command,
            check=False,
            input=text.encode(),
            capture_output=True,
            env={**os.environ, "LDAPTLS_CACERT": str(self.authority_file)},
        )
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")

    def kinit(self, user_name: str, password: str) -> tuple[bool, str]:
        """Ask the domain for a Kerberos ticket: whether it came, and what was said."""
        krb5 = self.folder / "run" / "krb5.conf"
        krb5.write_text(
            f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\nrdns = false\n"
            f"[realms]\n{REALM} = {{\nkdc = {self.address}\nkpasswd_server = {self.address}\n}}\n",
            encoding="utf-8",
        )
        done = subprocess.run(
            [program("kinit"), "-c", f"MEMORY:{os.getpid()}", f"{user_name}@{REALM}"],
            check=False,
            input=f"{password}\n".encode(),
            capture_output=True,
            env={**os.environ, "KRB5_CONFIG": str(krb5), "LC_ALL": "C.UTF-8"},
        )
        return done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")

    def smb(self, user_name: str, password: str) -> tuple[bool, str]:
        """Sign in to the domain's file server: whether it let us in, and what was said."""
        secret = self.folder / "run" / f"smb-{os.getpid()}"
        secret.touch(mode=0o600)
        text = f"username = {user_name}\npassword = {password}\ndomain = {DOMAIN}\n"
        secret.write_text(text, encoding="utf-8")
        share = f"//{self.address}/ipc$"
        done = subprocess.run(
            [program("smbclient"), "-s", str(self.conf), "-A", str(secret), share, "-c", "exit"],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )
        return done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")

    def _apply(self, text: str, name: str) -> None:
        self.tool(name, dn=ADMIN, password=ADMIN_PASSWORD, text=text)

    def _provision(self) -> None:
        for name in ("run", "log", "tls"):
            (self.folder / name).mkdir()
        self._samba_tool(
            "domain", "provision", "-s", "/dev/null", f"--realm={REALM}", f"--domain={DOMAIN}",
            "--server-role=dc", "--dns-backend=NONE", f"--adminpass={ADMIN_PASSWORD}",
            "--use-rfc2307", "--host-name=dc1", f"--host-ip={self.address}",
            f"--targetdir={self.folder}", f"--option=interfaces={self.address}/8",
            "--option=bind interfaces only=yes", f"--option=server services={_SERVICES}",
        )  # fmt: skip
        more = {
            "pid directory": f"{self.folder}/run",
            "ncalrpc dir": f"{self.folder}/run/ncalrpc",
            "ntp signd socket directory": f"{self.folder}/run/ntp_signd",
            "log file": f"{self.folder}/log/log.%m",
            "tls enabled": "yes",
            "tls keyfile": f"{self.folder}/tls/server.key",
            "tls certfile": f"{self.folder}/tls/server.pem",
            "tls cafile": f"{self.folder}/tls/ca.pem",
            "old password allowed period": "0",
            "rpc server dynamic port range": "61100-61199",
            "disable spoolss": "yes",
            "load printers": "no",
        }
        lines = "".join(f"\n\t{name} = {value}" for name, value in more.items() if value)
        text = self.conf.read_text(encoding="utf-8")
        marker = "\tidmap_ldb:use rfc2307 = yes"
        assert marker in text
        self.conf.write_text(text.replace(marker, marker + lines), encoding="utf-8")
        self._certify()
        self._samba_tool(
            "domain", "passwordsettings", "set", "-s", str(self.conf), "--min-pwd-age=0",
            f"--account-lockout-threshold={LOCKED_AFTER}", "--max-pwd-age=180",
            "--min-pwd-length=10", "--history-length=3",
        )  # fmt: skip

    def _certify(self) -> None:
        authority = Authority(self.folder / "tls")
        made: Certificate = authority.certificate(HOST, self.address)
        made.certificate.rename(self.folder / "tls" / "server.pem")
        made.key.rename(self.folder / "tls" / "server.key")

    def _fill(self, people: Sequence[Somebody]) -> None:
        """Add everybody while no server runs, straight into its files."""
        known = {each.user_name: each for each in people}
        unit = {"objectClass": "organizationalUnit"}
        service = {
            "objectClass": "user",
            "sAMAccountName": "portvakt",
            "userAccountControl": str(512 | 0x10000),  # its password does not expire
            "clearTextPassword": SERVICE_PASSWORD,
        }
        parts = [
            *(ldif(dn, unit) for dn in (PEOPLE_BASE, GROUP_BASE)),
            ldif(SERVICE, service),
            *(person_ldif(one, known) for one in people),
        ]
        for name, (members, groups) in NESTED.items():
            member = [person_dn(known[each]) for each in members]
            member += [f"CN={group},{GROUP_BASE}" for group in groups]
            values: dict[str, str | Sequence[str]] = {"objectClass": "group", "member": member}
            parts.append(ldif(f"CN={name},{GROUP_BASE}", {**values, "sAMAccountName": name}))
        self._python(FILL, str(self.conf), text="".join(parts))
        for one in people:
            if one.state == "expired":
                self.age_password(one.user_name, days=400)

    def _samba_tool(self, *arguments: str) -> None:
        self._run([program("samba-tool"), *arguments])

    def _python(self, code: str, *arguments: str, text: str = "") -> None:
        """Run code with Samba's own modules, which belong to Debian's Python."""
        self._run(["/usr/bin/python3", "-c", code, *arguments], text)

    def _run(self, command: Sequence[str], text: str = "") -> None:
        done = subprocess.run(command, check=False, input=text.encode(), capture_output=True)
        if done.returncode:
            raise RuntimeError((done.stdout + done.stderr).decode("utf-8", "replace"))


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _alive(pid: int) -> bool:
    """Say whether a process runs: one that has ended, and nobody asked, does not."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return (
            stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] != "Z"
        )
    except FileNotFoundError:
        return False
