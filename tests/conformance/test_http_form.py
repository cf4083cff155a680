"""What the settings of the HTTP gateway promise."""

import json
from pathlib import Path
from typing import Any

import pytest

from portvakt import plugins
from portvakt.core.secret import Secret
from portvakt.plugins import AdapterSettingsError
from portvakt.sms import Outcome, Refused, Sent, TextMessage, Unknown
from tests.conformance.operator import (
    Behave,
    Operator,
    Request,
    answers,
    drips,
    operator,
    writes,
)
from tests.conformance.tools import tools

TEXT = "Blåbär & 100 % €?=+#\r\nX-Injected: 1\n{secret} {to}"
MESSAGE = TextMessage("+46701740605", Secret(TEXT), "key-1")
LOCAL = "http://127.0.0.1:9/send"


def fill(**settings: Any) -> Any:
    return plugins.fill("portvakt.sms", "http_form", {"url": LOCAL} | settings)


TAKEN = answers(200)


async def send(behave: Behave = TAKEN, **settings: Any) -> tuple[Outcome, Operator]:
    async with operator(behave) as there:
        config = fill(**({"url": there.url} | settings))
        outcome: Outcome = await config.open(tools(config.destinations())).send(MESSAGE)
        return outcome, there


async def request(**settings: Any) -> Request:
    outcome, there = await send(**settings)
    assert isinstance(outcome, Sent)
    return there.requests[0]


async def test_the_block_of_the_documentation_works_as_it_stands() -> None:
    seen = await request(body="to={to}&text={text}")
    assert seen.method == "POST"
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert seen.form == {"to": ["+46701740605"], "text": [TEXT]}


async def test_nothing_in_a_text_becomes_a_field_a_header_or_a_placeholder(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    seen = await request(body="to={to}&text={text}&key={secret}", secret={"file": str(secret)})
    assert seen.form == {"to": ["+46701740605"], "text": [TEXT], "key": ["s3cret"]}
    assert "x-injected" not in seen.headers


async def test_a_json_body_is_filled_in_inside_its_strings() -> None:
    template = '{"messages": [{"to": "{to_digits}", "body": "{text}", "n": 1}], "ref": "{id}"}'
    seen = await request(content="json", body=template)
    assert seen.headers["content-type"] == "application/json"
    assert json.loads(seen.body) == {
        "messages": [{"to": "46701740605", "body": TEXT, "n": 1}],
        "ref": "key-1",
    }


async def test_a_get_carries_everything_in_its_query() -> None:
    seen = await request(method="GET", query="username=x%26y&to={to_digits}&text={text}")
    assert seen.method == "GET"
    assert seen.body == b""
    assert seen.query == {"username": ["x&y"], "to": ["46701740605"], "text": [TEXT]}


async def test_secret_and_key_go_in_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_KEY", "s3cret")
    seen = await request(
        body="to={to}&text={text}",
        headers={"Authorization": "Bearer {secret}", "User-Agent": "Portvakt"},
        secret={"env": "SMS_KEY"},
        idempotency_header="Idempotency-Key",
    )
    assert seen.headers["authorization"] == "Bearer s3cret"
    assert seen.headers["user-agent"] == "Portvakt"
    assert seen.headers["idempotency-key"] == "key-1"


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b'{"status": "queued", "ids": ["m-1"]}', Sent("m-1")),
        (b'{"status": "rejected"}', Refused("status says no", retry=False)),
        (b'{"state": "queued"}', Unknown("the answer has no field status")),
        (b"<html>maintenance</html>", Unknown("the answer has no field status")),
        (b"[" * 50_000, Unknown("the answer has no field status")),
        (b"", Unknown("the answer has no field status")),
    ],
)
async def test_a_field_of_the_answer_says_yes_or_no(body: bytes, outcome: Outcome) -> None:
    found, _ = await send(
        answers(200, body),
        body="to={to}&text={text}",
        accepted_field="status",
        accepted_values=["queued", "sent"],
        receipt_field="ids.0",
    )
    assert found == outcome


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (b"ID: 17", Sent("")),
        (b"ERR: no credit", Refused("the answer says no", retry=False)),
        (b"\xff\xfe", Unknown("the answer lacks the expected words")),
    ],
)
async def test_words_of_the_answer_say_yes_or_no(body: bytes, outcome: Outcome) -> None:
    found, _ = await send(
        answers(200, body), body="to={to}&text={text}", accepted_text="ID:", refused_text=["ERR:"]
    )
    assert found == outcome


async def test_only_the_statuses_named_are_a_yes() -> None:
    found, _ = await send(answers(202), body="to={to}&text={text}", accepted_status=[202])
    assert found == Sent("")
    found, _ = await send(answers(200), body="to={to}&text={text}", accepted_status=[202])
    assert found == Unknown("status 200")


FORM = "to={to}&text={text}"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 301, 302, 307])
async def test_a_no_is_refused_for_good_and_redirects_are_not_followed(status: int) -> None:
    async with operator(answers(200)) as elsewhere:
        behave = answers(status, b"", f"Location: {elsewhere.url}")
        outcome, there = await send(behave, body=FORM)
        assert outcome == Refused(f"status {status}", retry=False)
        assert len(there.requests) == 1
        assert elsewhere.requests == []


@pytest.mark.parametrize("status", [408, 425, 429, 503])
async def test_not_now_may_be_tried_again(status: int) -> None:
    outcome, _ = await send(answers(status), body=FORM)
    assert outcome == Refused(f"status {status}", retry=True)


@pytest.mark.parametrize(
    "behave",
    [
        drips,
        answers(500),
        answers(502),
        writes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
        answers(200, b"x" * 70_000),
    ],
    ids=["drips", "500", "502", "short", "huge"],
)
async def test_an_answer_that_is_neither_yes_nor_no_is_unknown(behave: Behave) -> None:
    outcome, there = await send(behave, body=FORM)
    assert isinstance(outcome, Unknown)
    assert len(there.requests) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"body": "to={to}&text={txt}"}, "unknown placeholder {txt}"),
        ({"body": "to={to}&text={Text}"}, "brace"),
        ({"body": "to={to}"}, "must hold {text}"),
        ({"body": "text={text}"}, "must hold {text} and {to}"),
        ({"body": "to={to}&text={text}&key={secret}"}, "unknown placeholder {secret}"),
        ({"body": "to={to}&text={text}", "headers": {"X-T": "{text}"}}, "placeholder {text}"),
        ({"body": "to={to}&text={text}", "url": "http://sms.example/send"}, "http is for loopback"),
        ({"body": "to={to}&text={text}", "url": "https://u:p@sms.example/"}, "has no place"),
        ({"body": "to={to}&text={text}", "url": "ftp://sms.example/"}, "not an http"),
        ({"body": "to={to}&text={text}", "url": f"{LOCAL}?a=b"}, "belongs in query"),
        ({"body": "to={to}&text={text}", "method": "GET"}, "a GET has none"),
        ({"body": '{"to": "{to}"', "content": "json"}, "not JSON"),
        ({"body": "to={to}&text={text}", "accepted_field": "x"}, "belong together"),
        ({"body": "to={to}&text={text}", "secret": "s3cret"}, "got `str`"),
        ({"body": "to={to}&text={text}", "secret": {}}, "a secret is"),
        ({"body": "to={to}&text={text}", "sceret": {}}, "does not know sceret"),
        ({"body": "to={to}&text={text}", "method": "DELETE"}, "Invalid enum value"),
    ],
)
def test_settings_that_cannot_work_stop_the_start(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(AdapterSettingsError) as caught:
        fill(**settings)
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_secret_that_is_missing_or_unusable_stops_the_start(tmp_path: Path) -> None:
    for text in ("", "\n", "å"):
        file = tmp_path / "secret"
        file.write_text(text)
        config = fill(body="to={to}&text={text}", secret={"file": str(file)})
        with pytest.raises(AdapterSettingsError):
            config.open(tools())
    config = fill(body="to={to}&text={text}", secret={"env": "SURELY_NOT_SET"})
    with pytest.raises(AdapterSettingsError, match="SURELY_NOT_SET"):
        config.open(tools())
