"""Any gateway that takes one HTTP request per text, described in the settings.

    [[sms]]
    gateway = "http_form"
    url = "https://sms.example/send"
    body = "to={to}&text={text}"

`url`, `query`, `body` and `headers` are templates. Placeholders are filled in *after* the template
has been taken apart into fields, so nothing in a text or a number can add a field or a header:

    {to}         the number, +46701740605       {to_digits}  the same without its plus
    {text}       the text                       {id}         the same for each try of one text
    {secret}     what `secret` refers to        {receipt_secret}  what `receipt.secret` refers to

With `[sms.receipt]`, receipts are read that the operator sends to `/receipts/NAME` at
`public_url`. `text-messages.md` has examples for several operators.
"""

import base64
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from portvakt.core.secret import Secret
from portvakt.plugins import AdapterSettingsError, SecretRef, Tools
from portvakt.sms import Outcome, ReceiptReader, Refused, Sent, SmsGateway, TextMessage, Unknown
from portvakt.sms.http_form import templates
from portvakt.sms.http_form.receipts import LONGEST_NAME, FormReceiptReader, Receipts
from portvakt.wire.addresses import BadDestinationError, Destination
from portvakt.wire.http import Answer, HttpClient, NoAnswer, NotSent

_ANYWHERE = frozenset({"to", "to_digits", "id", "secret", "receipt_secret"})
_FIELDS = _ANYWHERE | {"text"}
_SURELY_NOT_TAKEN = (408, 425, 429, 503)  # the server says itself that it did nothing
_YES = range(200, 300)
_NO = range(300, 500)  # a redirect is a no: it is not followed


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to ask, and how to read the answer."""

    url: str
    """Where to ask: https, or http on loopback and in a network said to be `private`."""
    body: str = ""
    """What to ask with: a form (`to={to}&text={text}`) or, with `content = "json"`, JSON."""
    query: str = ""
    """What follows the `?` of the address, written like a form."""
    method: Literal["POST", "PUT", "GET"] = "POST"
    """How to ask."""
    content: Literal["form", "json"] = "form"
    """What `body` is."""
    headers: dict[str, str] = {}
    """Lines to ask with, such as `Authorization = "Bearer {secret}"`. They hold no `{text}`."""
    idempotency_header: str | None = None
    """The line that tells the gateway that a text is the same one again."""
    secret: SecretRef | None = None
    """What `{secret}` stands for: `{ file = "…" }` or `{ env = "…" }`."""
    user: str | None = None
    """Whom to log in as by HTTP Basic (RFC 7617), with `secret` as the password."""
    private: bool = False
    """That the gateway lies in a private network."""
    accepted_status: tuple[int, ...] = ()
    """Statuses that may mean yes; any 2xx if not given."""
    accepted_text: str | None = None
    """Words that a yes holds."""
    accepted_field: str | None = None
    """The field of a JSON answer that says yes or no; dots go inwards (`messages.0.status`)."""
    accepted_values: tuple[str, ...] = ()
    """What that field says for yes."""
    refused_text: tuple[str, ...] = ()
    """Words of an answer that mean no although its status says yes."""
    receipt_field: str | None = None
    """The field of a JSON answer that holds the gateway's own name for the text."""
    receipt_is_id: bool = False
    """That receipts come under the `{id}` that the text was sent with."""
    receipt: Receipts | None = None
    """How receipts come. Without it none are read."""

    def __post_init__(self) -> None:
        try:
            Destination.of_url(self.url, private=self.private)
        except BadDestinationError as error:
            raise ValueError(f"url: {error}") from error
        if urlsplit(self.url).query or urlsplit(self.url).fragment:
            raise ValueError("url: what follows a ? belongs in query")
        if self.method == "GET" and self.body:
            raise ValueError("body: a GET has none; use query")
        if (self.accepted_field is None) != (not self.accepted_values):
            raise ValueError("accepted_field and accepted_values belong together")
        if self.user is not None and (self.secret is None or ":" in self.user):
            raise ValueError("user: has no colon, and needs secret")
        self._check_placeholders()

    def _check_placeholders(self) -> None:
        """Refuse a placeholder that is unknown, misspelt or out of place, and any stray brace."""
        asked = templates.in_form(self.query) + (
            templates.in_json(self.body) if self.content == "json" else templates.in_form(self.body)
        )
        missing = {"secret"} if self.secret is None else set()
        if self.receipt is None or not self.receipt.in_address:
            missing.add("receipt_secret")
        for known, each in ((_FIELDS, asked), (_ANYWHERE, [*self.headers.values()])):
            for template in each:
                unknown = templates.placeholders(template) - (known - missing)
                if unknown:
                    raise ValueError(f"unknown placeholder {{{min(unknown)}}} in “{template}”")
                if templates.has_stray_brace(template):
                    raise ValueError(f"a brace without a placeholder in “{template}”")
        filled = {name for template in asked for name in templates.placeholders(template)}
        if "text" not in filled or not filled & {"to", "to_digits"}:
            raise ValueError("body and query must hold {text} and {to} between them")
        if self.receipt_is_id and ("id" not in filled or self.receipt_field is not None):
            raise ValueError("receipt_is_id: needs {id} in body or query, and no receipt_field")
        if self.receipt is not None and not (self.receipt_is_id or self.receipt_field):
            raise ValueError("receipt: needs receipt_field or receipt_is_id")

    def destinations(self) -> tuple[Destination, ...]:
        """Reach the host of the URL."""
        return (Destination.of_url(self.url, private=self.private),)

    def open(self, tools: Tools) -> SmsGateway:
        """Open the gateway; its secrets are read now, so a missing one stops the start."""
        secret = Secret("") if self.secret is None else self.secret.read()
        if not (secret.open().isascii() and secret.open().isprintable()):
            raise AdapterSettingsError("http_form: the secret has characters a header cannot carry")
        told = Secret("") if self.receipt is None else self.receipt.read_secret()
        return HttpFormGateway(tools.http, self, secret, told)

    def receipts(self) -> ReceiptReader | None:
        """Open what reads receipts, where the settings say how they come."""
        if self.receipt is None:
            return None
        return FormReceiptReader(self.receipt, self.receipt.read_secret())


@dataclass(frozen=True, slots=True)
class HttpFormGateway:
    """Fills in the request, sends it once, and reads what the answer means."""

    http: HttpClient
    config: Config
    secret: Secret
    receipt_secret: Secret

    async def send(self, message: TextMessage) -> Outcome:
        """Hand one text over."""
        config = self.config
        values = {
            "to": message.to,
            "to_digits": message.to.removeprefix("+"),
            "text": message.text.open(),
            "id": message.key,
            "secret": self.secret.open(),
            "receipt_secret": self.receipt_secret.open(),
        }
        headers = {name: templates.fill(line, values) for name, line in config.headers.items()}
        if config.user is not None:
            both = f"{config.user}:{self.secret.open()}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(both).decode("ascii")
        if config.idempotency_header is not None:
            headers[config.idempotency_header] = message.key
        content, kind = self._content(values)
        if content:
            headers.setdefault("Content-Type", kind)
        query = templates.filled_form(config.query, values)
        url = f"{config.url}?{query}" if query else config.url
        outcome = self._meaning(
            await self.http.send(config.method, url, headers=headers, content=content)
        )
        if isinstance(outcome, Sent) and config.receipt_is_id:
            return Sent(message.key)
        return outcome

    async def close(self) -> None:
        """Close nothing: each text has a connection of its own."""

    def _content(self, values: templates.Values) -> tuple[bytes, str]:
        if not self.config.body:
            return b"", ""
        if self.config.content == "json":
            return templates.filled_json(self.config.body, values), "application/json"
        content = templates.filled_form(self.config.body, values).encode("ascii")
        return content, "application/x-www-form-urlencoded"

    def _meaning(self, answer: Answer | NotSent | NoAnswer) -> Outcome:
        """Read an answer. What is not clearly a yes or a no is unknown: it may have been taken."""
        if isinstance(answer, NotSent):
            return Refused(f"not reached: {answer.why}", retry=True)
        if isinstance(answer, NoAnswer):
            return Unknown(answer.why)
        if answer.status in (self.config.accepted_status or _YES):
            return self._meaning_of_body(answer.body)
        if answer.status in _SURELY_NOT_TAKEN:
            return Refused(f"status {answer.status}", retry=True)
        if answer.status in _NO:
            return Refused(f"status {answer.status}", retry=False)
        return Unknown(f"status {answer.status}")

    def _meaning_of_body(self, body: bytes) -> Outcome:
        config = self.config
        text = body.decode("utf-8", "replace")
        if any(words in text for words in config.refused_text):
            return Refused("the answer says no", retry=False)
        if config.accepted_text is not None and config.accepted_text not in text:
            return Unknown("the answer lacks the expected words")
        if config.accepted_field is not None:
            found = templates.json_field(body, config.accepted_field)
            if found is None:
                return Unknown(f"the answer has no field {config.accepted_field}")
            if found not in config.accepted_values:
                return Refused(f"{config.accepted_field} says no", retry=False)
        receipt = (
            None
            if config.receipt_field is None
            else templates.json_field(body, config.receipt_field)
        )
        return Sent((receipt or "")[:LONGEST_NAME])
