"""Writing the new password where it lives."""

import asyncio
from dataclasses import replace

from portvakt.core.ids import FlowId
from portvakt.core.password_reset import (
    AskPassword,
    AskUnlock,
    Reset,
    start_writing,
)
from portvakt.core.password_rules import prepare
from portvakt.core.secret import Secret
from portvakt.journeys.reset_password.flow import Parts, scene_of
from portvakt.journeys.reset_password.outcomes import Gone, GoOn, Outcome, Scene, Unfit
from portvakt.proving.choosing import Choosing
from portvakt.proving.password_homes import Home
from portvakt.proving.password_settling import settle
from portvakt.proving.visit import Visit, visitor
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit


class ResetWriting:
    """Takes a new password, or opens a locked account, once two kinds were proved."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def write(self, flow: FlowId, typed: Secret, visit: Visit) -> Outcome:
        """Take a new password, or say everything that is wrong with it.

        Raises `portvakt.crypto.passwords.Busy`.
        """
        scene = await self._scene(flow, visit)
        if scene is None:
            return Gone()
        standing, home = scene.standing, self._home(scene)
        if not isinstance(scene.step, AskPassword) or standing is None or home is None:
            return GoOn(flow)
        least, judge, password = await home.least(), self._parts.password_judge, typed.open()
        found = await asyncio.to_thread(judge.review, password, standing.account, least=least)
        prepared = prepare(password)
        if found or prepared is None:
            return Unfit(found, judge.asking(least).minimum)
        new = Secret(prepared)
        had = await self._parts.records.read(
            lambda unit: unit.password_memory.of(standing.account.id)
        )
        refused = await home.ready(new, had)
        if refused is not None:
            return Unfit((), judge.asking(least).minimum, refused)
        return await self._written(scene, standing, home, new)

    async def choosing(self, flow: FlowId, visit: Visit) -> Choosing | None:
        """Say who chooses a password in this attempt; None where nobody may yet."""
        scene = await self._scene(flow, visit)
        if scene is None or scene.standing is None or not isinstance(scene.step, AskPassword):
            return None
        home = self._home(scene)
        return None if home is None else Choosing(scene.standing.account, home.least)

    async def unlock(self, flow: FlowId, visit: Visit) -> Outcome:
        """Open a locked account again; the password stays."""
        scene = await self._scene(flow, visit)
        if scene is None:
            return Gone()
        standing, home = scene.standing, self._home(scene)
        if not isinstance(scene.step, AskUnlock) or standing is None or home is None:
            return GoOn(flow)
        return await self._written(scene, standing, home, None)

    async def _scene(self, flow: FlowId, visit: Visit) -> Scene | None:
        return await self._parts.records.read(lambda unit: scene_of(unit, flow, self._parts, visit))

    def _home(self, scene: Scene) -> Home | None:
        return None if scene.standing is None else self._parts.homes.of(scene.standing)

    async def _written(
        self, scene: Scene, standing: Standing, home: Home, new: Secret | None
    ) -> Outcome:
        """Claim the write, send it with no transaction open, and keep what came of it."""
        visit, flow, records = scene.visit, scene.state.id, self._parts.records

        async def claim(unit: Unit) -> Reset | None:
            now = await scene_of(unit, flow, self._parts, visit)
            if now is None:
                return None
            started = start_writing(now.state, now.facts, visit.now, ways=now.ways)
            if started is None:
                return None
            claimed = await unit.resets.begin_writing(flow, started.version, visit.now)
            return replace(started, version=started.version + 1) if claimed else None

        started = await records.write(claim)
        if started is None:
            return GoOn(flow)
        outcome = await (home.unlock() if new is None else home.set(new))
        await records.write(
            lambda unit: settle(
                unit, started, outcome, standing, home, self._parts.notices, visitor(visit)
            )
        )
        return GoOn(flow)
