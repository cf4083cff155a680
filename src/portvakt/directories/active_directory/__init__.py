"""Active Directory, and Samba's.

People are known by `objectGUID`. Changes are found by `uSNChanged` of the server that was asked;
who is gone is found by asking who is there, which needs no right to see what was deleted.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from portvakt.plugins import SecretRef
from portvakt.wire.addresses import Destination
from portvakt.wire.ldap_values import Reach, Server

if TYPE_CHECKING:
    from portvakt.directories import Directory, Examiner


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which attribute each field is taken from; several by spaces: the first that has a value."""

    user_name: str = "userPrincipalName sAMAccountName"
    email: str = "mail"
    given_name: str = "givenName"
    family_name: str = "sn displayName cn"
    title: str = "title"
    unit: str = "department"
    work_mobile: str = "mobile"
    manager: str = "manager"
    start_date: str = ""
    end_date: str = ""
    protected: str = ""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it is reached, and what is taken from it."""

    servers: tuple[str, ...]
    """`ldaps://dc1.corp.example`, one or more: the next is asked where one does not answer."""
    bind_dn: str
    """The service account, by its whole name in the directory."""
    bind_password: SecretRef
    """Its password."""
    base: str
    """Where the people are: the domain, or a part of it."""
    start_tls: bool = True
    """Ask for TLS first at a server that is written `ldap://`."""
    ca_file: str | None = None
    """The authority of the servers' certificates. Without it: those that this machine trusts."""
    people_filter: str = "(&(objectCategory=person)(objectClass=user)(sAMAccountType=805306368))"
    """Who is one of the people."""
    group_base: str = ""
    """Where the groups are. Without it: `base`."""
    groups: dict[str, str] = {}
    """Groups that count here: whole name in the directory = id in rules, also through others."""
    group_pattern: str = ""
    """Groups whose `cn` is like this (`*`, `?`) count too, by that name."""
    mapping: Mapping = Mapping()
    """Which attribute each field is taken from."""
    page_size: int = 500
    """Objects on a page; a domain controller gives 1,000 at most."""

    def open(self, name: str) -> "Directory":
        """Prepare; nothing is connected yet. Raises `UnsafeServerError` and `OSError`."""
        from portvakt.directories.active_directory.directory import ActiveDirectory  # noqa: PLC0415 - python-ldap is optional

        return ActiveDirectory(name, self)

    def examiners(self) -> "list[Examiner]":
        """Prepare to examine each server. Raises `UnsafeServerError` and `OSError`."""
        from portvakt.directories.active_directory.checkup import examiners  # noqa: PLC0415 - python-ldap is optional

        return examiners(self)

    def reach(
        self, *servers: str, connect_within: float = 3.0, answer_within: float = 5.0
    ) -> Reach:
        """Say how it is reached: all servers, or these. Raises `UnsafeServerError`."""
        return Reach(
            servers=[Server(each) for each in servers or self.servers],
            bind_dn=self.bind_dn,
            bind_password=self.bind_password.read,
            start_tls=self.start_tls,
            ca_file=self.authority(),
            connect_within=connect_within,
            answer_within=answer_within,
        )

    def authority(self) -> Path | None:
        """Return the file of certificate authorities, or None for the system's."""
        return Path(self.ca_file) if self.ca_file else None

    def destinations(self) -> tuple[Destination, ...]:
        """Reach every server."""
        return tuple(Server(each).destination for each in self.servers)
