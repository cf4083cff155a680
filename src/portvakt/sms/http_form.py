"""Any gateway that takes one HTTP request per text, described in the settings.

    [[sms]]
    gateway = "http_form"
    url = "https://sms.example/send"
    body = "to={to}&text={text}"

`url`, `query`, `body` and `headers` are templates. Placeholders are filled in *after* the template
has been taken apart into fields, so nothing in a text or a number can add a field or a header:

    {to}         the number, +46701740605       {to_digits}  the same without its plus
    {text}       the text                       {id}         the same for each try of one text
    {secret}     what `secret` refers to
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from portvakt.core.secret import Secret
from portvakt.plugins import AdapterSettingsError, SecretRef, Tools
from portvakt.sms import Outcome, ReceiptReader, Refused, Sent, SmsGateway, TextMessage, Unknown
from portvakt.wire.addresses import BadDestinationError, Destination
from portvakt.wire.http import Answer, HttpClient, NoAnswer, NotSent

_PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")
_ANYWHERE = frozenset({"to", "to_digits", "id", "secret"})
_FIELDS = _ANYWHERE | {"text"}
_SURELY_NOT_TAKEN = (408, 425, 429, 503)  # the server says itself that it did nothing
_YES = range(200, 300)
_NO = range(300, 500)  # a redirect is a no: it is not followed
_LONGEST_RECEIPT = 200

Values = Mapping[str, str]


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
        self._check_placeholders()

    def _check_placeholders(self) -> None:
        """Refuse a placeholder that is unknown, misspelt or out of place, and any stray brace."""
        asked = _templates_in_form(self.query) + (
            _templates_in_json(self.body)
            if self.content == "json"
            else _templates_in_form(self.body)
        )
        for known, templates in ((_FIELDS, asked), (_ANYWHERE, [*self.headers.values()])):
            allowed = known if self.secret is not None else known - {"secret"}
            for template in templates:
                unknown = set(_PLACEHOLDER.findall(template)) - allowed
                if unknown:
                    raise ValueError(f"unknown placeholder {{{min(unknown)}}} in “{template}”")
                if set(_PLACEHOLDER.sub("", template)) & {"{", "}"}:
                    raise ValueError(f"a brace without a placeholder in “{template}”")
        filled = {name for template in asked for name in _PLACEHOLDER.findall(template)}
        if "text" not in filled or not filled & {"to", "to_digits"}:
            raise ValueError("body and query must hold {text} and {to} between them")

    def destinations(self) -> tuple[Destination, ...]:
        """Reach the host of the URL."""
        return (Destination.of_url(self.url, private=self.private),)

    def open(self, tools: Tools) -> SmsGateway:
        """Open the gateway; its secret is read now, so a missing one stops the start."""
        secret = Secret("") if self.secret is None else self.secret.read()
        if not (secret.open().isascii() and secret.open().isprintable()):
            raise AdapterSettingsError("http_form: the secret has characters a header cannot carry")
        return HttpFormGateway(tools.http, self, secret)

    def receipts(self) -> ReceiptReader | None:
        """Get none: nothing in these settings says how a receipt comes."""
        return None


@dataclass(frozen=True, slots=True)
class HttpFormGateway:
    """Fills in the request, sends it once, and reads what the answer means."""

    http: HttpClient
    config: Config
    secret: Secret

    async def send(self, message: TextMessage) -> Outcome:
        """Hand one text over."""
        config = self.config
        values = {
            "to": message.to,
            "to_digits": message.to.removeprefix("+"),
            "text": message.text.open(),
            "id": message.key,
            "secret": self.secret.open(),
        }
        headers = {name: _fill(template, values) for name, template in config.headers.items()}
        if config.idempotency_header is not None:
            headers[config.idempotency_header] = message.key
        content, kind = self._content(values)
        if content:
            headers.setdefault("Content-Type", kind)
        url = config.url if not config.query else f"{config.url}?{_form(config.query, values)}"
        return self._meaning(
            await self.http.send(config.method, url, headers=headers, content=content)
        )

    async def close(self) -> None:
        """Close nothing: each text has a connection of its own."""

    def _content(self, values: Values) -> tuple[bytes, str]:
        if not self.config.body:
            return b"", ""
        if self.config.content == "json":
            filled = _in_strings(_json_template(self.config.body), lambda t: _fill(t, values))
            return msgspec.json.encode(filled), "application/json"
        return _form(self.config.body, values).encode("ascii"), "application/x-www-form-urlencoded"

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
            found = _json_field(body, config.accepted_field)
            if found is None:
                return Unknown(f"the answer has no field {config.accepted_field}")
            if found not in config.accepted_values:
                return Refused(f"{config.accepted_field} says no", retry=False)
        receipt = None if config.receipt_field is None else _json_field(body, config.receipt_field)
        return Sent((receipt or "")[:_LONGEST_RECEIPT])


def _fill(template: str, values: Values) -> str:
    """Put values in for placeholders; what stands in a value is never a placeholder again."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def _form(template: str, values: Values) -> str:
    """Fill in and encode as `application/x-www-form-urlencoded`, in UTF-8."""
    pairs = parse_qsl(template, keep_blank_values=True)
    filled = [(_fill(name, values), _fill(value, values)) for name, value in pairs]
    return urlencode(filled, quote_via=quote)


def _templates_in_form(template: str) -> list[str]:
    return [side for pair in parse_qsl(template, keep_blank_values=True) for side in pair]


def _templates_in_json(template: str) -> list[str]:
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    _in_strings(_json_template(template), note)
    return found


def _json_template(template: str) -> Any:
    try:
        return msgspec.json.decode(template)
    except msgspec.DecodeError as error:
        raise ValueError(f"body: not JSON: {error}") from error


def _in_strings(value: Any, change: Callable[[str], str]) -> Any:
    """Change every text inside a JSON value, and leave names and numbers as they are."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_in_strings(each, change) for each in value]
    if isinstance(value, dict):
        return {name: _in_strings(each, change) for name, each in value.items()}
    return value


def _json_field(body: bytes, path: str) -> str | None:
    """Return a text, number or truth value from inside a JSON answer, as text."""
    try:
        value: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    for name in path.split("."):
        if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
