"""Finds on a screen what a step names, by the words that stand there, as people do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING

from portvakt.guide.errors import GuideError
from portvakt.guide.telling import Box
from portvakt.texts import Texts

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

_ROLES = ("button", "link", "radio", "checkbox")
_PRESSABLE = "a, button, label, summary"
_PICTURES = (
    "set_up_mfa.pair_qr_alt",
    "set_up_mfa.app_qr_alt",
    "authenticator.move_code_picture",
)
"""What the pictures are called that a phone's camera reads."""


class MissingError(GuideError):
    """What a step names is not on the screen."""


@dataclass(frozen=True, slots=True)
class Words:
    """What stands on screens in one language, for one person."""

    texts: Texts
    language: str
    values: Mapping[str, str]
    """What placeholders hold."""

    def of(self, message: str, more: Mapping[str, str] | None = None) -> str | re.Pattern[str]:
        """Return the message as it is shown; a pattern where it holds what nobody knows here.

        Raises `MissingError` where no such message is in the catalogues.
        """
        own = {name: text.format_map(self.values) for name, text in (more or {}).items()}
        values = {**self.values, **own}
        try:
            pattern = self.texts.pattern(self.language, message)
        except KeyError as error:
            raise MissingError(f"no catalogue has the message {message}") from error
        parts = list(Formatter().parse(pattern))
        if all(name is None or name in values for _, name, _, _ in parts):
            return pattern.format_map(values)
        return re.compile(
            "^"
            + "".join(
                re.escape(said)
                + ("" if name is None else re.escape(values[name]) if name in values else ".+?")
                for said, name, _, _ in parts
            )
            + "$"
        )


@dataclass(frozen=True, slots=True)
class Screen:
    """One window, and the words to find things by."""

    page: "Page"
    words: Words

    async def field(self, message: str) -> "Locator":
        """Return the field or the list with this label. Raises `MissingError`."""
        said = self.words.of(message)
        return await self._shown(self.page.get_by_label(said, exact=True), message, said)

    async def button(self, message: str, values: Mapping[str, str]) -> "Locator":
        """Return what is pressed: a button, a link or a choice. Raises `MissingError`."""
        said = self.words.of(message, values)
        exact = [self.page.get_by_role(each, name=said, exact=True) for each in _ROLES]  # type: ignore[arg-type]  # they are roles
        inside = self.page.locator(_PRESSABLE).filter(has=self.page.get_by_text(said, exact=True))
        summary = self.page.locator("summary").filter(has_text=said)
        found = exact[0]
        for each in (*exact[1:], inside, summary):
            found = found.or_(each)
        return await self._shown(found, message, said)

    async def tile(self) -> "Locator":
        """Return the first tile of the portal that asks for nothing more. Raises `MissingError`."""
        bare = self.page.locator("a.tile:not(:has(small))")
        return await self._shown(bare.or_(self.page.locator("a.tile")), "a tile", "")

    async def own_account(self, user_name: str) -> "Locator":
        """Return the row of one's own account in the app. Raises `MissingError`."""
        row = self.page.get_by_role("button", name=user_name)
        return await self._shown(row, "the own account", user_name)

    async def seen(self, message: str) -> "Locator":
        """Return what is to be looked at: a heading, a label or a line. Raises `MissingError`."""
        said = self.words.of(message)
        found = (
            self.page.get_by_role("heading", name=said, exact=True)
            .or_(self.page.get_by_label(said, exact=True))
            .or_(self.page.get_by_text(said, exact=True))
        )
        return await self._shown(found, message, said)

    async def picture(self) -> tuple["Locator", str]:
        """Return the picture that a camera reads, and its name. Raises `MissingError`."""
        found, names = self.page.locator("no-picture"), [self.words.of(each) for each in _PICTURES]
        for name in names:
            found = found.or_(self.page.get_by_role("img", name=name, exact=True))
        shown = await self._shown(found, "a picture to film", "")
        marked = await shown.get_attribute("alt") or await shown.get_attribute("aria-label")
        return shown, marked or ""

    async def arrives(self, message: str, values: Mapping[str, str]) -> None:
        """Wait until the first heading says this. Raises `MissingError`."""
        said = self.words.of(message, values)
        heading = self.page.get_by_role("heading", level=1, name=said, exact=True)
        await self._shown(heading, message, said)

    async def title(self) -> str:
        """Return the first heading; empty where there is none."""
        heading = self.page.get_by_role("heading", level=1)
        return " ".join((await heading.first.inner_text()).split()) if await heading.count() else ""

    async def told(self) -> str:
        """Return what the screen shows, in one line, for whoever must find out what is wrong."""
        body = " ".join((await self.page.locator("body").inner_text()).split())
        return f"“{await self.title()}” at {self.page.url}: {body[:600]}"

    async def number(self) -> str:
        """Return the large number that the screen shows for the phone."""
        shown = self.page.locator("p.number")
        await self._shown(shown, "the number", "")
        return re.sub(r"\D", "", await shown.first.inner_text())

    async def _shown(
        self, found: "Locator", message: str, said: str | re.Pattern[str]
    ) -> "Locator":
        """Wait until it is visible, and return it."""
        from playwright.async_api import Error  # noqa: PLC0415 - of the extra `guide`

        visible = found.locator("visible=true").first
        try:
            await visible.wait_for()
        except Error as error:
            words = said.pattern if isinstance(said, re.Pattern) else said
            raise MissingError(
                f"{message} (“{words}”) is not there; the screen shows {await self.told()}"
            ) from error
        return visible


async def one_line(found: "Locator") -> str:
    """Return what stands on something, in one line."""
    return " ".join((await found.inner_text()).split())


async def box_of(found: "Locator") -> Box:
    """Return where something is, in CSS pixels of the window."""
    box = await found.bounding_box()
    if box is None:
        raise MissingError("what is to be ringed has gone")
    return Box(box["x"], box["y"], box["width"], box["height"])


async def box_to_ring(found: "Locator") -> Box:
    """Return where what people press is: of a choice, its whole label and not just the dot."""
    label = found.locator("xpath=self::input[@type='radio' or @type='checkbox']/ancestor::label")
    return await box_of(label.first if await label.count() else found)


async def speak(screen: Screen, language: str) -> None:
    """Have the app speak the language: it begins in Swedish, whatever the browser says."""
    other = screen.page.get_by_role("button", name="English", exact=True)
    await screen.page.get_by_role("heading", level=1).first.wait_for()
    if language == "en" and await other.is_visible():
        await other.click()
        await other.wait_for(state="hidden")
