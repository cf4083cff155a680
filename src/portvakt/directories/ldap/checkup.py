"""Examines an LDAP server, and says what mends it."""

from datetime import datetime
from typing import Final

from portvakt.core.directory_findings import Finding, Level, good
from portvakt.directories import DirectoryAway, Examiner, KeepsPasswords
from portvakt.directories.ldap import Config
from portvakt.directories.ldap.passwords import Passwords
from portvakt.directories.ldap.reader import id_of
from portvakt.ldap_people.attributes import instant_of
from portvakt.ldap_people.checkup import (
    WITHIN,
    Asked,
    Checkup,
    lock_said,
    policy_said,
    word,
)
from portvakt.ldap_people.groups import place_of
from portvakt.wire.ldap import (
    Change,
    Entry,
    Found,
    Modification,
    Modify,
    Query,
    Reach,
    Refused,
    Scope,
    Why,
)

_MONITOR: Final = "cn=Current,cn=Time,cn=Monitor"
_INSUFFICIENT, _NO_SUCH_ATTRIBUTE = 50, 16
_PROBES: Final = {
    "set passwords": ("userPassword", b"{NONE}portvakt doctor"),
    "unlock": ("pwdAccountLockedTime", b"19700101000000Z"),
}
"""Taking away a value that is not there: refused for the right first, and else for that (changes
nothing either way)."""


def examiners(config: Config) -> list[Examiner]:
    """Prepare to examine each server. Raises `UnsafeServerError` and `OSError`."""
    return [
        ServerCheckup(config, config.reach(each, connect_within=WITHIN, answer_within=WITHIN))
        for each in config.servers
    ]


class ServerCheckup(Checkup):
    """One server."""

    def __init__(self, config: Config, reach: Reach) -> None:
        """Prepare; nothing is connected yet. Raises `OSError` for an unusable `ca_file`."""
        asked = Asked(
            base=config.base,
            people_filter=config.people_filter,
            page_size=config.page_size,
            name_attributes=config.mapping.user_name.split(),
            phone_attributes=config.mapping.work_mobile.split(),
            needed=("entryUUID", "modifyTimestamp"),
            group_base=config.group_base or config.base,
            group_filter=config.group_filter,
            groups_wanted=bool(config.groups or config.group_pattern),
        )
        super().__init__(reach, asked)
        self.passwords: KeepsPasswords = Passwords(self.ldap, base=config.base)

    def id_of(self, person: Entry) -> str | None:
        """Return who somebody is, for ever."""
        return id_of(person)

    async def time(self) -> datetime | None:
        """Read the server's clock, from its monitor where we may."""
        query = Query(base=_MONITOR, scope=Scope.BASE, attributes=("monitorTimestamp",))
        found = await self.ldap.search(query, most=1)
        if not isinstance(found, Found) or not found.entries:
            return None
        return instant_of(found.entries[0].text("monitortimestamp"))

    async def deltas(self) -> Finding:
        """Say whether the base shows how far it has come."""
        query = Query(base=self._suffix, scope=Scope.BASE, attributes=("contextCSN",))
        found = await self.ldap.search(query, most=1)
        if isinstance(found, Found) and found.entries and found.entries[0].raw("contextcsn"):
            return good("changes", "are found by contextCSN and entryCSN")
        said = f"{self._suffix} shows no contextCSN: changes are found by modifyTimestamp"
        overlay = (
            r"printf 'dn: olcOverlay=syncprov,olcDatabase={1}mdb,cn=config\nchangetype: add\n"
            r"objectClass: olcSyncProvConfig\nolcOverlay: syncprov\n'"
        )
        return Finding("changes", Level.NOTE, said, f"{overlay} | {_ADMIN}")

    async def policies(self) -> list[Finding]:
        """Say what is asked of passwords, and when anybody is locked out."""
        external_id = None if self.person is None else id_of(self.person)
        found = []
        if external_id is not None:
            policy = await self.passwords.policy(external_id)
            if isinstance(policy, DirectoryAway):
                return [Finding("passwords", Level.PROBLEM, policy.why, self._read_policies())]
            found.append(
                good(
                    "passwords", policy_said(policy.least_length, policy.history, complexity=False)
                )
            )
        lock = await self.passwords.lockout()
        if isinstance(lock, DirectoryAway):
            return [*found, Finding("lock-out", Level.PROBLEM, lock.why, self._read_policies())]
        return [*found, lock_said(lock.locked_after, await self._raise(lock.locked_after))]

    async def rights(self, person: Entry) -> list[Finding]:
        """Ask for changes that cannot be made."""
        missing, unclear = [], []
        for said, (attribute, value) in _PROBES.items():
            change = Modification(Change.DELETE, attribute, (value,))
            answered = await self.ldap.write(Modify(person.dn, (change,)))
            code = answered.code if isinstance(answered, Refused) else None
            if code == _INSUFFICIENT:
                missing.append(said)
            elif code != _NO_SUCH_ATTRIBUTE:
                unclear.append(f"{said} ({type(answered).__name__.lower()} {code or ''})".strip())
        if missing:
            said = f"the service account may not {', '.join(missing)} ({person.dn})"
            return [Finding("rights", Level.WARNING, said, self.grant_writing())]
        if unclear:
            said = f"cannot be told: {', '.join(unclear)}"
            mend = "portvakt doctor directory --account TESTACCOUNT"
            return [Finding("rights", Level.NOTE, said, mend)]
        return [good("rights", "may set passwords and unlock")]

    def grant_writing(self) -> str:
        """Say how the rights of docs/operators/directory-passwords.md are given."""
        us = f'dn.exact="{self.reach.bind_dn}"'
        locks = f"{{0}}to attrs=pwdAccountLockedTime,pwdReset by {us} write by * none"
        secret = (
            f"{{0}}to attrs=userPassword by {us} write by self write by anonymous auth by * none"
        )
        return _access(locks, secret)

    def renew(self) -> str:
        """Say how its certificate is made anew."""
        return f"certbot renew --force-renewal && systemctl restart slapd  # on {self.server.host}"

    def set_clock(self) -> str:
        """Say how its clock is set."""
        return f"chronyc makestep  # on {self.server.host}, or here"

    def admit(self, why: Why) -> str:
        """Say how the service account is let in again."""
        del why
        us, url = word(self.reach.bind_dn), self.server.url
        return f"ldappasswd -H {url} -D ADMIN -W -S {us}  # then into the file of bind_password"

    def grant_reading(self, what: str) -> str:
        """Say how the right to read `user` or `group` is given."""
        base = self.asked.base if what == "user" else self.asked.group_base
        us = f'by dn.exact="{self.reach.bind_dn}" read by * break'
        return _access(f'{{0}}to dn.subtree="{base}" {us}')

    def more_at_once(self) -> str:
        """Say how the server is made to give more."""
        limit = f'dn.exact="{self.reach.bind_dn}" size=unlimited time=unlimited'
        return _added("olcLimits", limit)

    @property
    def _suffix(self) -> str:
        """The naming context that the base is in."""
        place = place_of(self.asked.base)
        suffixes = [
            each for each in self.root.texts("namingcontexts") if place.endswith(place_of(each))
        ]
        return max(suffixes, key=len, default=self.asked.base)

    def _read_policies(self) -> str:
        us = f'by dn.exact="{self.reach.bind_dn}" read by * break'
        return _access(f'{{0}}to dn.subtree="{self._suffix}" filter=(objectClass=pwdPolicy) {us}')

    async def _raise(self, after: int | None) -> str:
        """Say how the threshold is raised that locks first."""
        policies = f"(&(objectClass=pwdPolicy)(pwdMaxFailure={after or 0}))"
        query = Query(base=self._suffix, filter=policies, attributes=("cn",))
        found = await self.ldap.search(query, most=1)
        dn = found.entries[0].dn if isinstance(found, Found) and found.entries else "POLICY"
        change = r"dn: %s\nchangetype: modify\nreplace: pwdMaxFailure\npwdMaxFailure: 10\n"
        return f"printf {word(change)} {word(dn)} | ldapmodify -H {self.server.url} -D ADMIN -W"


_ADMIN: Final = "ldapmodify -Y EXTERNAL -H ldapi:///"


def _access(*rules: str) -> str:
    return _added("olcAccess", *rules)


def _added(attribute: str, *values: str) -> str:
    """Write a command that adds to the database's settings, as the administrator of `cn=config`."""
    head = rf"dn: olcDatabase={{1}}mdb,cn=config\nchangetype: modify\nadd: {attribute}\n"
    lines = rf"{attribute}: %s\n" * len(values)
    return f"printf {word(head + lines)} {' '.join(map(word, values))} | {_ADMIN}"
