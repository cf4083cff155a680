"""Gives somebody what they have before a journey begins: our app, paired and in use."""

import asyncio
from datetime import datetime

from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AccountId, AuthenticatorId, PairingId, SessionId
from portvakt.core.one_time_codes import group
from portvakt.core.phones import Pairing, Phone
from portvakt.core.push_approval import PAIRING_LIVES
from portvakt.core.secret import Secret
from portvakt.crypto.pairing_codes import PairingCodes, draw_pairing_code
from portvakt.crypto.randomness import SystemRandom
from portvakt.guide.acting import Actor
from portvakt.guide.errors import GuideError
from portvakt.guide.hands import speak
from portvakt.guide.stage import Scene
from portvakt.guide.steps import At, Journey, Place, Press
from portvakt.journeys.apply_state.plan import OWNER
from portvakt.records import Unit

_TURNS_ON = "authenticator.sign_in_turn_on"
PUSH, RECOVERY_CODE = AuthenticatorType.PUSH, AuthenticatorType.RECOVERY_CODE
_FOR_DAYS = 30
_MOMENT = 0.05
_TRIES = 200
_CODES, _LETTERS, _HINT, _GROUP = 10, 18, 2, 6
"""A card has so many codes of so many letters, of which two are kept in clear."""


async def prepare(actor: Actor, journey: Journey) -> None:
    """Give whoever acts our app, phone sign-in and a card of recovery codes, for a month already.

    Phone sign-in not where the journey itself turns it on. Raises `GuideError` where the phone does
    not come.
    """
    scene, phone = actor.scene, actor.screen(At.PHONE)
    address = actor.browsers.stage.address(Place.AUTHENTICATOR)
    scene.clock.move(days=-_FOR_DAYS)
    account_id = await _account(scene)
    code, pairing = await _shows_a_code(scene, account_id)
    await phone.page.goto(address)
    await speak(phone, actor.language)
    await phone.page.goto("about:blank")
    await phone.page.goto(f"{address}#pair={code}")
    actor.values["phone"] = await _bind(scene, await _phone_of(scene, pairing))
    actor.recovery_codes = await _card(scene, account_id)
    await phone.page.goto("about:blank")
    await phone.page.goto(address)
    if not any(_turns_on(act) for step in journey.steps for act in step.acts):
        await (await phone.own_account(scene.member.user_name)).click()
        await (await phone.button(_TURNS_ON, {})).click()
        await phone.seen("authenticator.sign_in_is_on")
    await phone.page.goto("about:blank")
    scene.clock.move(days=_FOR_DAYS)


def _turns_on(act: object) -> bool:
    return isinstance(act, Press) and act.label == _TURNS_ON


async def _account(scene: Scene) -> AccountId:
    found: AccountId | None = await scene.house.records.read(
        lambda unit: unit.people.by_external_id(OWNER, scene.member.id)
    )
    if found is None:
        raise GuideError(f"{scene.member.id} is not on the stage")
    return found


async def _shows_a_code(scene: Scene, account_id: AccountId) -> tuple[str, PairingId]:
    """Show a pairing code, as the registration page does."""
    random, codes, now = SystemRandom(), PairingCodes(scene.house.keys), scene.clock()
    code = draw_pairing_code(random)
    pairing = Pairing(
        id=PairingId(random.id()),
        account_id=account_id,
        session_id=SessionId("guide"),
        old_phone=None,
        code_hash=codes.long_hash(code.long),
        short_hash=codes.short_hash(account_id, code.short),
        created_at=now,
        expires_at=now + PAIRING_LIVES,
    )
    await scene.house.records.write(lambda unit: unit.pairings.start(pairing))
    return code.long, pairing.id


async def _phone_of(scene: Scene, pairing: PairingId) -> AuthenticatorId:
    """Wait for the phone that came with the code."""
    account_id = await _account(scene)
    for _ in range(_TRIES):
        found: list[Phone] = await scene.house.records.read(lambda unit: unit.phones.of(account_id))
        if found:
            return found[0].id
        await asyncio.sleep(_MOMENT)
    raise GuideError(f"the phone did not come with its code ({pairing})")


async def _bind(scene: Scene, id_: AuthenticatorId) -> str:
    """Take the phone into use, as the registration page does, and return what it is called."""
    now = scene.clock()

    async def act(unit: Unit) -> str:
        found = await unit.phones.load(id_, now)
        if found is None or not await unit.phones.activate(id_, now):
            raise GuideError("the phone has gone")
        phone = found[0]
        await unit.authenticators.bind(_bound(PUSH, id_, phone.account_id, now, label=phone.name))
        return phone.name

    return await scene.house.records.write(act)


async def _card(scene: Scene, account_id: AccountId) -> list[str]:
    """Keep a card of recovery codes, as if it had been printed, and return what stands on it."""
    random, now, rows = SystemRandom(), scene.clock(), list[tuple[int, str, str]]()
    codes = {code[:_HINT]: code for code in (random.base32(_LETTERS) for _ in range(_CODES))}
    for place, (hint, code) in enumerate(codes.items(), start=1):
        rows.append((place, hint, await scene.house.hasher.hash(Secret(code[_HINT:]))))
    id_ = AuthenticatorId(random.id())

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(_bound(RECOVERY_CODE, id_, account_id, now))
        await unit.authenticators.recovery_put(id_, rows)

    await scene.house.records.write(act)
    return [group(each, _GROUP) for each in codes.values()]


def _bound(
    kind: AuthenticatorType,
    id_: AuthenticatorId,
    account_id: AccountId,
    now: datetime,
    *,
    label: str = "",
) -> Authenticator:
    return Authenticator(
        id=id_,
        account_id=account_id,
        type=kind,
        state=AuthenticatorState.ACTIVE,
        label=label,
        source="self",
        detail="",
        preferred=False,
        created_at=now,
        changed_at=now,
        expires_at=None,
    )
