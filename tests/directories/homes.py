"""People of a test's own in both kinds of directories, and their passwords as adapters see them."""

import base64
import itertools
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from portvakt.core.secret import Secret
from portvakt.directories.active_directory.passwords import Passwords as AdPasswords
from portvakt.directories.ldap.passwords import Passwords as LdapPasswords
from portvakt.wire.ldap import Server
from tests.servers import samba as ad
from tests.servers import samba_domain
from tests.servers import slapd as openldap
from tests.servers.region import Somebody, State
from tests.servers.samba import Samba
from tests.servers.slapd import Slapd
from tests.wire.reach import opened, to_samba, to_slapd

RIGHT = Secret("Vinter-Sommar-2026!")
WRONG = Secret("Fel-lösenord-2026")
NEW = Secret("Åska över Ljusnan 41!")
NOBODY = "00000000-0000-4000-8000-000000000000"
_numbers = itertools.count(1)


def somebody(state: State = "well", **more: Any) -> Somebody:
    """Make a person whom no other test knows."""
    number = next(_numbers)
    given: dict[str, Any] = {
        "user_name": f"eget{os.getpid()}-{number}",  # other workers share the domain
        "given_name": "Egen",
        "family_name": f"Åäö{os.getpid()}-{number}",
        "state": state,
    }
    return Somebody(**given | more)


class AtSamba:
    """Active Directory: people, and what independent clients see of them."""

    def __init__(self, server: Samba) -> None:
        self.server = server

    @property
    def authority(self) -> Path:
        return self.server.authority_file

    @asynccontextmanager
    async def passwords(self, **different: Any) -> AsyncIterator[AdPasswords]:
        async with opened(to_samba(self.server, **different)) as ldap:
            yield AdPasswords(ldap, base=samba_domain.BASE)

    @asynccontextmanager
    async def passwords_by(self, url: str) -> AsyncIterator[AdPasswords]:
        """Reach it by another way, or what claims to be it."""
        reach = replace(to_samba(self.server), servers=[Server(url)], connect_within=0.5)
        async with opened(reach) as ldap:
            yield AdPasswords(ldap, base=samba_domain.BASE)

    def add(self, one: Somebody) -> tuple[str, str]:
        """Add a person; return external id and DN."""
        dn = self.server.add(one)
        if one.state == "locked":
            self.server.lock(dn)
        return self.id_of(dn), dn

    def id_of(self, dn: str) -> str:
        said = self.server.tool(
            "ldapsearch", "-LLL", "-o", "ldif_wrap=no", "-s", "base", "-b", dn, "objectGUID",
            dn=ad.ADMIN, password=ad.ADMIN_PASSWORD,
        )  # fmt: skip
        return str(UUID(bytes_le=_base64(said, "objectGUID")))

    def mark(self, dn: str) -> str:
        """Return what is another after each change of the password; nothing is tried for it."""
        return self.server.tool(
            "ldapsearch", "-LLL", "-s", "base", "-b", dn, "pwdLastSet",
            dn=ad.ADMIN, password=ad.ADMIN_PASSWORD,
        )  # fmt: skip

    def knows(self, one: Somebody, dn: str, password: Secret) -> bool:
        """Ask Kerberos, the file server and LDAP; all must say the same."""
        del dn
        kerberos, _ = self.server.kinit(one.user_name, password.open())
        files, _ = self.server.smb(one.user_name, password.open())
        assert kerberos is files
        return kerberos


class AtSlapd:
    """OpenLDAP: people, and what independent clients see of them."""

    def __init__(self, server: Slapd) -> None:
        self.server = server

    @property
    def authority(self) -> Path:
        return self.server.authority.ca_file

    @asynccontextmanager
    async def passwords(self, **different: Any) -> AsyncIterator[LdapPasswords]:
        async with opened(to_slapd(self.server, **different)) as ldap:
            yield LdapPasswords(ldap, base=openldap.BASE)

    @asynccontextmanager
    async def passwords_by(self, url: str) -> AsyncIterator[LdapPasswords]:
        """Reach it by another way, or what claims to be it."""
        reach = replace(to_slapd(self.server), servers=[Server(url)], connect_within=0.5)
        async with opened(reach) as ldap:
            yield LdapPasswords(ldap, base=openldap.BASE)

    def add(self, one: Somebody) -> tuple[str, str]:
        """Add a person; return external id and DN."""
        self.server.add(openldap.person_ldif(one))
        dn = openldap.person_dn(one.user_name)
        if one.state == "locked":
            self.server.lock(dn)
        return self.id_of(dn), dn

    def id_of(self, dn: str) -> str:
        said = self.server.tool(
            "ldapsearch", "-LLL", "-o", "ldif_wrap=no", "-s", "base", "-b", dn, "entryUUID",
            dn=openldap.ADMIN, password=openldap.ADMIN_PASSWORD,
        )  # fmt: skip
        return said.partition("entryUUID: ")[2].split()[0]

    def mark(self, dn: str) -> str:
        """Return what is another after each change of the password; nothing is tried for it."""
        return self.server.tool(
            "ldapsearch", "-LLL", "-s", "base", "-b", dn, "userPassword",
            dn=openldap.ADMIN, password=openldap.ADMIN_PASSWORD,
        )  # fmt: skip

    def knows(self, one: Somebody, dn: str, password: Secret) -> bool:
        """Ask `ldapwhoami`."""
        del one
        return self.server.knows(dn, password.open())


def grant(server: Samba) -> None:
    """Let the service account set passwords, open locks and ask for a change; and nothing else.

    The same rights, by the same names, as docs/operators/directory-passwords.md grants.
    """
    said = server.tool(
        "ldapsearch", "-LLL", "-o", "ldif_wrap=no", "-s", "base", "-b", ad.SERVICE, "objectSid",
        dn=ad.ADMIN, password=ad.ADMIN_PASSWORD,
    )  # fmt: skip
    sid = _sid(_base64(said, "objectSid"))
    person = "bf967aba-0de6-11d0-a285-00aa003049e2"
    lockout, last_set = (
        "28630ebf-41d5-11d1-a9c1-0000f80367c1",
        "bf967a0a-0de6-11d0-a285-00aa003049e2",
    )
    sddl = (
        f"(OA;CIIO;CR;00299570-246d-11d0-a768-00aa006e0529;{person};{sid})"
        f"(OA;CIIO;RPWP;{lockout};{person};{sid})(OA;CIIO;RPWP;{last_set};{person};{sid})"
    )
    _samba_tool(server, "dsacl", "set", f"--objectdn={samba_domain.PEOPLE_BASE}", f"--sddl={sddl}")
    fine = f"CN=Password Settings Container,CN=System,{samba_domain.BASE}"
    reads = f"(A;CI;RPLCLORC;;;{sid})"
    _samba_tool(server, "dsacl", "set", f"--objectdn={fine}", f"--sddl={reads}")


def with_policy(server: Samba, one: Somebody, *, least_length: int) -> None:
    """Give somebody a fine-grained policy of their own."""
    pso = ("domain", "passwordsettings", "pso")
    name = f"policy-{one.user_name}"
    _samba_tool(server, *pso, "create", name, "1", f"--min-pwd-length={least_length}")
    _samba_tool(server, *pso, "apply", name, one.user_name)


def _samba_tool(server: Samba, *arguments: str) -> None:
    """Change the domain's files beside the running server, as an administrator on it would."""
    subprocess.run(
        [
            "samba-tool",
            *arguments,
            "-s",
            str(server.conf),
            "-H",
            f"tdb://{server.folder}/private/sam.ldb",
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )


def _sid(raw: bytes) -> str:
    """Write a security identifier as text (MS-DTYP 2.4.2)."""
    parts = [int.from_bytes(raw[at : at + 4], "little") for at in range(8, len(raw), 4)]
    return "-".join(map(str, ["S", raw[0], int.from_bytes(raw[2:8], "big"), *parts]))


Home = AtSamba | AtSlapd


def _base64(said: str, name: str) -> bytes:
    return base64.b64decode(said.partition(f"{name}:: ")[2].split()[0])
