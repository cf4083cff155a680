"""What the settings of the HTTP gateway promise about receipts, and the examples of the page."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from portvakt import plugins
from portvakt.core.secret import Secret
from portvakt.plugins import AdapterSettingsError
from portvakt.sms import Forged, NoReceipt, Receipt, ReceiptRequest, Sent, TextMessage
from tests.conformance.operator import Request, answers, operator
from tests.conformance.operators_page import blocks, config, secret_in
from tests.conformance.tools import tools

TEXT = "Region Exempel: 012345 är din kod.\n\n@login.region.example #012345"
MESSAGE = TextMessage("+46701740605", Secret(TEXT), "key-1")
TOLD = "https://login.region.example/receipts/"
BASE = {"url": "http://127.0.0.1:9/send", "body": "to={to}&text={text}", "receipt_field": "id"}
HMAC = {"proof": "hmac", "header": "X-Signature"}
KEY = "0123456789abcdef"

Read = Receipt | NoReceipt | Forged


def filled(folder: Path, held: str = KEY, **receipt: Any) -> Any:
    (folder / "key").write_text(held, encoding="utf-8")
    fields = {"id": "id", "state": "state", "delivered": ["ok"], "failed": ["no"]}
    fields |= {"secret": {"file": str(folder / "key")}} | receipt
    return plugins.fill("portvakt.sms", "http_form", BASE | {"receipt": fields})


def read(
    folder: Path, url: str = TOLD, body: bytes = b"", method: str = "POST", **settings: Any
) -> Read:
    headers = settings.pop("headers", {})
    found: Read = (
        filled(folder, **settings).receipts().read(ReceiptRequest(method, url, headers, body))
    )
    return found


def signed(body: bytes, key: str = KEY, algorithm: str = "sha256") -> bytes:
    return hmac.new(key.encode(), body, algorithm).digest()


async def handed_over(name: str, folder: Path, answer: dict[str, Any], **at: Any) -> Request:
    """Send through a block of the page to an operator on loopback; return what it was asked."""
    status = at.pop("status", 200)
    async with operator(answers(status, json.dumps(answer).encode())) as there:
        gateway = config(name, folder, url=there.url, **at)
        outcome = await gateway.open(tools(gateway.destinations())).send(MESSAGE)
        assert outcome == Sent(at.pop("receipt", "op-17" if name != "kannel" else "key-1"))
    assert len(there.requests) == 1
    return there.requests[0]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def test_the_example_for_46elks_sends_and_reads_receipts(tmp_path: Path) -> None:
    asked = await handed_over("46elks", tmp_path, {"status": "created", "id": "op-17"})
    password = secret_in("secrets/46elks-password")
    assert asked.headers["authorization"] == basic("u0123456789abcdef", password)
    told = urlsplit(asked.form.pop("whendelivered")[0])
    assert asked.form["to"] == ["+46701740605"]
    assert asked.form["message"] == [TEXT]
    assert (told.hostname, told.path) == ("login.region.example", "/receipts/46elks")
    reader = config("46elks", tmp_path).receipts()
    headers = {"authorization": basic(told.username or "", told.password or "")}

    def call(status: str, headers: dict[str, str] = headers) -> Read:
        body = urlencode({"id": "op-17", "status": status}).encode()
        found: Read = reader.read(ReceiptRequest("POST", TOLD + "46elks", headers, body))
        return found

    assert call("delivered") == Receipt("op-17", "delivered")
    assert isinstance(call("failed"), Receipt)
    assert isinstance(call("sent"), NoReceipt)
    assert isinstance(call("delivered", {}), Forged)
    assert isinstance(call("delivered", {"authorization": basic("portvakt", "x")}), Forged)


async def test_the_example_for_twilio_sends_and_reads_receipts(tmp_path: Path) -> None:
    asked = await handed_over("twilio", tmp_path, {"status": "queued", "sid": "op-17"})
    token = secret_in("secrets/twilio-token")
    sid = "AC00000000000000000000000000000000"
    assert asked.headers["authorization"] == basic(sid, token)
    url = asked.form["StatusCallback"][0]
    assert asked.form["Body"] == [TEXT]
    reader = config("twilio", tmp_path).receipts()
    fields = {"MessageSid": "op-17", "MessageStatus": "delivered", "To": "+46701740605"}
    written = url + "".join(name + fields[name] for name in sorted(fields))
    shown = base64.b64encode(signed(written.encode(), token, "sha1")).decode()

    def call(url: str = url, shown: str = shown, **changed: str) -> Read:
        body = urlencode(fields | changed).encode()
        headers = {"x-twilio-signature": shown}
        found: Read = reader.read(ReceiptRequest("POST", url, headers, body))
        return found

    assert call() == Receipt("op-17", "delivered")
    assert call(url.replace("example/", "example:443/")) == Receipt("op-17", "delivered")
    assert isinstance(call(url.replace("/twilio", "/other")), Forged)
    assert isinstance(call(MessageStatus="failed"), Forged)
    assert isinstance(call(shown=""), Forged)


async def test_the_example_in_json_sends_and_reads_receipts(tmp_path: Path) -> None:
    answer = {"messages": [{"id": "op-17", "status": "queued"}]}
    asked = await handed_over("json", tmp_path, answer, status=202)
    assert asked.headers["authorization"] == f"Bearer {secret_in('secrets/operator-token')}"
    assert asked.headers["idempotency-key"] == "key-1"
    assert json.loads(asked.body)["to"] == ["+46701740605"]
    reader = config("json", tmp_path).receipts()
    key = secret_in("secrets/operator-signing-key")

    def call(status: str, key: str = key) -> Read:
        body = json.dumps({"message": {"id": "op-17", "status": status}}).encode()
        headers = {"x-signature": f"sha256={signed(body, key).hex()}"}
        found: Read = reader.read(ReceiptRequest("POST", TOLD + "json", headers, body))
        return found

    assert call("DELIVERED") == Receipt("op-17", "delivered")
    assert isinstance(call("EXPIRED"), Receipt)
    assert isinstance(call("ENROUTE"), NoReceipt)
    assert isinstance(call("DELIVERED", "another key"), Forged)


async def test_the_example_for_kannel_tells_it_where_receipts_go(tmp_path: Path) -> None:
    asked = await handed_over("kannel", tmp_path, {}, status=202)
    assert asked.query["to"] == ["46701740605"]
    told = asked.query["dlr-url"][0].replace("%d", "1")
    assert parse_qs(urlsplit(told).query)["id"] == ["key-1"]
    reader = config("kannel", tmp_path).receipts()
    assert reader.read(ReceiptRequest("GET", told, {}, b"")) == Receipt("key-1", "delivered")
    guessed = told.replace("key=k", "key=x")
    assert isinstance(reader.read(ReceiptRequest("GET", guessed, {}, b"")), Forged)


def test_every_example_of_the_page_is_one_that_opens(tmp_path: Path) -> None:
    for name, block in blocks().items():
        if block["gateway"] == "http_form":
            config(name, tmp_path).open(tools())
        else:
            assert config(name, tmp_path).destinations()


def test_twilios_signature_is_the_one_that_others_compute(tmp_path: Path) -> None:
    """The address, fields, token and signature that several libraries for Twilio test with."""
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "From": "+12349013030",
        "To": "+18005551212",
        "Caller": "+12349013030",
        "Digits": "1234",
    }
    reader = filled(tmp_path, proof="twilio").receipts()
    with_their_token = type(reader)(reader.config, Secret("12345"))
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    headers = {"x-twilio-signature": "0/KCTR6DLpKmkAf8muzZqo1nDgQ="}
    body = urlencode(fields).encode()
    found = with_their_token.read(ReceiptRequest("POST", url, headers, body))
    assert found == NoReceipt("a field is missing")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_a028_a_signature_of_the_body_proves_a_call(
    tmp_path: Path, algorithm: str, encoding: str
) -> None:
    body = b"id=m-1&state=ok"
    digest = signed(body, algorithm=algorithm)
    shown = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    settings = HMAC | {"algorithm": algorithm, "encoding": encoding, "prefix": "v1="}

    def call(body: bytes, shown: str) -> Read:
        return read(tmp_path, body=body, headers={"x-signature": shown}, **settings)

    assert call(body, f"v1={shown}") == Receipt("m-1", "delivered")
    assert call(b"id=m-1&state=no", f"v1={shown}") == Forged("wrong signature")
    assert call(body, f"v1={shown[:-2]}") == Forged("wrong signature")
    assert call(body, "å") == Forged("wrong signature")
    assert read(tmp_path, body=body, **settings) == Forged("no signature")


@pytest.mark.parametrize(
    ("settings", "url", "headers"),
    [
        (HMAC, TOLD, {}),
        (HMAC, TOLD, {"x-signature": hashlib.sha256(b"id=m-1&state=ok").hexdigest()}),
        ({"proof": "twilio"}, TOLD, {}),
        ({"proof": "twilio"}, TOLD, {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}),
        ({"proof": "basic", "user": "u"}, TOLD, {}),
        ({"proof": "basic", "user": "u"}, TOLD, {"authorization": "Basic dTpwYXNz"}),
        ({"proof": "basic", "user": "u"}, TOLD, {"authorization": "Bearer " + KEY}),
        ({"proof": "query", "key": "k"}, TOLD, {}),
        ({"proof": "query", "key": "k"}, f"{TOLD}?k=wrong", {}),
        ({"proof": "query", "key": "k"}, f"{TOLD}?k=wrong&k={KEY}", {}),
        ({"proof": "query", "key": "k"}, f"{TOLD}?k=%FF", {}),
    ],
)
def test_a028_a_call_without_the_right_proof_is_forged(
    tmp_path: Path, settings: dict[str, Any], url: str, headers: dict[str, str]
) -> None:
    found = read(tmp_path, url, b"id=m-1&state=ok", headers=headers, **settings)
    assert isinstance(found, Forged)
    assert KEY not in repr(found)


def test_a028_without_settings_for_receipts_none_are_read() -> None:
    assert plugins.fill("portvakt.sms", "http_form", BASE).receipts() is None
    assert plugins.fill("portvakt.sms", "console", {}).receipts() is None


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"id=m-1&state=ok", Receipt("m-1", "delivered")),
        (b"id=m-1&state=no", Receipt("m-1", "failed", "the operator says that it failed")),
        (b"id=m-1&state=buffered", NoReceipt("neither delivered nor failed")),
        (b"id=m-1", NoReceipt("a field is missing")),
        (b"id=&state=ok", NoReceipt("a field is missing")),
        (b"id=m-1&id=m-2&state=ok", NoReceipt("a field is missing")),
        (b"\xff\xfe", NoReceipt("a field is missing")),
        (b"&".join([b"a=1"] * 101), NoReceipt("a field is missing")),
        (b"id=" + b"x" * 300 + b"&state=ok", Receipt("x" * 200, "delivered")),
        (b"", NoReceipt("a field is missing")),
    ],
)
def test_what_is_neither_delivered_nor_failed_is_no_receipt(
    tmp_path: Path, body: bytes, found: Read
) -> None:
    headers = {"x-signature": signed(body).hex()}
    assert read(tmp_path, body=body, headers=headers, **HMAC) == found


@pytest.mark.parametrize("body", [b"[", b"{}", b'{"id": {}, "state": "ok"}', b"[" * 50_000])
def test_json_that_holds_no_receipt_is_none(tmp_path: Path, body: bytes) -> None:
    headers = {"x-signature": signed(body).hex()}
    found = read(tmp_path, body=body, headers=headers, content="json", **HMAC)
    assert found == NoReceipt("a field is missing")


@pytest.mark.parametrize(
    ("receipt", "said"),
    [
        ({"proof": "hmac"}, "header"),
        ({"proof": "twilio", "header": "X"}, "header"),
        ({"proof": "basic"}, "user"),
        ({"proof": "query"}, "key"),
        (HMAC | {"content": "query"}, "says nothing of the query"),
        ({"proof": "twilio", "content": "json"}, "forms and queries"),
        (HMAC | {"failed": []}, "two lists"),
        (HMAC | {"failed": ["ok"]}, "two lists"),
        ({"proof": "none"}, "Invalid enum value"),
    ],
)
def test_receipts_that_cannot_be_trusted_stop_the_start(
    tmp_path: Path, receipt: dict[str, Any], said: str
) -> None:
    with pytest.raises(AdapterSettingsError, match=said):
        filled(tmp_path, **receipt)


@pytest.mark.parametrize(
    ("proof", "key"),
    [(HMAC, "short"), ({"proof": "query", "key": "k"}, "with a blank and more")],
)
def test_a_secret_of_receipts_that_can_be_guessed_or_lost_stops_the_start(
    tmp_path: Path, proof: dict[str, Any], key: str
) -> None:
    config = filled(tmp_path, key, **proof)
    for start in (config.receipts, lambda: config.open(tools())):
        with pytest.raises(AdapterSettingsError, match="16") as caught:
            start()
        assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"receipt_field": None}, "needs receipt_field or receipt_is_id"),
        ({"receipt_is_id": True}, "no receipt_field"),
        ({"receipt_field": None, "receipt_is_id": True}, "needs {id}"),
        ({"user": "u"}, "needs secret"),
        ({"body": "to={to}&text={text}&k={receipt_secret}"}, "unknown placeholder"),
    ],
)
def test_settings_of_receipts_that_contradict_the_rest_stop_the_start(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    (tmp_path / "key").write_text(KEY, encoding="utf-8")
    receipt: dict[str, Any] = {"id": "i", "state": "s", "delivered": ["1"], "failed": ["2"]}
    receipt |= HMAC | {"secret": {"file": str(tmp_path / "key")}}
    with pytest.raises(AdapterSettingsError, match=said):
        plugins.fill("portvakt.sms", "http_form", BASE | {"receipt": receipt} | changed)
