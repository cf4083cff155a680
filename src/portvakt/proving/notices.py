"""Telling people what happened to their account, in the act that did it.

A notice goes to a channel that the change did not touch: by mail to the person, and by text to a
number that is about to lose its place. People with protected identity get the same notices, since
they go to nobody else. A mail about a change carries a link that freezes (docs/adr/0029); a text
never carries one, nor does what we tell of the freezing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.freezing import Change
from portvakt.core.ids import AccountId
from portvakt.core.networks import network_name
from portvakt.core.people import Account
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer
from portvakt.mail import Notice, What, Where, Writer, to_body
from portvakt.proving.visit import Visit
from portvakt.records.configuration import Configuration
from portvakt.records.freezes import Link
from portvakt.records.outbox import Message
from portvakt.records.unit import Unit
from portvakt.sms import notice_text
from portvakt.sms import to_body as to_text_body
from portvakt.texts import LANGUAGES

DEFAULT_LANGUAGE = LANGUAGES[0]
NOTICE_LIVES = timedelta(days=7)
"""How long we go on trying: a notice of last week is still worth reading, an older one alarms."""
FREEZES = "/not-me"
"""Where the link leads, under `public_url`; the token is the next part of the path."""
_LINKED = frozenset(Notice(each) for each in Change if each is not Change.SIGN_IN)


class Notices:
    """Writes notices into the outbox."""

    def __init__(
        self,
        *,
        writer: Writer,
        sealer: Sealer,
        random: Random,
        public_url: str,
        operators: Sequence[str] = (),
    ) -> None:
        """`operators` are mail addresses that hear of alarms, beside administrators."""
        self._operators = tuple(operators)
        self._public_url = public_url
        self._writer = writer
        self._sealer = sealer
        self._random = random

    async def tell(
        self,
        unit: Unit,
        account: Account,
        what: What,
        visit: Visit | None,
        configuration: Configuration | None = None,
        *,
        at: datetime | None = None,
        where: Where | None = None,
    ) -> None:
        """Queue a mail about `what`.

        `visit` is None where an operator did it, or, with `where`, somebody without a browser;
        then `at` says when.
        """
        if not account.email:
            return
        when = at if visit is None else visit.now
        if when is None:
            raise AssertionError("an operator's act has a time")
        language = account.language or DEFAULT_LANGUAGE
        link = await self._link(unit, account, what, when)
        subject, text = self._writer.notice(
            language,
            account.given_name or account.display_name,
            what,
            at=when,
            where=where or _where(visit, configuration),
            link=link,
        )
        html = self._writer.html(language, subject, text, link)
        body = to_body(subject, text, html, language)
        await self._put(unit, "mail", account.email, body, account.id, when)

    async def _link(self, unit: Unit, account: Account, what: What, at: datetime) -> str:
        """Make the link that disowns this change; empty for what is no change."""
        if what.notice not in _LINKED:
            return ""
        token = self._random.secret()
        link = Link(account.id, Change(what.notice.value), at)
        await unit.freezes.put_link(lookup_hash(token), link)
        return f"{self._public_url}{FREEZES}/{token}"

    async def tell_number(
        self, unit: Unit, account: Account, number: str, kind: str, at: datetime, hidden: str = ""
    ) -> None:
        """Queue a text to `number`; the kinds are the `sms.notice_…` of the catalogues."""
        text = notice_text(
            self._writer.texts,
            account.language or DEFAULT_LANGUAGE,
            kind,
            organisation=self._writer.organisation,
            support_phone=self._writer.support_phone,
            number=hidden,
        )
        await self._put(unit, "sms", number, to_text_body(text), account.id, at)

    async def alarm(
        self, unit: Unit, what: str, at: datetime, accounts: Iterable[Account], **values: object
    ) -> None:
        """Queue a `mail.alarm_…` to these accounts and to whoever else hears of alarms."""
        readers: dict[str, tuple[AccountId | None, str]]
        readers = dict.fromkeys(self._operators, (None, DEFAULT_LANGUAGE))
        for each in accounts:
            if each.email:
                readers[each.email] = (each.id, each.language or DEFAULT_LANGUAGE)
        for address, (account_id, language) in readers.items():
            subject, text = self._writer.alarm(language, what, **values)
            html = self._writer.html(language, subject, text)
            body = to_body(subject, text, html, language)
            await self._put(unit, "mail", address, body, account_id, at)

    async def disabled(
        self, unit: Unit, account: Account, authenticator: Authenticator, visit: Visit
    ) -> None:
        """Tell that a method was switched off after too many wrong answers."""
        what = What(notice=Notice.DISABLED, method=authenticator.type, label=authenticator.label)
        await self.tell(unit, account, what, visit)

    async def guessing(
        self, unit: Unit, account: Account, method: AuthenticatorType, visit: Visit
    ) -> None:
        """Tell that somebody who had the password answered wrongly ten times (A013)."""
        await self.tell(unit, account, What(notice=Notice.GUESSING, method=method), visit)

    async def asked_often(self, unit: Unit, account: Account, visit: Visit) -> None:
        """Tell that somebody who has the password asks the phone again and again (A031)."""
        await self.tell(unit, account, What(notice=Notice.ASKED_OFTEN), visit)

    async def recovery_used(self, unit: Unit, account: Account, left: int, visit: Visit) -> None:
        """Tell that a printed code was used, and how many are left."""
        await self.tell(unit, account, What(notice=Notice.RECOVERY_USED, left=left), visit)

    async def _put(
        self,
        unit: Unit,
        channel: str,
        to: str,
        body: bytes,
        account_id: AccountId | None,
        at: datetime,
    ) -> None:
        row = self._random.id()
        await unit.outbox.put(
            Message(
                id=row,
                channel=channel,
                to=to,
                body=self._sealer.seal(body, table="outbox", column="body", row=row),
                purpose="notice",
                account_id=account_id,
                address=None,
                created_at=at,
                not_after=at + NOTICE_LIVES,
                idempotency_key=row,
            )
        )


def _where(visit: Visit | None, configuration: Configuration | None) -> Where:
    if visit is None:
        return Where(service=True)
    network = None
    if configuration is not None:
        network = network_name(visit.address, configuration.networks) or None
    return Where(address=visit.address, network=network)
