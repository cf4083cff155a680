"""Examines a domain controller, and says what mends it."""

from datetime import datetime
from typing import Final

from portvakt.core.directory_findings import Finding, Level, good
from portvakt.directories import DirectoryAway, Examiner, KeepsPasswords
from portvakt.directories.active_directory import Config
from portvakt.directories.active_directory.access import ACCESS_LIST_ONLY, RESET_PASSWORD, grants
from portvakt.directories.active_directory.passwords import Passwords
from portvakt.directories.active_directory.reader import id_of
from portvakt.ldap_people.attributes import instant_of
from portvakt.ldap_people.checkup import (
    WITHIN,
    Asked,
    Checkup,
    lock_said,
    policy_said,
)
from portvakt.wire.ldap import Entry, Found, Query, Reach, Scope, Why

_ATTRIBUTES: Final = {"lockouttime": "unlock", "pwdlastset": "ask for a new password"}
_ADMIT: Final = {
    Why.LOCKED: "Unlock-ADAccount -Identity {who}",
    Why.DISABLED: "Enable-ADAccount -Identity {who}",
    Why.ACCOUNT_EXPIRED: "Clear-ADAccountExpiration -Identity {who}",
    Why.EXPIRED: "Set-ADUser -Identity {who} -PasswordNeverExpires $true",
    Why.MUST_CHANGE: "Set-ADUser -Identity {who} -ChangePasswordAtLogon $false",
}


def examiners(config: Config) -> list[Examiner]:
    """Prepare to examine each server. Raises `UnsafeServerError` and `OSError`."""
    return [
        ControllerCheckup(config, config.reach(each, connect_within=WITHIN, answer_within=WITHIN))
        for each in config.servers
    ]


class ControllerCheckup(Checkup):
    """One domain controller."""

    def __init__(self, config: Config, reach: Reach) -> None:
        """Prepare; nothing is connected yet. Raises `OSError` for an unusable `ca_file`."""
        asked = Asked(
            base=config.base,
            people_filter=config.people_filter,
            page_size=config.page_size,
            name_attributes=config.mapping.user_name.split(),
            phone_attributes=config.mapping.work_mobile.split(),
            needed=("objectGUID", "userAccountControl"),
            more=("adminCount", "isCriticalSystemObject"),
            group_base=config.group_base or config.base,
            group_filter="(objectClass=group)",
            groups_wanted=bool(config.groups or config.group_pattern),
        )
        super().__init__(reach, asked)
        self.passwords: KeepsPasswords = Passwords(self.ldap, base=config.base)

    def id_of(self, person: Entry) -> str | None:
        """Return who somebody is, for ever."""
        return id_of(person)

    def is_like_others(self, person: Entry) -> bool:
        """Say no of those who govern the domain and those it came with, and of ourselves."""
        special = person.text("admincount") == "1" or person.text("iscriticalsystemobject")
        ours = person.dn.lower() == self.reach.bind_dn.lower()
        return id_of(person) is not None and not special and not ours

    async def time(self) -> datetime | None:
        """Read the server's clock."""
        return instant_of(self.root.text("currenttime"))

    async def deltas(self) -> Finding:
        """Say whether the server's count of changes may be read."""
        service, usn = self.root.text("dsservicename"), self.root.text("highestcommittedusn")
        if not service or not (usn or "").isdigit():
            said = "the server does not count changes: no Active Directory"
            return Finding("changes", Level.PROBLEM, said, 'kind = "ldap"')
        query = Query(base=service, scope=Scope.BASE, attributes=("invocationId",))
        found = await self.ldap.search(query, most=1)
        if isinstance(found, Found) and found.entries and found.entries[0].raw("invocationid"):
            return good("changes", f"are found by uSNChanged, now {usn}")
        said = "invocationId may not be read: a restored server would not be noticed"
        return Finding(
            "changes", Level.WARNING, said, f"dsacls {_quoted(service)} /G {self._us}:GR"
        )

    async def policies(self) -> list[Finding]:
        """Say what the domain asks of passwords, and when anybody is locked out."""
        external_id = None if self.person is None else id_of(self.person)
        found = []
        if external_id is not None:
            policy = await self.passwords.policy(external_id)
            if isinstance(policy, DirectoryAway):
                return [Finding("passwords", Level.PROBLEM, policy.why, self._read_domain())]
            said = policy_said(policy.least_length, policy.history, complexity=policy.complexity)
            found.append(good("passwords", said))
        lock = await self.passwords.lockout()
        if isinstance(lock, DirectoryAway):
            return [*found, Finding("lock-out", Level.PROBLEM, lock.why, self._read_domain())]
        return [*found, lock_said(lock.locked_after, await self._raise(lock.locked_after))]

    async def rights(self, person: Entry) -> list[Finding]:
        """Read from the object itself what we may write."""
        who = Query(base="", scope=Scope.BASE, attributes=("tokenGroups",))
        what = Query(
            base=person.dn,
            scope=Scope.BASE,
            attributes=("nTSecurityDescriptor", "allowedAttributesEffective"),
            controls=(ACCESS_LIST_ONLY,),
        )
        us, them = await self.ldap.search(who, most=1), await self.ldap.search(what, most=1)
        if not isinstance(us, Found) or not isinstance(them, Found):
            return [self._unknown()]
        if not us.entries or not them.entries:
            return [self._unknown()]
        whom = frozenset(us.entries[0].values.get("tokengroups", ()))
        descriptor = them.entries[0].raw("ntsecuritydescriptor")
        allowed = {each.lower() for each in them.entries[0].texts("allowedattributeseffective")}
        reset = None if descriptor is None else grants(descriptor, RESET_PASSWORD, whom)
        if reset is None:
            return [self._unknown()]
        missing = [said for name, said in _ATTRIBUTES.items() if name not in allowed]
        missing = missing if reset else ["set passwords", *missing]
        if missing:
            said = f"the service account may not {', '.join(missing)} ({person.dn})"
            return [Finding("rights", Level.WARNING, said, self.grant_writing())]
        return [good("rights", "may set passwords, unlock, and ask for a new password")]

    def grant_writing(self) -> str:
        """Say how the rights of docs/operators/directory-passwords.md are given."""
        base = _quoted(self.asked.base)
        rights = ("CA;Reset Password", "RPWP;lockoutTime", "RPWP;pwdLastSet")
        return "; ".join(f'dsacls {base} /I:S /G "{self._us}:{each};user"' for each in rights)

    def renew(self) -> str:
        """Say how its certificate is made anew."""
        return (
            f"certutil -pulse  # on {self.server.host}: asks for a new one where that is automatic"
        )

    def set_clock(self) -> str:
        """Say how its clock is set."""
        return f"w32tm /resync /computer:{self.server.host}  # or ours: chronyc makestep"

    def admit(self, why: Why) -> str:
        """Say how the service account is let in again."""
        reset = (
            "Set-ADAccountPassword -Identity {who} -Reset  # then into the file of bind_password"
        )
        return _ADMIT.get(why, reset).format(who=_quoted(self.reach.bind_dn))

    def grant_reading(self, what: str) -> str:
        """Say how the right to read `user` or `group` is given."""
        base = self.asked.base if what == "user" else self.asked.group_base
        return f'dsacls {_quoted(base)} /I:S /G "{self._us}:GR;;{what}"'

    def more_at_once(self) -> str:
        """Say how the server is made to give more."""
        return "page_size = 500  # in the settings; MaxPageSize of the domain is the most"

    @property
    def _us(self) -> str:
        """Name the service account as `dsacls` takes it."""
        return self.reach.bind_dn

    def _unknown(self) -> Finding:
        said = "the access list of a person may not be read"
        return Finding(
            "rights", Level.NOTE, said, "portvakt doctor directory --account TESTACCOUNT"
        )

    def _read_domain(self) -> str:
        domain = self.root.text("defaultnamingcontext") or self.asked.base
        return f'dsacls {_quoted(domain)} /G "{self._us}:GR"'

    async def _raise(self, after: int | None) -> str:
        """Say how the threshold is raised that locks first."""
        if "samba" in (self.root.text("vendorname") or "").lower():
            return "samba-tool domain passwordsettings set --account-lockout-threshold=10"
        domain = self.root.text("defaultnamingcontext") or self.asked.base
        query = Query(
            base=domain,
            filter=f"(&(objectClass=msDS-PasswordSettings)(msDS-LockoutThreshold={after or 0}))",
            attributes=("cn",),
        )
        found = await self.ldap.search(query, most=1)
        if isinstance(found, Found) and found.entries:
            fine = _quoted(found.entries[0].dn)
            return f"Set-ADFineGrainedPasswordPolicy -Identity {fine} -LockoutThreshold 10"
        return f"Set-ADDefaultDomainPasswordPolicy -Identity {_quoted(domain)} -LockoutThreshold 10"


def _quoted(text: str) -> str:
    """Quote a value for PowerShell, where a bare comma makes a list."""
    return "'" + text.replace("'", "''") + "'"
