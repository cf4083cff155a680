"""What a role lets somebody do to other people and to the service."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """Given to a person by `grant-role`; an ordinary member of staff has none."""

    ADMINISTRATOR = "administrator"
    SUPPORT = "support"
    PROTECTED_READER = "protected_reader"
    BREAK_GLASS = "break_glass"
    """Given to nobody: it is what a break-glass account is (`core.break_glass.roles_of`)."""


GIVEN = tuple(each for each in Role if each is not Role.BREAK_GLASS)
"""Those that can be given."""


class Permission(StrEnum):
    """One thing that somebody may do to others."""

    SEE_PEOPLE = "see_people"
    SEE_PROTECTED = "see_protected"
    SEE_EVENTS = "see_events"
    ISSUE_START_CODE = "issue_start_code"
    END_SESSIONS = "end_sessions"
    GRANT_ROLE = "grant_role"
    CHANGE_RULES = "change_rules"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.ADMINISTRATOR: frozenset(Permission) - {Permission.SEE_PROTECTED},
        Role.BREAK_GLASS: frozenset(Permission) - {Permission.SEE_PROTECTED},
        Role.SUPPORT: frozenset(
            {
                Permission.SEE_PEOPLE,
                Permission.SEE_EVENTS,
                Permission.ISSUE_START_CODE,
                Permission.END_SESSIONS,
            }
        ),
        Role.PROTECTED_READER: frozenset({Permission.SEE_PEOPLE, Permission.SEE_PROTECTED}),
    }
)
"""What each role grants. Seeing people with protected identity is nobody's by default, not even
the administrator's: that role is given to the few who need it."""


def may(
    roles: AbstractSet[Role], permission: Permission, *, target_protected: bool = False
) -> bool:
    """Whether somebody with these roles may do this, to a person with protected identity or not.

    Every act on a protected person also needs the permission to see them, so that support
    cannot find out who is protected by trying.
    """
    granted = {each for role in roles for each in PERMISSIONS[role]}
    if target_protected and Permission.SEE_PROTECTED not in granted:
        return False
    return permission in granted


def is_privileged(roles: AbstractSet[Role]) -> bool:
    """Whether taking over this account would open others.

    If so, its first registration is stricter and its sessions are shorter.
    """
    return bool(roles)


_DIRECTORY_ADMINS = frozenset(
    {
        "account operators",
        "administrators",
        "backup operators",
        "domain admins",
        "enterprise admins",
        "key admins",
        "schema admins",
        "server operators",
    }
)
"""Groups of Active Directory whose members open other people's accounts (A078), as far as the
mapping brings them here."""


def administers_directory(groups: AbstractSet[str]) -> bool:
    """Whether the directory says that an account in these groups opens others."""
    names = {each.casefold().replace("-", " ").replace("_", " ") for each in groups}
    return not names.isdisjoint(_DIRECTORY_ADMINS)
