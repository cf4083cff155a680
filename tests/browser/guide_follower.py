"""Somebody who follows the guide: does what each line says, and presses what is ringed alone."""

import re
import time
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

from tests.browser.demo_at import DemoAt, Person, code_in
from tests.browser.phone_sized import Camera
from tests.browser.seeing import Eyes

PRESSED = {"press", "own", "tile"}
SECONDS_TO_ARRIVE = 15


@dataclass
class Follower:
    """A person with a desk, a phone, and a line of the guide before their eyes."""

    demo: DemoAt
    person: Person
    own_mobile: str
    """The number of a phone that only they know of, as people write it."""
    desk: Eyes
    phone: Eyes
    camera: Camera
    titles: list[str] = field(default_factory=list)
    """Every title that was to be seen, and was."""

    def follow(self, chapter: dict[str, Any]) -> None:
        """Do every line in its turn."""
        for line in chapter["lines"]:
            self.do(line)

    def do(self, line: dict[str, Any]) -> None:
        """Do what one line says; whatever is pressed has its ring in the picture."""
        at = self.desk if line["at"] == "desk" else self.phone
        for act in line["pressed"]:
            if act["act"] in PRESSED:
                assert line["ringed"], f"{line['name']}: “{act['label']}” is not ringed"
            self.act(act, at)
        if line["sees"] is not None:
            self.arrives(line["sees"])

    def act(self, act: dict[str, str], at: Eyes) -> None:
        """Do one thing."""
        match act["act"]:
            case "open":
                at.go(act["address"])
            case "write":
                at.write(act["label"], self.given(act["given"]))
            case "choose":
                at.choose(act["label"], act["option"])
            case "press":
                at.press(act["label"])
            case "own":
                at.page.get_by_role("button", name=self.person.user_name).click()
            case "hold":
                self.camera.sees(self.desk.page.locator("img.qr").screenshot())
            case "look":
                at.sees(act["label"])
            case other:
                raise AssertionError(f"nobody told how to {other}")

    def given(self, what: str) -> str:
        """What somebody who is told to write it writes."""
        match what:
            case "email":
                return self.person.email
            case "password":
                return self.person.password
            case "own_mobile":
                return self.own_mobile
            case "text_code":
                return code_in(self.demo.next_text(self.number, 0))
            case "number_at_desk":
                shown = self.desk.page.locator("p.number").inner_text()
                return re.sub(r"\D", "", shown)
            case other:
                raise AssertionError(f"nobody told what {other} is")

    @property
    def number(self) -> str:
        """The same number as texts go to it."""
        return "+46" + re.sub(r"\D", "", self.own_mobile)[1:]

    def arrives(self, title: str) -> None:
        """Wait until the desk or the phone shows the title that the guide says."""
        until = time.monotonic() + SECONDS_TO_ARRIVE
        while time.monotonic() < until:
            if any(_titled(each.page, title) for each in (self.desk, self.phone)):
                self.titles.append(title)
                return
            self.desk.page.wait_for_timeout(100)
        shown = [
            each.page.url + ": " + each.page.inner_text("body") for each in (self.desk, self.phone)
        ]
        raise AssertionError(f"“{title}” is nowhere; there is {shown}")


def _titled(page: Page, title: str) -> bool:
    return page.get_by_role("heading", level=1, name=title, exact=True).is_visible()
