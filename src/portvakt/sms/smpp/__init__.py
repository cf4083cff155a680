"""A message centre that speaks SMPP 3.4, as most operators offer beside HTTP.

    [[sms]]
    gateway = "smpp"
    host = "smpp.operator.example"
    system_id = "region"
    password = { file = "secrets/smpp-password" }
    sender = "Exempel"

One line is bound as a transceiver as long as `portvakt work` runs. Texts leave and receipts come
on it, so nothing has to be opened from the outside.
"""

import re
import ssl
from typing import Annotated, Any, Final, Literal

import msgspec

from portvakt.plugins import AdapterSettingsError, SecretRef, Tools
from portvakt.sms import ReceiptReader, SmsGateway
from portvakt.sms.smpp.gateway import SmppGateway
from portvakt.sms.smpp.line import Login
from portvakt.wire.addresses import Destination
from portvakt.wire.trust import trusting

_PORTS: Final = {"tls": 3550, "none": 2775}
_LONGEST_PASSWORD: Final = 8
_LONGEST_TYPE: Final = 12
_PRINTED: Final = re.compile(r"[!-~]+")
_LONGEST_ID: Final = 15
_SOURCES: Final = (
    (re.compile(r"\+[1-9][0-9]{6,14}"), 1, 1),
    (re.compile(r"[0-9]{3,15}"), 3, 0),
    (re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 .&_-]{1,11}"), 5, 0),
)
"""How a sender is written, and which type of number and numbering plan it then is (5.2.5, 5.2.6):
a telephone number, a short number of the operator's, a name."""

Count = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=300)]
Patience = Annotated[int, msgspec.Meta(ge=1, le=5)]
Octet = Annotated[int, msgspec.Meta(ge=0, le=255)]


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the centre is, who we are there, and its habits."""

    host: str
    """The message centre."""
    system_id: str
    """Whom to bind as, at most 15 letters."""
    password: SecretRef
    """The password for that, at most 8 letters: `{ file = "…" }` or `{ env = "…" }`."""
    sender: str
    """Whom texts are from: a name of at most 11 letters, `+46…`, or a short number."""
    port: int | None = None
    """Its port; 3550 with TLS and 2775 without if not given."""
    tls: Literal["tls", "none"] = "tls"
    """How the line is protected. `none` is for loopback, or a `private` network or tunnel."""
    ca_file: str | None = None
    """Who vouches for the centre, in place of the system's authorities."""
    private: bool = False
    """That the centre lies in a private network."""
    system_type: str = ""
    """What the operator may ask for at the bind, at most 12 letters."""
    sender_ton: Octet | None = None
    """The sender's type of number, where the operator wants another than fits `sender`."""
    sender_npi: Octet | None = None
    """The sender's numbering plan, likewise."""
    window: Count = 10
    """How many texts may wait for their answers at once. The operator says how many it takes."""
    alphabet: Literal["gsm", "latin1"] = "gsm"
    """What the operator takes for its default letters; others go as UCS-2."""
    long_texts: Literal["udh", "sar", "payload"] = "udh"
    """How a text of several parts is handed over: with a header in each part, with parameters, or
    whole."""
    receipt_ids: Literal["same", "hex_then_decimal", "decimal_then_hex"] = "same"
    """How texts are named: in receipts as in answers, or one in hexadecimal and one in decimal."""
    enquire_every: Seconds = 30
    """Seconds of silence after which the centre is asked for a sign of life."""
    answer_within: Patience = 5
    """Seconds to wait for an answer."""

    def __post_init__(self) -> None:
        if self.tls == "none" and not (self.private or self.place().is_local):
            raise ValueError('tls: "none" is for loopback, or a network said to be private')
        if not _PRINTED.fullmatch(self.system_id) or len(self.system_id) > _LONGEST_ID:
            raise ValueError("system_id: is 1 to 15 letters, digits and signs")
        if not self.system_type.isascii() or len(self.system_type) > _LONGEST_TYPE:
            raise ValueError("system_type: is at most 12 letters")
        if not any(pattern.fullmatch(self.sender) for pattern, _, _ in _SOURCES):
            raise ValueError("sender: is a name of at most 11 letters, +46…, or a short number")

    def place(self) -> Destination:
        """Return where the centre is."""
        port = _PORTS[self.tls] if self.port is None else self.port
        return Destination("smpps" if self.tls == "tls" else "smpp", self.host, port, self.private)

    def source(self) -> dict[str, Any]:
        """Return the fields of `submit_sm` that say whom a text is from."""
        ton, npi = next((t, n) for each, t, n in _SOURCES if each.fullmatch(self.sender))
        return {
            "source_addr": self.sender.removeprefix("+"),
            "source_addr_ton": ton if self.sender_ton is None else self.sender_ton,
            "source_addr_npi": npi if self.sender_npi is None else self.sender_npi,
        }

    def destinations(self) -> tuple[Destination, ...]:
        """Reach the message centre."""
        return (self.place(),)

    def open(self, tools: Tools) -> SmsGateway:
        """Begin to open the line, inside a running loop; a missing secret stops the start."""
        password = self.password.read()
        if not _PRINTED.fullmatch(password.open()) or len(password.open()) > _LONGEST_PASSWORD:
            raise AdapterSettingsError("smpp: the password is not 1 to 8 letters, digits and signs")
        login = Login(self.system_id, password, self.system_type)
        return SmppGateway(self, login, self._tls(), tools.receipts)

    def receipts(self) -> ReceiptReader | None:
        """Get none by HTTP: they come on the line."""
        return None

    def _tls(self) -> ssl.SSLContext | None:
        if self.tls == "none":
            return None
        try:
            return trusting(self.ca_file)
        except OSError as error:
            raise AdapterSettingsError("smpp: ca_file cannot be read") from error
