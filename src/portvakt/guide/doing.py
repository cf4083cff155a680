"""One step while it is done: its acts, its picture, and what is said of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, assert_never

from portvakt.guide.acting import Actor
from portvakt.guide.hands import Screen, one_line, speak
from portvakt.guide.shooting import Album, Target, View
from portvakt.guide.steps import (
    Act,
    Choose,
    Hold,
    Look,
    Place,
    Press,
    PressOwn,
    PressTile,
    Step,
    Write,
)
from portvakt.guide.telling import Picture

if TYPE_CHECKING:
    from playwright.async_api import Locator

BETWEEN: Final = 31
"""Seconds that pass on the stage before something is opened at the desk: one text in 30 s goes to
a number, and a code of the app is taken once."""
_PRESSED = (Press, PressOwn, PressTile)
_RINGED = (*_PRESSED, Hold, Look)
_REST: Final = 2.0
_SETTLES: Final = 300
"""Milliseconds in which a screen without a title of its own comes to rest."""


@dataclass(slots=True)
class Doing:
    """One step while it is done."""

    actor: Actor
    album: Album
    step: Step
    number: int
    pressed: list[Mapping[str, str]] = field(default_factory=list)
    """The acts in words, as `Line.pressed` has them."""
    told: dict[str, str] = field(
        default_factory=lambda: {"press": "", "address": "", "field": "", "option": "", "sees": ""}
    )
    """What the placeholders of the step's sentences hold."""
    _views: list[View] = field(default_factory=list)
    _filled: list[str] = field(default_factory=list)

    @property
    def screen(self) -> Screen:
        """The window that the step is done in."""
        return self.actor.screen(self.step.at)

    async def do(self) -> None:
        """Open what is opened, do the acts, and see what is to be seen.

        Raises `GuideError` where the screen is another one than the step says.
        """
        if self.step.opens is not None:
            await self._open(self.step.opens)
        shown = self._pictured()
        for place, act in enumerate(self.step.acts):
            await self._act(act, pictured=place in shown)
        at = self.step.elsewhere or self.step.at
        screen = self.actor.screen(at)
        if self.step.sees is not None:
            await screen.arrives(self.step.sees, self.actor.values)
            self.told["sees"] = await screen.title()
        else:
            await screen.page.wait_for_timeout(_SETTLES)
        await self.album.shoot(screen, at, rests=_REST)
        if not self.step.acts:
            self._views.append(await self.album.view(screen))
        await self.actor.read_the_card()

    def picture(self) -> Picture:
        """Keep the step's picture, and return it."""
        return self.album.picture(self.number, self._views, tuple(self._filled))

    @property
    def ringed(self) -> bool:
        """Whether the picture has a ring."""
        return any(each.label for each in self._views)

    def _pictured(self) -> set[int]:
        """Return which acts the picture shows.

        The last that is pressed or looked at, and what is filmed; where neither is, the last act.
        """
        acts = self.step.acts
        held = {at for at, act in enumerate(acts) if isinstance(act, Hold)}
        ringed = [at for at, act in enumerate(acts) if isinstance(act, (*_PRESSED, Look))]
        last = {ringed[-1]} if ringed else set()
        return (held | last) or ({len(acts) - 1} if acts else set())

    async def _open(self, place: Place) -> None:
        """Open the step's place, as whoever has its address would."""
        scene = self.actor.scene
        if place is Place.NOT_ME:
            address = await scene.mailbox.link(scene.member.email)
        else:
            address = self.actor.browsers.stage.address(place)
        if place is not Place.AUTHENTICATOR:  # there a question may be waiting
            scene.clock.move(seconds=BETWEEN)
        await self.screen.page.goto(address)
        if place is Place.AUTHENTICATOR:
            await speak(self.screen, self.actor.language)
        self.told["address"] = address.removesuffix("/")
        self.pressed.append({"act": "open", "place": place.value, "address": address})
        await self.album.shoot(self.screen, self.step.at, rests=1.5)

    async def _act(self, act: Act, *, pictured: bool) -> None:
        """Do one thing, having taken its picture first where it is one that matters."""
        at = act.before if isinstance(act, Hold) else self.step.at
        screen = self.actor.screen(at)
        found, label = await self._found(act, screen)
        ringed = isinstance(act, _RINGED)
        target = Target(found, pressed=isinstance(act, _PRESSED), ring=ringed or pictured)
        if not ringed and pictured:  # nothing is pressed in this step: it is shown when it is done
            await self._do(act, found)
        await self.album.shoot(screen, at, target)
        if pictured:
            self._views.append(await self.album.view(screen, self.number, found, label))
        if ringed or not pictured:
            await self._do(act, found)

    async def _found(self, act: Act, screen: Screen) -> tuple["Locator", str]:
        """Find what the act is about, and note how it is called."""
        match act:
            case Write(label=label) | Choose(label=label):
                self.told["field"] = str(screen.words.of(label))
                return await screen.field(label), self.told["field"]
            case Hold():
                return await screen.picture()
            case Press(label=label, values=values):
                found, said = await screen.button(label, values), screen.words.of(label, values)
                self.told["press"] = said if isinstance(said, str) else await one_line(found)
            case PressTile():
                found = await screen.tile()
                self.told["press"] = await one_line(found.locator("b"))
            case PressOwn():
                self.told["press"] = self.actor.scene.member.user_name
                found = await screen.own_account(self.told["press"])
            case Look(at=label):
                found, said = await screen.seen(label), screen.words.of(label)
                self.told["press"] = said if isinstance(said, str) else await one_line(found)
            case _:
                assert_never(act)
        return found, self.told["press"]

    async def _do(self, act: Act, found: "Locator") -> None:
        """Do it, and note it as `steps.json` has it."""
        label, press = self.told["field"], self.told["press"]
        match act:
            case Write(given=given):
                await found.fill(await self.actor.given(given, self.step))
                self._filled.append(label)
                self.pressed.append({"act": "write", "label": label, "given": given.value})
            case Choose(option=option):
                said = self.told["option"] = str(self.screen.words.of(option))
                await found.select_option(label=said)
                self._filled.append(label)
                self.pressed.append({"act": "choose", "label": label, "option": said})
            case Press():
                await found.click()
                self.pressed.append({"act": "press", "label": press})
            case PressTile():
                async with self.screen.page.expect_navigation():
                    await found.click()
                self.pressed.append({"act": "tile", "label": press})
            case PressOwn():
                await found.click()
                self.pressed.append({"act": "own"})
            case Look():
                self.pressed.append({"act": "look", "label": press})
            case Hold(before=before):
                self.actor.browsers.camera.sees(await found.screenshot())
                self.pressed.append({"act": "hold", "before": before.value})
