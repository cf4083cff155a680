import errno
import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from portvakt import log
from portvakt.core.secret import Secret


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    handlers = logging.getLogger().handlers[:]
    level = logging.getLogger().level
    stream = io.StringIO()
    log.configure("json", "debug", stream)
    yield stream
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)


def said(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_time_and_level(out: io.StringIO) -> None:
    structlog.get_logger().info("request", status_code=200, ms=1.5, ok=True, nothing=None)
    (line,) = said(out)
    at = datetime.fromisoformat(line.pop("time"))
    assert at.tzinfo == UTC
    assert line == {
        "level": "info",
        "event": "request",
        "status_code": 200,
        "ms": 1.5,
        "ok": True,
        "nothing": None,
    }


def test_a090_a_name_with_a_line_end_stays_one_line_of_one_event(out: io.StringIO) -> None:
    name = "anna\r\n2026-11-22 LOGIN OK admin"
    structlog.get_logger().warning("sign_in.failed", name=name)
    logging.getLogger("a.library").warning("bad name %s", name)
    assert out.getvalue().count("\n") == 2
    first, second = said(out)
    assert first["name"] == "anna\\r\\n2026-11-22 LOGIN OK admin"
    assert second["event"] == "bad name anna\\r\\n2026-11-22 LOGIN OK admin"


@given(st.text(max_size=60))
def test_a090_every_character_that_cannot_be_seen_is_written_as_an_escape(text: str) -> None:
    (shown,) = log.redact(None, "", {"name": text}).values()
    assert shown.isprintable()


def test_a090_terminal_and_direction_marks_are_escaped_in_the_readable_form(
    out: io.StringIO,
) -> None:
    log.configure("text", "info", out)
    structlog.get_logger().info("seen", name="a\x1b[2Jb\u202ec level=error ok")
    assert out.getvalue().count("\n") == 1
    assert '"a\\\\x1b[2Jb\\\\u202ec level=error ok"' in out.getvalue()


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "new_password",
        "code",
        "start_code",
        "recovery_codes",
        "client_secret",
        "refresh_token",
        "Authorization",
        "Set-Cookie",
        "seed",
        "digits",
        "sealed",
        "csrf",
    ],
)
def test_what_stands_under_a_telling_name_is_hidden(out: io.StringIO, key: str) -> None:
    structlog.get_logger().info("seen", **{key: "hemligt"}, nested={key: ["hemligt"]})
    assert "hemligt" not in out.getvalue()


def test_a_secret_shows_nothing_wherever_it_stands(out: io.StringIO) -> None:
    secret = Secret("hemligt")
    structlog.get_logger().info(
        "seen", a=secret, b=[secret], c={"d": (secret,)}, e=f"{secret}", f={secret.open: 1}
    )
    logging.getLogger("x").warning("it is %s", secret)
    assert "hemligt" not in out.getvalue()


@pytest.mark.parametrize(
    "number",
    [
        "+12345605",
        "+46701740605",
        "+46 70 174 06 05",
        "0046701740605",
        "070-174 06 05",
        "0701740605",
    ],
)
def test_a_telephone_number_is_never_whole(out: io.StringIO, number: str) -> None:
    structlog.get_logger().info("seen", to=number, why=f"no route to {number}.")
    assert number not in out.getvalue()
    assert said(out)[0]["to"] == "••• 05"


@pytest.mark.parametrize(
    "value",
    ["10.20.0.1", "2001:db8:20::1", "2026-11-22T12:03:04+00:00", "abc0701740605", "0.123456789"],
)
def test_addresses_times_and_ids_are_left_alone(value: str) -> None:
    assert log.redact(None, "", {"x": value}) == {"x": value}


def test_an_error_is_logged_with_its_trace_and_without_what_it_holds(out: io.StringIO) -> None:
    try:
        int("no route to +46701740605\nadmin LOGIN OK")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("asyncpg").exception("failed")
    for line in said(out):
        assert line["exception"][0].startswith("Traceback")
        assert line["exception"][-1].startswith("ValueError: invalid literal")
        assert "••• 05" in line["exception"][-1]
        assert "46701740605" not in line["exception"][-1]


def test_libraries_that_log_requests_are_kept_quiet_even_at_debug(out: io.StringIO) -> None:
    for name in ("httpx", "httpcore.http11", "uvicorn.access"):
        logging.getLogger(name).info("GET /oidc/callback?code=hemligt")
    assert out.getvalue() == ""


def test_under_the_level_nothing_is_written(out: io.StringIO) -> None:
    log.configure("json", "warning", out)
    structlog.get_logger().info("seen")
    logging.getLogger("x").info("seen")
    assert out.getvalue() == ""


def test_other_values_are_written_in_a_plain_form() -> None:
    class Colour(Enum):
        RED = "red"

    given_values = {"a": b"12345", "b": Colour.RED, "c": date(2026, 11, 22), "d": {1: {2}}}
    clean = log.redact(None, "", dict(given_values))
    assert clean == {"a": "<5 bytes>", "b": "red", "c": "2026-11-22", "d": {"1": [2]}}


def test_a_huge_or_bottomless_value_is_cut() -> None:
    bottomless: list[Any] = []
    bottomless.append(bottomless)
    clean = log.redact(None, "", {"a": "x" * 10_000, "b": bottomless})
    assert len(clean["a"]) == 4_001
    assert "[...]" in repr(clean["b"])


@pytest.mark.parametrize("after", ["", "?a=b", '"', " and more", "/more"])
def test_the_link_that_freezes_is_hidden_wherever_an_address_is_told(
    out: io.StringIO, after: str
) -> None:
    token = "aB3-_" * 8 + "xyz"
    assert log.redact(None, "", {"path": "/not-me/a"}) == {"path": f"/not-me/{log.HIDDEN}"}
    log_ = structlog.get_logger()
    log_.info("request", path=f"/not-me/{token}{after}")
    log_.info("opened", what={"at": [f"https://portvakt.region.example/not-me/{token}{after}"]})
    assert token not in out.getvalue()
    assert said(out)[0]["path"].startswith(f"/not-me/{log.HIDDEN}")


class FullDisk(io.StringIO):
    """A file on a disk that is full for a while."""

    full = True

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


@pytest.mark.usefixtures("out")
def test_f47_lines_that_cannot_be_written_are_lost_and_counted_in_the_next_one() -> None:
    file = FullDisk()
    log.configure("json", "info", file)
    for _ in range(3):
        structlog.get_logger("x").info("lost")
    file.full = False
    structlog.get_logger("x").info("kept")
    structlog.get_logger("x").info("next")
    kept, after = (json.loads(line) for line in file.getvalue().splitlines())
    assert kept["event"] == "kept"
    assert kept["log_lines_lost"] == 3
    assert "log_lines_lost" not in after
