"""A person's account, and the one form in which a typed name is compared."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from portvakt.core.ids import AccountId, GroupId
from portvakt.core.roles import Role

MAX_IDENTIFIER = 254
"""Characters of the longest e-mail address (RFC 5321 section 4.5.3.1.3, less the brackets)."""


class AccountState(StrEnum):
    """Whether somebody may use the account at all."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A subscriber account (NIST SP 800-63): what we keep about one person.

    `source` and `external_id` are who this is for ever; names and addresses may change.
    """

    id: AccountId
    source: str
    """Who owns the fields: "hr", "apply", "break_glass", or a directory by its name."""
    external_id: str
    user_name: str
    email: str
    given_name: str
    family_name: str
    state: AccountState
    title: str
    unit: str
    manager: str | None
    """The manager's `external_id`, within the same source."""
    protected: bool
    """Protected identity («skyddade personuppgifter»): absent from lists, export, logs, notices."""
    roles: frozenset[Role]
    groups: frozenset[GroupId]
    language: str | None
    created_at: datetime
    start_date: date | None
    invited_at: datetime | None
    welcome_used_at: datetime | None
    last_sign_in_at: datetime | None

    @property
    def display_name(self) -> str:
        """The name as a person would write it; the user name where no name is known."""
        return f"{self.given_name} {self.family_name}".strip() or self.user_name

    @property
    def break_glass(self) -> bool:
        """Whether it is no person's, but for the day on which nobody gets in."""
        return Role.BREAK_GLASS in self.roles

    @property
    def usable(self) -> bool:
        """Whether this account may sign in."""
        return self.state is AccountState.ACTIVE


def canonical_identifier(typed: str) -> str | None:
    """Bring a name to the form in which names and addresses are stored, found and counted.

    NFC, trimmed and case-folded; None for what no account can be called (empty, too long,
    control characters, lone surrogates). Never NFKC: letters that merely look alike stay
    different people (A125).
    """
    if len(typed) > MAX_IDENTIFIER * 4:
        return None
    if typed.isascii():  # nearly all are, and an import asks for every name of everybody
        plain = typed.strip().lower()  # ASCII is NFC, and folds to lower case
        return plain if 0 < len(plain) <= MAX_IDENTIFIER and plain.isprintable() else None
    trimmed = unicodedata.normalize("NFC", typed).strip()
    folded = unicodedata.normalize("NFC", trimmed.casefold())
    if not folded or len(folded) > MAX_IDENTIFIER:
        return None
    if folded.isascii():  # such as the Kelvin sign
        return folded if folded.isprintable() else None
    if any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} for each in folded):
        return None
    return folded
