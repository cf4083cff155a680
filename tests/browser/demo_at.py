"""What a person at the demo can do beside the browser: read the phone, move, run an app."""

import re
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

SECONDS_FOR_A_TEXT = 10
SECONDS_BETWEEN_TEXTS = 30


@dataclass(frozen=True)
class Person:
    name: str
    email: str
    user_name: str
    password: str
    work_mobile: str | None


class DemoAt:
    """The demo that is running, as its `demo.json` describes it."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.portvakt: str = facts["portvakt"]
        self.registration: str = facts["registration"]
        self.apps: str = facts["apps"]
        self.phone: str = facts["phone"]
        self.shop: str = facts["shop"]
        self.control: str = facts["control"]
        self.letters: str = facts["letters"]
        self._people = {
            person["user_name"]: Person(**{name: person[name] for name in Person.__annotations__})
            for person in facts["people"]
        }

    def person(self, user_name: str) -> Person:
        return self._people[user_name]

    def move(self, place: str) -> None:
        """Stand "inside" or "outside" the region's network, by the control page's own form."""
        answer = httpx.post(f"{self.control}/place", data={"place": place}, trust_env=False)
        assert answer.status_code == 303, answer.text

    def texts(self, number: str) -> list[str]:
        """Every text that has come to a number (E.164), newest first."""
        asked = httpx.get(f"{self.phone}/texts.json", params={"to": number}, trust_env=False)
        return [text["text"] for text in asked.json()]

    def seconds_until(self, number: str, age: int) -> float:
        """How long it is until the newest text to a number, if any, is so many seconds old."""
        asked = httpx.get(f"{self.phone}/texts.json", params={"to": number}, trust_env=False)
        found = asked.json()
        if not found:
            return 0.0
        came = datetime.fromisoformat(found[0]["at"])
        return max(0.0, age - (datetime.now(UTC) - came).total_seconds())

    def rest(self, number: str) -> None:
        """Wait until another text may go to a number: another story may have had one sent."""
        time.sleep(self.seconds_until(number, SECONDS_BETWEEN_TEXTS))

    def next_text(self, number: str, seen: int) -> str:
        """Wait for the text after the `seen` first ones."""
        deadline = time.monotonic() + SECONDS_FOR_A_TEXT
        while len(found := self.texts(number)) <= seen:
            assert time.monotonic() < deadline, f"no text came to {number}"
            time.sleep(0.05)
        return found[0]


def code_in(text: str) -> str:
    """The six digits, read as a person does."""
    found = re.search(r"\b(\d{6})\b", text)
    assert found is not None, text
    return found[1]


def oathtool(secret: str, *, ahead: int = 0) -> str:
    """What an authenticator app shows for a key (base32), now or `ahead` steps of 30 s later."""
    when = f"now + {30 * ahead} seconds"
    shown = subprocess.run(
        ["oathtool", "--totp", "--base32", "--now", when, re.sub(r"\s", "", secret)],
        check=True,
        capture_output=True,
        text=True,
    )
    return shown.stdout.strip()
