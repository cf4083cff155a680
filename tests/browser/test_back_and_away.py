"""The back button, and what is left in a browser after somebody has left."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.demo_at import DemoAt
from tests.browser.seeing import Eyes, log_in


def test_a122_after_signing_out_the_back_button_shows_nothing(
    demo: DemoAt, browse: Callable[..., Page]
) -> None:
    anna = demo.person("anna.berg")
    demo.move("inside")
    eyes = Eyes(browse())
    eyes.go(demo.apps)
    log_in(eyes, anna)
    eyes.title("Dina appar")
    eyes.press("Logga ut")
    eyes.title("Du är utloggad")
    eyes.page.go_back()
    eyes.title("Logga in")
    demo.move("outside")


def test_the_back_button_leads_to_the_step_that_is_asked_now(
    demo: DemoAt, browse: Callable[..., Page]
) -> None:
    """Whoever goes back after the password is asked what is asked next, whichever page it was."""
    demo.move("outside")
    eyes = Eyes(browse())
    eyes.go(demo.apps)
    log_in(eyes, demo.person("kerstin.alund"))
    eyes.title("Vilken kod fick du?")
    address = eyes.page.url
    eyes.page.go_back()
    eyes.title("Logga in")
    eyes.page.go_forward()
    eyes.title("Vilken kod fick du?")
    assert eyes.page.url == address
