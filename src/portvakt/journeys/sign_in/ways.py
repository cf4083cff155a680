"""Another way, another try: a new code, a new request to the phone, a way chosen from the list."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId, FlowId
from portvakt.core.new_phone import shows_password
from portvakt.core.sign_in import AskAuthenticator, AskPassword, AskPhone, AskProofFirst
from portvakt.journeys.sign_in.flow import Parts
from portvakt.journeys.sign_in.outcomes import NO_TEXTS, Anew, Gone, GoOn, Later, Outcome, Showing
from portvakt.journeys.sign_in.phone import Scene, choosing_phone
from portvakt.proving.answer import usable
from portvakt.proving.held import held
from portvakt.proving.text_limits import NotYet
from portvakt.proving.visit import Visit
from portvakt.records.unit import Unit

TYPED = frozenset(
    {
        AuthenticatorType.PASSKEY,
        AuthenticatorType.TOTP,
        AuthenticatorType.HARDWARE_TOKEN,
        AuthenticatorType.RECOVERY_CODE,
    }
)
"""Ways that need nothing sent first."""


class Ways:
    """Sends anew, and changes the way that a sign-in asks for.

    Choosing works whatever was asked before: a request that nobody answers never stands in the way.
    """

    def __init__(self, parts: Parts, *, new_phone: bool) -> None:
        """Take whether people can stand up for somebody who has a new phone."""
        self._parts = parts
        self._new_phone = new_phone

    def by_people(self, showing: Showing) -> bool:
        """Whether people can stand up for this person, who has shown the password, if need be."""
        return self._new_phone and shows_password(showing.state.evidence)

    async def send(self, flow: FlowId, visit: Visit) -> Outcome:
        """Send a new code, or ask the phones again, as this sign-in asks for now."""
        return await self._in(flow, visit, self._send)

    async def choose(self, flow: FlowId, way: str, visit: Visit) -> Outcome:
        """Show another way; `way` is a type, or the id of a phone for text messages."""

        async def act(unit: Unit, scene: Scene) -> Outcome:
            if way == AuthenticatorType.PUSH:
                return await self._push(unit, scene)
            if way == AuthenticatorType.PHONE_SIGN_IN:
                return await self._phone_sign_in(unit, scene)
            if way != AuthenticatorType.PASSWORD and isinstance(scene.step, AskPhone):
                return GoOn(flow)  # nothing else comes before the password
            await self._parts.phone.close(unit, scene)
            if way == AuthenticatorType.PASSWORD:
                return await self._password(unit, scene)
            if way in TYPED:
                await unit.flows.save(replace(scene.state, chosen=AuthenticatorType(way)))
                return GoOn(flow)
            return await self._text(unit, scene, AuthenticatorId(way))

        return await self._in(flow, visit, act)

    async def name_in(self, flow: str, visit: Visit) -> str:
        """Return the name that was typed in a sign-in of this browser; empty where there is none.

        It is given as names are compared, which may differ in case from what was typed.
        """
        if not flow:
            return ""
        id_ = FlowId(flow)
        found = await self._parts.records.read(
            lambda unit: unit.flows.load(id_, visit.binding, visit.now, visit.browser)
        )
        return "" if found is None else found[0].claimed

    async def _in(
        self, flow: FlowId, visit: Visit, act: Callable[[Unit, Scene], Awaitable[Outcome]]
    ) -> Outcome:
        """Read where a sign-in stands, and act on it; all in one act."""
        configuration = await self._parts.rules.current(visit.now)

        async def whole(unit: Unit) -> Outcome:
            found = await unit.flows.load(flow, visit.binding, visit.now, visit.browser)
            if found is None:
                return Gone()
            state, standing = found[0], held(found[1], configuration)
            at = await self._parts.finisher.see(unit, state, standing, configuration, visit)
            scene = Scene(
                state=state,
                step=at.step,
                standing=standing,
                configuration=configuration,
                visit=visit,
            )
            return await act(unit, scene)

        return await self._parts.records.write(whole)

    async def _send(self, unit: Unit, scene: Scene) -> Outcome:
        if scene.kind is not None:
            return await self._parts.phone.ask_anew(unit, scene)
        if isinstance(scene.step, AskProofFirst):
            await self._send_first(unit, scene)
            return GoOn(scene.state.id)
        return await self._text(unit, scene, None)

    async def _push(self, unit: Unit, scene: Scene) -> Outcome:
        """Ask the phones, as a second factor."""
        step, state = scene.step, scene.state
        if not isinstance(step, AskAuthenticator) or AuthenticatorType.PUSH not in {
            each.type for each in step.offered
        }:
            return GoOn(state.id)
        if step.chosen is not AuthenticatorType.PUSH:
            state = replace(state, chosen=AuthenticatorType.PUSH)
            if not await unit.flows.save(state):
                return GoOn(state.id)
        step = replace(step, chosen=AuthenticatorType.PUSH)
        return await self._parts.phone.ask_anew(unit, replace(scene, state=state, step=step))

    async def _phone_sign_in(self, unit: Unit, scene: Scene) -> Outcome:
        """Ask the phones in place of the password, where a password would be asked for."""
        if not isinstance(scene.step, AskPassword | AskProofFirst):
            return GoOn(scene.state.id)
        state = choosing_phone(scene.state)
        if not await unit.flows.save(state):
            return GoOn(state.id)
        asking = replace(scene, state=state, step=AskPhone())
        return await self._parts.phone.ask_counted(unit, asking)

    async def _password(self, unit: Unit, scene: Scene) -> Outcome:
        """Go back to the password.

        Who has shown nothing begins again on the first page, where passwords of strangers are
        counted; a sign-in of theirs must not be a second place to guess at. What is left asks for
        the phone as long as it lives, and fills in the name on that page.
        """
        state = scene.state
        if scene.kind is not AuthenticatorType.PHONE_SIGN_IN:
            return GoOn(state.id)
        if state.session_id is None and not state.guarded and not state.evidence:
            return Anew(state.to, state.id)
        await unit.flows.save(replace(state, chosen=None))
        return GoOn(state.id)

    async def _text(self, unit: Unit, scene: Scene, to: AuthenticatorId | None) -> Outcome:
        """Send a code to the number asked for, or else where the last one went."""
        state, step = scene.state, scene.step
        if not isinstance(step, AskAuthenticator) or scene.standing is None:
            return GoOn(state.id)
        phones = [each for each in step.offered if each.type is AuthenticatorType.SMS_CODE]
        if to is None and phones:
            newest = await unit.codes.newest(state.id, state.purpose)
            to = None if newest is None else newest.authenticator_id
        asked = [each for each in phones if each.id == to] if to is not None else phones
        if not asked:
            return GoOn(state.id)
        if state.chosen is not AuthenticatorType.SMS_CODE:
            await unit.flows.save(replace(state, chosen=AuthenticatorType.SMS_CODE))
        sent = await self._parts.sender.send(
            unit,
            flow=state.id,
            purpose=state.purpose,
            standing=scene.standing,
            authenticator=asked[0],
            visit=scene.visit,
            proven=True,
        )
        if not isinstance(sent, NotYet):
            return GoOn(state.id)
        return Later(None, NO_TEXTS) if sent.why == "day" else Later(sent.at)

    async def _send_first(self, unit: Unit, scene: Scene) -> None:
        """Send a code before any password was shown; for a name without a phone, do as if."""
        state, person, visit = scene.state, scene.person, scene.visit
        phones = []
        if person is not None:
            phones = usable(person, AuthenticatorType.SMS_CODE, visit.now)
        if not phones or person is None:
            await self._parts.sender.pretend(
                unit, flow=state.id, purpose=state.purpose, visit=visit
            )
            return
        await self._parts.sender.send(
            unit,
            flow=state.id,
            purpose=state.purpose,
            standing=person,
            authenticator=phones[0].authenticator,
            visit=visit,
            proven=False,
        )
