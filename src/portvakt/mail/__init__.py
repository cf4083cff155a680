"""Mail: what a mailer is, and what our notices say. One module here is one mailer.

To add one: a module with a `Config` struct whose `destinations()` lists the places it reaches and
whose `open(tools)` returns a `Mailer`. `tests/conformance` finds it by itself.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from portvakt.core.authenticators import AuthenticatorType
from portvakt.mail_page import DAY, NIGHT, Shade, html_of
from portvakt.plugins import Tools
from portvakt.texts import Texts
from portvakt.wire.addresses import Destination
from portvakt.wire.outcomes import Outcome, Refused, Sent, Unknown

__all__ = ["Outcome", "Refused", "Sent", "Shade", "Unknown"]  # mailers take them from here

_ZONE = ZoneInfo("Europe/Stockholm")


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one person. The key is the same each time this very letter is tried."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    key: str
    at: datetime
    html: str | None = field(default=None, repr=False)
    language: str | None = None
    """What it is written in (BCP 47)."""


class Mailer(Protocol):
    """Takes letters. It raises nothing that can be foreseen: each way out is an outcome."""

    async def send(self, letter: Letter) -> Outcome:
        """Hand one letter over, once. Trying again is the caller's business."""


class MailerConfig(Protocol):
    """The settings of one mailer."""

    def destinations(self) -> tuple[Destination, ...]:
        """List every place the mailer reaches."""

    def open(self, tools: Tools) -> Mailer:
        """Open the mailer."""


class Notice(StrEnum):
    """What a person is told of: each has a subject and a sentence in `locale/*/mail.toml`."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    PREFERRED = "preferred"
    DISABLED = "disabled"
    SUSPENDED = "suspended"
    START_CODE = "start_code"
    PASSWORD = "password"  # noqa: S105  # the name of a notice
    KEY_COPIED = "key_copied"
    RECOVERY_MADE = "recovery_made"
    RECOVERY_USED = "recovery_used"
    WELCOME = "welcome"
    NEW_PLACE = "new_place"
    GUESSING = "guessing"
    AT_RISK = "at_risk"
    SEEN_ELSEWHERE = "seen_elsewhere"
    LEAKED_PASSWORD = "leaked_password"  # noqa: S105  # the name of a notice
    ASKED_OFTEN = "asked_often"
    PAIRING_REUSED = "pairing_reused"
    PHONE_MOVED = "phone_moved"
    NOT_ME = "not_me"
    PUT_ASIDE = "put_aside"
    RESET = "reset"
    RESET_LATER = "reset_later"
    UNLOCKED = "unlocked"
    FROZEN = "frozen"
    THAWED = "thawed"
    NEW_PHONE = "new_phone"
    VOUCH_ASKED = "vouch_asked"
    VOUCHED = "vouched"
    VOUCH_GIVEN = "vouch_given"
    APP_CUT_OFF = "app_cut_off"
    BROWSER_COPIED = "browser_copied"


@dataclass(frozen=True, slots=True, kw_only=True)
class What:
    """What happened to which method. `left` counts recovery codes."""

    notice: Notice
    method: AuthenticatorType | None = None
    label: str = ""
    left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """From where it was done. Without an address nobody knows; `service` means an operator did."""

    address: str | None = None
    network: str | None = None
    service: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes notices in the name of the organisation."""

    texts: Texts
    organisation: str
    support_phone: str
    accent: Shade = DAY
    night: Shade = NIGHT

    def html(self, language: str, subject: str, text: str, link: str = "") -> str:
        """Return the page of a mail that this writer wrote, with the same words.

        A number to call stays on one line, where a thumb can hit it.
        """
        phone = self.support_phone
        return html_of(
            subject,
            text.replace(phone, phone.replace(" ", "\u00a0")) if phone else text,
            language=language,
            organisation=self.organisation,
            link=link,
            button=self.texts.say(language, "mail.not_you_button"),
            accent=self.accent,
            night=self.night,
        )

    def notice(
        self, language: str, name: str, what: What, *, at: datetime, where: Where, link: str = ""
    ) -> tuple[str, str]:
        """Return subject and text. `name` is how the person is addressed.

        `link` is where the change can be disowned; empty where there is nothing to disown.

        The label of a method was typed by somebody: it is one line of the text and never part of a
        subject.
        """
        say = self.texts.say
        sentence = say(
            language,
            f"mail.notice_{what.notice}",
            thing=self._thing(language, what),
            left=what.left,
        )
        text = say(
            language,
            "mail.notice",
            name=one_line(name),
            what=sentence,
            when=f"{at.astimezone(_ZONE):%Y-%m-%d %H:%M}",
            where=self._place(language, where),
            not_you=self._not_you(language, link),
            organisation=self.organisation,
        )
        return say(language, f"mail.notice_{what.notice}_subject"), text.strip() + "\n"

    def alarm(self, language: str, what: str, **values: object) -> tuple[str, str]:
        """Return subject and text of a warning to those in charge: a `mail.alarm_…`."""
        say = self.texts.say
        text = say(
            language,
            "mail.alarm",
            what=say(language, f"mail.alarm_{what}", **values),
            organisation=self.organisation,
        )
        return say(language, f"mail.alarm_{what}_subject"), text.strip() + "\n"

    def _thing(self, language: str, what: What) -> str:
        if what.method is None:
            return one_line(what.label) or self.texts.say(language, "mail.thing_unknown")
        method = self.texts.say(language, f"mail.method_{what.method}")
        if not what.label:
            return method
        return self.texts.say(language, "mail.thing", method=method, label=one_line(what.label))

    def _place(self, language: str, where: Where) -> str:
        if where.service:
            return self.texts.say(language, "mail.where_service", organisation=self.organisation)
        if where.address is None:
            return self.texts.say(language, "mail.where_unknown")
        if where.network is None:
            return self.texts.say(language, "mail.where_address", address=where.address)
        return self.texts.say(
            language, "mail.where_network", address=where.address, network=where.network
        )

    def _not_you(self, language: str, link: str) -> str:
        """Say what to do; a link stands on a line of its own."""
        with_phone, without = (
            ("mail.not_you_link", "mail.not_you_link_without_phone")
            if link
            else ("mail.not_you", "mail.not_you_without_phone")
        )
        message = with_phone if self.support_phone else without
        return self.texts.say(language, message, link=link, support_phone=self.support_phone)


def one_line(text: str) -> str:
    """Return the text without line ends and other characters that cannot be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def to_body(subject: str, text: str, html: str | None = None, language: str | None = None) -> bytes:
    """Write what the outbox keeps, sealed, of a letter."""
    kept = {"subject": subject, "text": text, "html": html, "language": language}
    return json.dumps(kept, ensure_ascii=False).encode()


def from_body(body: bytes, *, to: str, key: str, at: datetime) -> Letter:
    """Read what `to_body` wrote, and make the letter of it."""
    kept = json.loads(body)
    return Letter(
        to=to,
        subject=kept["subject"],
        text=kept["text"],
        html=kept["html"],
        language=kept.get("language"),  # letters that wait from before it was kept
        key=key,
        at=at,
    )
