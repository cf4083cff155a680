"""Somebody outside knows their password and chooses another one, by keyboard; the meter tells."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.demo_at import DemoAt, Person, code_in
from tests.browser.looking import axe_findings, small_targets, too_wide
from tests.browser.seeing import Eyes
from tests.browser.test_by_keyboard import Keys
from tests.guards.tree import TOP

JONNAS = "+46701740628"
NEW = "Tranor dansar vid Hornborgasjön"
NEWER = "Hägern väntar i vassen på gädda"
CURRENT_LABEL, NEW_LABEL = "Lösenordet du har nu", "Nytt lösenord"
WIDTHS = (1280, 390)
PICTURES = TOP / "build" / "password"


def comes(demo: DemoAt, page: Page, person: Person, number: str) -> Keys:
    """From the page for forgotten passwords to the form, signing in on the way."""
    demo.move("outside")
    keys, eyes = Keys(page), Eyes(page)
    eyes.go(f"{demo.portvakt}/reset")
    keys.press("Jag vet mitt lösenord och vill byta det")
    eyes.title("Logga in")
    seen = len(demo.texts(number))
    keys.log_in(person)
    eyes.title("Vilken kod fick du?")
    keys.write("Kod från sms", code_in(demo.next_text(number, seen)))
    page.keyboard.press("Enter")
    eyes.title("Byt lösenord")
    return keys


def usable(page: Page, name: str) -> None:
    """Ask of the page as it stands, at both widths, what is asked of every page."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)
        assert not axe_findings(page)
        assert too_wide(page) is None
        assert not small_targets(page)


def meter(page: Page) -> tuple[str, bool]:
    """What the meter says, and whether its bar is shown."""
    box = page.locator(".strength")
    return box.get_by_role("paragraph").inner_text(), box.locator(".strength-bar").is_visible()


def tells(page: Page, words: str) -> None:
    expect(page.locator(".strength [aria-live=polite]")).to_have_text(words)


def test_a_known_password_is_changed_by_keyboard_and_the_meter_tells(
    demo: DemoAt, browse: Callable[..., Page], tmp_path: Path
) -> None:
    jonna, page = demo.person("jonna.hagg"), browse(height=844)
    asked: list[str] = []
    page.on(
        "request",
        lambda request: (
            asked.append(request.post_data or "") if request.url.endswith("/strength") else None
        ),
    )
    keys, eyes = comes(demo, page, jonna, JONNAS), Eyes(page)
    assert meter(page) == ("", False)
    usable(page, "form-sv")
    keys.write(CURRENT_LABEL, "inte rätt alls")
    keys.write(NEW_LABEL, "Tranor")
    tells(page, "Svagt. 9 tecken till.")
    usable(page, "weak-sv")
    page.keyboard.type(NEW.removeprefix("Tranor"))
    tells(page, "Starkt.")
    usable(page, "strong-sv")
    # On a slow machine the keys rest by themselves now and then, but not after each of them.
    assert 2 <= len(asked) < len(NEW) // 2, "asked only when the keys rest"
    assert all(len(each) % 512 == 0 for each in asked), "the size tells nothing of the length"
    page.keyboard.press("Enter")
    eyes.sees("Lösenordet stämde inte.")
    usable(page, "wrong-sv")

    until_then = len(asked)
    paste(page, "x" * 5000)
    page.wait_for_timeout(600)
    assert len(asked) == until_then, "what is pasted by mistake is not sent"
    eyes.write(CURRENT_LABEL, jonna.password)
    eyes.write(NEW_LABEL, NEW)
    tells(page, "Starkt.")
    eyes.press("Byt lösenord")
    eyes.sees("Ditt nya lösenord gäller.")
    usable(page, "done-sv")
    assert "Ditt konto har fått ett nytt lösenord." in demo.next_text(JONNAS, 1)

    page.context.storage_state(path=tmp_path / "state.json")
    same = {"storage_state": tmp_path / "state.json"}
    changes_without_script(demo, browse(script=False, **same))
    changes_where_the_meter_is_turned_away(demo, browse(**same))


def paste(page: Page, text: str) -> None:
    """Put a text into the field at once, as the clipboard does."""
    page.get_by_label(NEW_LABEL, exact=True).fill(text)


def changes_without_script(demo: DemoAt, page: Page) -> None:
    """In the same session, whose proof is still fresh."""
    page.goto(f"{demo.portvakt}/change-password")
    keys, eyes = Keys(page), Eyes(page)
    keys.write(CURRENT_LABEL, NEW)
    keys.write(NEW_LABEL, NEWER)
    expect(page.locator(".strength")).to_be_hidden()  # axe is a script: it cannot look here
    page.screenshot(path=PICTURES / "no-script-sv.png", full_page=True)
    page.keyboard.press("Enter")
    eyes.sees("Ditt nya lösenord gäller.")


def changes_where_the_meter_is_turned_away(demo: DemoAt, page: Page) -> None:
    """In English. The meter goes away, and the form stays."""
    page.goto(f"{demo.portvakt}/change-password")
    eyes = Eyes(page)
    eyes.press("English")
    eyes.title("Change your password")
    eyes.write("New password", "Tranor")
    tells(page, "Weak. 9 more characters.")
    usable(page, "weak-en")
    page.route(re.compile("/strength$"), lambda route: route.fulfill(status=429))
    eyes.write("New password", "Och sedan flyger de hem igen")
    tells(page, "")
    assert meter(page) == ("", False)
    eyes.write("The password you have now", NEWER)
    eyes.press("Change password")
    eyes.sees("Your new password works.")
    usable(page, "done-en")
