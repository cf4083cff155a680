"""Whoever acts in a scene: their windows, and what they know by now."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from portvakt.demo.region import new_password
from portvakt.guide.browser import Browsers
from portvakt.guide.cast import OWN_MOBILE, e164
from portvakt.guide.errors import GuideError
from portvakt.guide.hands import Screen, Words
from portvakt.guide.stage import Scene
from portvakt.guide.steps import At, Given, Step
from portvakt.texts import Texts

if TYPE_CHECKING:
    from playwright.async_api import Page

_DIGITS: Final = 6
_CARD: Final = ".codes code"


@dataclass(slots=True, kw_only=True)
class Actor:
    """One person of the stage in one scene, who reads one language."""

    scene: Scene
    browsers: Browsers
    pages: "Mapping[At, Page]"
    language: str
    texts: Texts
    password: str
    recovery_codes: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    """What placeholders of messages hold for this person."""
    _next_password: str = field(default_factory=new_password)

    @classmethod
    def in_scene(
        cls,
        scene: Scene,
        browsers: Browsers,
        pages: "Mapping[At, Page]",
        language: str,
        texts: Texts,
    ) -> "Actor":
        """Return whoever the scene is for, at these windows."""
        member, organisation = scene.member, browsers.stage.settings.organisation
        values = {
            "user_name": member.user_name,
            "account": member.user_name,
            "email": member.email,
            "name": member.name,
            "organisation": organisation.name,
            "support": organisation.support_phone,
            "phone": texts.say(language, "authenticator.guess_android"),
        }
        return cls(
            scene=scene,
            browsers=browsers,
            pages=pages,
            language=language,
            texts=texts,
            password=member.password,
            values=values,
        )

    def screen(self, at: At) -> Screen:
        """Return the window at a place."""
        return Screen(self.pages[at], Words(self.texts, self.language, self.values))

    async def given(self, what: Given, step: Step) -> str:
        """Return what is typed for it now. Raises `GuideError` where it cannot be known."""
        match what:
            case Given.NEW_PASSWORD:
                self.password = self._next_password
                return self.password
            case Given.TEXT_CODE:
                return await self._text_code(step)
            case Given.NUMBER_AT_DESK:
                return await self.screen(At.DESK).number()
            case Given.APP_CODE:
                return await self._app_code()
            case Given.RECOVERY_CODE:
                if not self.recovery_codes:
                    raise GuideError("whoever acts has no recovery code")
                return self.recovery_codes.pop(0)
            case _:
                return self._known()[what]

    def _known(self) -> Mapping[Given, str]:
        return {
            Given.EMAIL: self.scene.member.email,
            Given.PASSWORD: self.password,
            Given.OWN_MOBILE: OWN_MOBILE,
            Given.PHONE_NAME: self.values["phone"],
        }

    async def read_the_card(self) -> None:
        """Keep the recovery codes that the desk shows, as people do who print them."""
        from playwright.async_api import Error  # noqa: PLC0415 - of the extra `guide`

        desk = self.pages[At.DESK]
        try:
            shown = await desk.locator(_CARD).all_inner_texts()
        except Error:  # it goes on by itself when the phone has answered
            await desk.wait_for_load_state()
            shown = await desk.locator(_CARD).all_inner_texts()
        self.recovery_codes = [*shown] or self.recovery_codes

    async def _text_code(self, step: Step) -> str:
        own = step.texts_to is Given.OWN_MOBILE
        number = OWN_MOBILE if own else self.scene.member.work_mobile
        if number is None:
            raise GuideError("whoever acts has no work phone that a text could come to")
        return await self.scene.mailbox.code(e164(number))

    async def _app_code(self) -> str:
        """Return the digits that the app shows; the account is opened where it is not."""
        phone = self.screen(At.PHONE)
        shown = phone.page.get_by_role("region", name=phone.words.of("authenticator.code_label"))
        if not await shown.is_visible():
            await (await phone.own_account(self.scene.member.user_name)).click()
        digits = ""
        while len(digits) != _DIGITS:
            digits = re.sub(r"\D", "", await shown.locator("output").inner_text())
        return digits
