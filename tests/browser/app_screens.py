"""A walk through every screen of the authenticator app, in either language, by visible text."""

import tomllib
from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.seeing import Eyes
from tests.browser.small_service import CODE, SmallService, with_screen_lock
from tests.guards.tree import TOP

SCREENS = (
    "app_empty",
    "app_add",
    "app_scan",
    "app_type",
    "app_whose",
    "app_wait",
    "app_test",
    "app_ready",
    "app_accounts",
    "app_account",
    "app_sign_in_on",
    "app_rename",
    "app_move",
    "app_move_code",
    "app_remove",
    "app_lock",
    "app_ask",
    "app_too_short",
    "app_approved",
    "app_ask_new_browser",
    "app_wrong_number",
    "app_two",
    "app_denied",
    "app_reset",
    "app_not_me",
    "app_locked",
    "app_ended",
    "app_offline",
    "app_gone",
)
"""Their names on the contact sheet, in the order of the walk."""


class Walk:
    """Somebody who opens everything once, and stops at each screen to `look(name)`."""

    def __init__(
        self, service: SmallService, page: Page, language: str, look: Callable[[str], None]
    ) -> None:
        self.service, self.page, self.eyes, self.look = service, page, Eyes(page), look
        file = TOP / "src" / "portvakt" / "locale" / language / "authenticator.toml"
        self.words = tomllib.loads(file.read_text(encoding="utf-8"))
        self.language = language

    def press(self, key: str) -> None:
        """Press what says this in the language of the walk."""
        self.eyes.press(self.words[key])

    def stop(self, name: str, title: str) -> None:
        """Wait for the screen of this title, and look at it."""
        self.eyes.title(self.words.get(title, title))
        self.look(name)

    def everything(self) -> None:
        """Walk through all of `SCREENS`."""
        with_screen_lock(self.page)
        self.service.state["state"] = "proving"
        self.adds_an_account()
        self.sees_the_account()
        self.answers()
        self.has_a_bad_day()

    def adds_an_account(self) -> None:
        self.page.goto(f"{self.service.address}/authenticator/")
        if self.language == "en":
            self.page.get_by_role("button", name="English").click()
        self.stop("app_empty", "empty_title")
        self.press("add_account")
        self.stop("app_add", "add_title")
        self.press("add_scan")
        self.eyes.sees(self.words["scan_no_camera"])
        self.stop("app_scan", "scan_title")
        self.press("add_type")
        self.stop("app_type", "type_title")
        self.eyes.write(self.words["type_label"], "ABCD-2345")
        self.press("continue")
        self.stop("app_whose", "whose_title")
        self.page.goto(f"{self.service.address}/authenticator/icon.svg")
        self.page.goto(f"{self.service.address}/authenticator/#pair={CODE}")
        self.stop("app_wait", "wait_title")
        self.service.ask("test", purpose="test", app="")
        self.stop("app_test", "ask_test")
        self.service.state["state"] = "active"
        self.types("42")
        self.service.changed()
        self.stop("app_ready", "ready_title")
        self.press("to_accounts")

    def sees_the_account(self) -> None:
        self.stop("app_accounts", "accounts_title")
        self.page.get_by_role("button", name="anna.berg").click()
        self.eyes.sees(self.words["sign_in_turn_on"])
        self.stop("app_account", "anna.berg@region.example")
        self.press("sign_in_turn_on")
        self.eyes.sees(self.words["sign_in_is_on"])
        self.stop("app_sign_in_on", "anna.berg@region.example")
        self.press("rename")
        self.stop("app_rename", "name_title")
        self.press("back")
        self.press("move")
        self.stop("app_move", "move_title")
        self.press("move_show")
        self.stop("app_move_code", "move_code_title")
        self.press("back")
        self.eyes.title("anna.berg@region.example")
        self.press("remove")
        self.stop("app_remove", "remove_title")
        self.press("keep")
        self.press("back")
        self.press("app_lock")
        self.stop("app_lock", "app_lock")
        self.press("back")
        self.eyes.title(self.words["accounts_title"])

    def types(self, number: str) -> None:
        self.eyes.write(self.words["number_label"], number)
        self.press("approve")

    def answers(self) -> None:
        self.service.ask("one")
        self.stop("app_ask", "ask_sign_in")
        self.types("1")
        self.eyes.sees(self.words["number_two"])
        self.stop("app_too_short", "ask_sign_in")
        self.types("42")
        self.stop("app_approved", "approved_title")
        self.press("to_accounts")
        self.service.result = "wrong_number"
        self.service.ask("two", known_browser=False, digits=6, lock=True)
        self.stop("app_ask_new_browser", "ask_sign_in")
        self.types("123456")
        self.stop("app_wrong_number", "wrong_number_title")
        self.press("to_accounts")
        self.service.ask("three")
        self.eyes.title(self.words["ask_sign_in"])
        self.service.ask("four", known_browser=False, purpose="reset", digits=6, lock=True, app="")
        self.stop("app_two", "two_title")
        self.press("deny")
        self.stop("app_denied", "denied_title")
        self.press("next_one")
        self.stop("app_reset", "ask_reset")
        self.press("not_me")
        self.stop("app_not_me", "not_me_title")
        self.press("lock_account")
        self.stop("app_locked", "locked_title")
        self.press("to_accounts")

    def has_a_bad_day(self) -> None:
        self.service.ask("late", lives=1500)
        self.stop("app_ended", "ended_title")
        self.service.state["requests"] = []
        self.press("to_accounts")
        self.page.evaluate("() => navigator.serviceWorker.ready")
        self.page.wait_for_function("navigator.serviceWorker.controller !== null")
        self.page.context.set_offline(True)
        self.page.reload()
        self.eyes.sees(self.words["offline_codes"])
        self.stop("app_offline", "accounts_title")
        self.page.context.set_offline(False)
        self.service.gone = True
        self.service.changed()
        self.eyes.sees(self.words["row_gone"])
        self.page.get_by_role("button", name="anna.berg").click()
        self.eyes.sees(self.words["gone_lead"])
        self.stop("app_gone", "anna.berg@region.example")
