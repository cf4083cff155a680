"""Receipts that an operator sends by HTTP: first whose call it is, then what it says.

Anybody can reach the address that receipts come to, so a call that does not prove whose it is says
nothing (A028). Comparisons take the same time wherever the difference is.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

import msgspec

from portvakt.core.secret import Secret
from portvakt.plugins import AdapterSettingsError, SecretRef
from portvakt.sms import Forged, NoReceipt, Receipt, ReceiptRequest
from portvakt.sms.http_form.templates import json_field

LONGEST_NAME = 200
"""Letters of an operator's own name for a text; what is longer is cut, here and at hand-over."""
_MOST_FIELDS = 100
_IN_ADDRESSES = re.compile(r"[A-Za-z0-9_-]{16,}")
_SHORTEST_SECRET = 16

Fields = Sequence[tuple[str, str]]


class Receipts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the operator tells what became of a text, and what proves that it is the operator."""

    id: str
    """The field that holds the operator's own name for the text; in JSON, dots go inwards."""
    state: str
    """The field that says what became of it."""
    delivered: tuple[str, ...]
    """What that field says where the text has arrived."""
    failed: tuple[str, ...]
    """What it says where the text never will. All else is no receipt."""
    proof: Literal["hmac", "twilio", "basic", "query"]
    """What proves the call: a signature of its body (`hmac`), Twilio's own signature (`twilio`), a
    name and password (`basic`), or a secret in the query (`query`)."""
    secret: SecretRef
    """The key, token or password of the proof, at least 16 letters."""
    content: Literal["form", "json", "query"] = "form"
    """Where the fields are: in the body, as a form or as JSON, or in the query."""
    header: str | None = None
    """For `hmac`: the line that holds the signature."""
    algorithm: Literal["sha256", "sha1"] = "sha256"
    """For `hmac`: the hash in it."""
    encoding: Literal["hex", "base64"] = "hex"
    """For `hmac`: how the signature is written."""
    prefix: str = ""
    """For `hmac`: what stands before the signature, such as `sha256=`."""
    user: str | None = None
    """For `basic`: the name."""
    key: str | None = None
    """For `query`: the field that holds the secret."""

    def __post_init__(self) -> None:
        for field, proof in (("header", "hmac"), ("user", "basic"), ("key", "query")):
            if (getattr(self, field) is not None) != (self.proof == proof):
                raise ValueError(f'{field}: belongs to proof = "{proof}", which needs it')
        if self.proof == "hmac" and self.content == "query":
            raise ValueError("content: a signature of the body says nothing of the query")
        if self.proof == "twilio" and self.content == "json":
            raise ValueError("content: Twilio signs forms and queries")
        if not self.delivered or not self.failed or set(self.delivered) & set(self.failed):
            raise ValueError("delivered: it and failed are two lists, both with something in them")

    @property
    def in_address(self) -> bool:
        """Say whether the secret is part of the address that the operator is given."""
        return self.proof in {"basic", "query"}

    def read_secret(self) -> Secret:
        """Fetch the secret of the proof. Raises `AdapterSettingsError`."""
        secret = self.secret.read()
        if self.in_address and not _IN_ADDRESSES.fullmatch(secret.open()):
            raise AdapterSettingsError(
                "http_form: the secret of receipts is at least 16 of A-Z, a-z, 0-9, _ and -"
            )
        if len(secret.open()) < _SHORTEST_SECRET:
            raise AdapterSettingsError("http_form: the secret of receipts is under 16 letters")
        return secret


@dataclass(frozen=True, slots=True)
class FormReceiptReader:
    """Reads calls as the settings describe them."""

    config: Receipts
    secret: Secret

    def read(self, request: ReceiptRequest) -> Receipt | NoReceipt | Forged:
        """Say what a call tells, after a look at what proves whose it is."""
        why = self._unproved(request)
        if why is not None:
            return Forged(why)
        name, state = (self._field(request, each) for each in (self.config.id, self.config.state))
        if not name or state is None:
            return NoReceipt("a field is missing")
        name = name[:LONGEST_NAME]
        if state in self.config.delivered:
            return Receipt(name, "delivered")
        if state in self.config.failed:
            return Receipt(name, "failed", "the operator says that it failed")
        return NoReceipt("neither delivered nor failed")

    def _unproved(self, request: ReceiptRequest) -> str | None:
        """Return why a call is not the operator's; None where it is."""
        match self.config.proof:
            case "hmac":
                return self._wrong_signature(request)
            case "twilio":
                return self._wrong_for_twilio(request)
            case "basic":
                user_and_secret = f"{self.config.user}:{self.secret.open()}".encode()
                expected = "basic " + base64.b64encode(user_and_secret).decode("ascii")
                scheme, _, shown = request.headers.get("authorization", "").partition(" ")
                right = _same(f"{scheme.lower()} {shown.strip()}", expected)
                return None if right else "wrong name or password"
            case "query":
                shown = _field(_parsed(urlsplit(request.url).query), str(self.config.key)) or ""
                return None if _same(shown, self.secret.open()) else "wrong secret in the query"

    def _wrong_signature(self, request: ReceiptRequest) -> str | None:
        config = self.config
        digest = hmac.digest(self._key(), request.body, config.algorithm)
        if config.encoding == "hex":
            expected = digest.hex()
        else:
            expected = base64.b64encode(digest).decode("ascii")
        shown = request.headers.get(str(config.header).lower())
        if shown is None:
            return "no signature"
        shown = shown.strip().removeprefix(config.prefix)
        if config.encoding == "hex":
            shown = shown.lower()
        return None if _same(shown, expected) else "wrong signature"

    def _wrong_for_twilio(self, request: ReceiptRequest) -> str | None:
        """Compare Twilio's signature: address, then the form's fields by name, with HMAC-SHA1.

        Twilio, "Webhooks security": a name with several values is written once for each different
        value. The port may or may not stand in the address that was signed.
        """
        shown = request.headers.get("x-twilio-signature")
        if shown is None:
            return "no signature"
        form = _parsed(request.body)
        if form is None:
            return "the body is no form"
        pairs = "".join(name + value for name, value in sorted(set(form)))
        right = False
        for url in _with_and_without_port(request.url):
            digest = hmac.digest(self._key(), (url + pairs).encode(), hashlib.sha1)
            right |= _same(shown.strip(), base64.b64encode(digest).decode("ascii"))
        return None if right else "wrong signature"

    def _key(self) -> bytes:
        return self.secret.open().encode()

    def _field(self, request: ReceiptRequest, name: str) -> str | None:
        if self.config.content == "json":
            return json_field(request.body, name)
        if self.config.content == "query":
            return _field(_parsed(urlsplit(request.url).query), name)
        return _field(_parsed(request.body), name)


def _same(shown: str, expected: str) -> bool:
    return hmac.compare_digest(shown.encode(errors="replace"), expected.encode())


def _parsed(form: str | bytes) -> Fields | None:
    """Take a form apart; None where it is none."""
    try:
        text = form if isinstance(form, str) else form.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        return None


def _field(fields: Fields | None, name: str) -> str | None:
    """Return a field that stands there once. Which of several is meant, nobody can say."""
    found = [value for each, value in fields or () if each == name]
    return found[0] if len(found) == 1 else None


def _with_and_without_port(url: str) -> Mapping[str, None]:
    """List the ways that an address may have been written when it was signed."""
    parts: SplitResult = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    return dict.fromkeys(
        [url, *(urlunsplit(parts._replace(netloc=netloc)) for netloc in (host, f"{host}:{port}"))]
    )
