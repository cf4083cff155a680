"""A part of a real directory that one test has to itself, with the same words for every kind."""

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.servers import samba as ad
from tests.servers import samba_domain
from tests.servers import slapd as openldap
from tests.servers.samba import Samba
from tests.servers.slapd import Slapd, ldif

_numbers = itertools.count(1)
NAME = "region"


class Branch(Protocol):
    """People and groups, below one base."""

    base: str
    kind: str

    def settings(self, folder: Path, more: str = "") -> str:
        """`[[directories]]` for it; `more` are further lines."""

    def add(self, user_name: str, below: str = "", **attributes: str | Sequence[str]) -> str:
        """Add somebody and return where they stand."""

    def change(self, dn: str, attribute: str, value: str | None) -> None: ...

    def off(self, dn: str) -> None:
        """Disable the account, as an administrator would."""

    def on(self, dn: str) -> None: ...

    def rename(self, dn: str, name: str) -> str: ...

    def move(self, dn: str) -> str:
        """Put somebody elsewhere below the same base."""

    def move_out(self, dn: str) -> str: ...

    def delete(self, dn: str) -> None: ...

    def group(self, name: str, *members: str) -> str: ...

    def join(self, group: str, member: str) -> None: ...

    def leave(self, group: str, member: str) -> None: ...


def settings_of(
    kind: str, server: str, ca_file: Path, service: str, base: str, folder: Path, more: str
) -> str:
    (folder / "service").write_text(openldap.SERVICE_PASSWORD, encoding="utf-8")
    return f"""
[[directories]]
name = "{NAME}"
kind = "{kind}"
servers = ["{server}"]
ca_file = "{ca_file}"
bind_dn = "{service}"
bind_password = {{ file = "{folder}/service" }}
base = "{base}"
page_size = 2
{more}
"""


@dataclass
class OpenLdapBranch:
    server: Slapd
    base: str = ""
    kind: str = "ldap"
    outside: str = ""

    def __post_init__(self) -> None:
        number = next(_numbers)
        self.base = f"ou=branch{number},{openldap.BASE}"
        unit = {"objectClass": "organizationalUnit"}
        self.outside = f"ou=outside{number},{openldap.BASE}"
        places = (self.base, f"ou=below,{self.base}", self.outside)
        self.server.add("".join(ldif(each, unit) for each in places))

    def settings(self, folder: Path, more: str = "") -> str:
        server = self.server
        return settings_of(
            self.kind, server.ldaps, server.authority.ca_file, openldap.SERVICE, self.base, folder,
            more,
        )  # fmt: skip

    def add(self, user_name: str, below: str = "", **attributes: str | Sequence[str]) -> str:
        dn = f"uid={user_name},{below}{self.base}"
        values: dict[str, str | Sequence[str]] = {
            "objectClass": "inetOrgPerson",
            "cn": user_name,
            "givenName": "Anna",
            "sn": "Berg",
            "mail": f"{user_name}@region.example",
            **attributes,
        }
        if "unit" in values:
            values["ou"] = values.pop("unit")
        self.server.add(ldif(dn, {**values, "uid": user_name}))
        return dn

    def change(self, dn: str, attribute: str, value: str | None) -> None:
        change = f"replace: {attribute}" + ("" if value is None else f"\n{attribute}: {value}")
        self.server.modify(dn, change)

    def off(self, dn: str) -> None:
        self.change(dn, "pwdAccountLockedTime", "000001010000Z")

    def on(self, dn: str) -> None:
        self.server.modify(dn, "delete: pwdAccountLockedTime")

    def rename(self, dn: str, name: str) -> str:
        parent = dn.split(",", 1)[1]
        self.server.move(dn, f"uid={name}", parent)
        return f"uid={name},{parent}"

    def move(self, dn: str) -> str:
        rdn = dn.split(",", 1)[0]
        self.server.move(dn, rdn, f"ou=below,{self.base}")
        return f"{rdn},ou=below,{self.base}"

    def move_out(self, dn: str) -> str:
        rdn = dn.split(",", 1)[0]
        self.server.move(dn, rdn, self.outside)
        return f"{rdn},{self.outside}"

    def delete(self, dn: str) -> None:
        self.server.delete(dn)

    def group(self, name: str, *members: str) -> str:
        dn = f"cn={name},{self.base}"
        self.server.add(ldif(dn, {"objectClass": "groupOfNames", "cn": name, "member": members}))
        return dn

    def join(self, group: str, member: str) -> None:
        self.server.modify(group, f"add: member\nmember: {member}")

    def leave(self, group: str, member: str) -> None:
        self.server.modify(group, f"delete: member\nmember: {member}")


@dataclass
class ActiveDirectoryBranch:
    server: Samba
    base: str = ""
    kind: str = "active_directory"
    outside: str = ""

    def __post_init__(self) -> None:
        number = f"{os.getpid()}x{next(_numbers)}"
        self.base = f"OU=Gren{number},{samba_domain.BASE}"
        self.outside = f"OU=Utanför{number},{samba_domain.BASE}"
        unit = {"objectClass": "organizationalUnit"}
        places = (self.base, f"OU=Under,{self.base}", self.outside)
        self._apply("ldapadd", "".join(ldif(each, unit) for each in places))

    def _apply(self, tool: str, text: str, *arguments: str) -> None:
        self.server.tool(tool, *arguments, dn=ad.ADMIN, password=ad.ADMIN_PASSWORD, text=text)

    def settings(self, folder: Path, more: str = "") -> str:
        server = self.server
        more = f"{more}\n" + 'mapping = { user_name = "uid" }'
        return settings_of(
            self.kind, server.ldaps, server.authority_file, ad.SERVICE, self.base, folder, more
        )

    def add(self, user_name: str, below: str = "", **attributes: str | Sequence[str]) -> str:
        dn = f"CN={user_name},{below}{self.base}"
        values: dict[str, str | Sequence[str]] = {
            "objectClass": "user",
            "uid": user_name,  # the other names must be unique in the whole domain
            "givenName": "Anna",
            "sn": "Berg",
            "mail": f"{user_name}@region.example",
            "userAccountControl": "544",  # needs no password
            **attributes,
        }
        if "unit" in values:
            values["department"] = values.pop("unit")
        self._apply("ldapadd", ldif(dn, values))
        return dn

    def change(self, dn: str, attribute: str, value: str | None) -> None:
        name = {"ou": "department"}.get(attribute, attribute)
        self.server.modify(dn, f"replace: {name}" + ("" if value is None else f"\n{name}: {value}"))

    def off(self, dn: str) -> None:
        self.change(dn, "userAccountControl", "546")

    def on(self, dn: str) -> None:
        self.change(dn, "userAccountControl", "544")

    def rename(self, dn: str, name: str) -> str:
        parent = dn.split(",", 1)[1]
        self.server.move(dn, f"CN={name}", parent)
        self.change(f"CN={name},{parent}", "uid", name)
        return f"CN={name},{parent}"

    def move(self, dn: str) -> str:
        rdn = dn.split(",", 1)[0]
        self.server.move(dn, rdn, f"OU=Under,{self.base}")
        return f"{rdn},OU=Under,{self.base}"

    def move_out(self, dn: str) -> str:
        rdn = dn.split(",", 1)[0]
        self.server.move(dn, rdn, self.outside)
        return f"{rdn},{self.outside}"

    def delete(self, dn: str) -> None:
        self.server.delete(dn)

    def group(self, name: str, *members: str) -> str:
        dn = f"CN={name},{self.base}"
        values: dict[str, str | Sequence[str]] = {
            "objectClass": "group",
            "sAMAccountName": f"{name}-{os.getpid()}-{next(_numbers)}",
            "member": members,
        }
        self._apply("ldapadd", ldif(dn, values))
        return dn

    def join(self, group: str, member: str) -> None:
        self.server.modify(group, f"add: member\nmember: {member}")

    def leave(self, group: str, member: str) -> None:
        self.server.modify(group, f"delete: member\nmember: {member}")
