"""Text messages: what a gateway is, and what our texts say. One module here is one gateway.

To add one: a module with a `Config` struct whose `destinations()` lists the places it reaches and
whose `open(tools)` returns an `SmsGateway`. `tests/conformance` finds it by itself. What an
operator says became of a text comes by HTTP, to what `receipts()` returns, or on the gateway's own
line, and then goes to `Tools.receipts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from portvakt import gsm7
from portvakt.core.secret import Secret
from portvakt.plugins import Tools
from portvakt.texts import Texts
from portvakt.wire.addresses import Destination
from portvakt.wire.outcomes import Outcome, Receipt, ReceiptSink, Refused, Sent, Unknown

__all__ = ["Outcome", "Receipt", "ReceiptSink", "Refused", "Sent", "Unknown"]
# gateways take them from here

_SHORTEST = 12
"""How much of an organisation's name is kept at least: under that nobody knows whose text it is."""


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One text to one number (E.164). The key is the same each time this very text is tried."""

    to: str = field(repr=False)
    text: Secret
    key: str


class SmsGateway(Protocol):
    """Takes texts. It raises nothing that can be foreseen: each way out is an outcome."""

    async def send(self, message: TextMessage) -> Outcome:
        """Hand one text over, once. Trying again is the caller's business."""

    async def close(self) -> None:
        """Close what the gateway keeps open. It is not used afterwards."""


@dataclass(frozen=True, slots=True)
class ReceiptRequest:
    """One HTTP call that says it comes from an operator, already bounded in size.

    `url` is the public address that it was sent to, query and all, as built from `public_url`.
    Names in `headers` are in lower case.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoReceipt:
    """The call is the operator's, and there is nothing in it to note. `why` is for the log."""

    why: str


@dataclass(frozen=True, slots=True)
class Forged:
    """Nothing proves that the call is the operator's: nothing may change (A028)."""

    why: str


class ReceiptReader(Protocol):
    """Reads an operator's calls. It opens no network."""

    def read(self, request: ReceiptRequest) -> Receipt | NoReceipt | Forged:
        """Say what a call tells, after a look at what proves whose it is."""


class GatewayConfig(Protocol):
    """The settings of one gateway."""

    def destinations(self) -> tuple[Destination, ...]:
        """List every place the gateway reaches."""

    def open(self, tools: Tools) -> SmsGateway:
        """Open the gateway."""

    def receipts(self) -> ReceiptReader | None:
        """Open what reads receipts that come by HTTP; None where none do.

        Its secret is read now. Raises `portvakt.plugins.AdapterSettingsError`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeText:
    """Writes the text that carries a one-time code.

    It names service and purpose, holds no link and no name, and ends with the origin-bound line
    that lets a phone fill the code in on the page of `host` only (WICG, "Origin-bound one-time
    codes delivered via SMS"). `host` is that of `public_url`. `own` are the organisation's own
    words by language and purpose, with `{organisation}` and `{code}` in them.

    Everything is written in the alphabet of text messages, and a name that is too long for one
    message is cut short. The last line is never touched.
    """

    texts: Texts
    organisation: str
    host: str
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def code(self, language: str, *, purpose: str, digits: str) -> str:
        """Write it; `purpose` is one that `locale/*/sms.toml` has words for."""
        name = gsm7.written(self.organisation).strip()
        text = self._code(language, purpose, digits, name)
        over = -gsm7.spare(text)
        if over <= 0 or len(name) - over < _SHORTEST:
            return text
        return self._code(language, purpose, digits, _shortened(name, len(name) - over))

    def _code(self, language: str, purpose: str, digits: str, name: str) -> str:
        own = self.own.get(language, {}).get(purpose)
        if own is not None:
            words = own.replace("{code}", digits).replace("{organisation}", name)
        else:
            words = self.texts.say(
                language,
                "sms.code",
                organisation=name,
                purpose=self.texts.say(language, f"sms.purpose_{purpose}"),
                code=digits,
            )
        return f"{gsm7.written(words)}\n\n@{self.host} #{digits}"


def _shortened(name: str, most: int) -> str:
    """Cut a name to so many letters, after a word where enough of it is left."""
    cut = name[:most]
    whole = cut if name[most : most + 1] == " " else cut.rpartition(" ")[0]
    return (whole if len(whole) >= _SHORTEST else cut).rstrip(" ,.-&")


def notice_text(
    texts: Texts,
    language: str,
    kind: str,
    *,
    organisation: str,
    support_phone: str,
    number: str = "",
) -> Secret:
    """Write a text that tells of a change, for example `start_code` or `suspended`.

    `number` is the new one, partly hidden.
    """
    not_you = (
        texts.say(language, "sms.not_you", support_phone=support_phone)
        if support_phone
        else texts.say(language, "sms.not_you_without_phone")
    )
    what = texts.say(language, f"sms.notice_{kind}", number=number)
    words = texts.say(language, "sms.notice", organisation=organisation, what=what, not_you=not_you)
    return Secret(gsm7.written(words))


def to_body(text: Secret) -> bytes:
    """Write what the outbox keeps, sealed, of a text: the text itself, in UTF-8."""
    return text.open().encode()


def from_body(body: bytes) -> Secret:
    """Read what `to_body` wrote."""
    return Secret(body.decode())
