"""Signing in with a key of a break-glass account. Nothing is counted, so nothing can be used up.

Whoever would keep these accounts out finds no limit here to use up. What is asked is kept nowhere
before it is answered (ADR 52), a signature cannot be guessed, and none is looked at but that of a
key which is one of these; so a storm costs what pages cost (ADR 61).
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Final

from portvakt.core.assurance import SIGN_IN
from portvakt.core.ids import FlowId
from portvakt.core.keys import Options
from portvakt.core.secret import Secret
from portvakt.core.sign_in import SignIn, record
from portvakt.crypto.randomness import Random
from portvakt.methods import Rejected, Verified
from portvakt.proving.answer import Answer, NotSpent, proof_of_answer, spend
from portvakt.proving.break_glass import tell_of_refusal
from portvakt.proving.finish import Finisher, Opened
from portvakt.proving.keys import PASSKEY, Asked, KeyQuestions
from portvakt.proving.rules import Rules
from portvakt.proving.visit import Visit
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit

TO: Final = "/apps"
_HERE: Final = "break_glass"
"""What stands in place of a sign-in: an answer to this page is none to any other."""
_LIVES: Final = timedelta(minutes=10)


class NotOpened(Enum):
    """Why nothing opened; the page says no more than that of any key."""

    WRONG = "wrong"
    USED = "used"
    NOT_FROM_HERE = "not_from_here"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassFlow:
    """Asks any key of any browser, and opens a session for one of a break-glass account."""

    records: Records
    rules: Rules
    finisher: Finisher
    questions: KeyQuestions
    random: Random

    def ask(self, visit: Visit) -> Options:
        """Return what the page's script gives to the browser. Nothing is kept of it."""
        return self.questions.ask(_about(visit), must_verify=True)

    async def sign_in(self, typed: Secret, visit: Visit) -> Opened | NotOpened:
        """Judge what a key signed. Whatever belongs to nobody of these costs two reads at most."""
        answer = replace(_about(visit), typed=typed)
        found = await self.records.read(lambda unit: self._find(unit, answer, visit))
        if found is None:
            return NotOpened.WRONG
        asked, standing = found
        judged = await self.questions.judge(answer, asked, standing)
        if isinstance(judged, Rejected):
            await self.records.write(lambda unit: tell_of_refusal(unit, standing, "wrong", visit))
            return NotOpened.WRONG
        return await self.records.write(lambda unit: self._open(unit, answer, asked, judged, visit))

    async def _find(
        self, unit: Unit, answer: Answer, visit: Visit
    ) -> tuple[Asked, Standing] | None:
        """Find the key and whose it is, if that is a break-glass account."""
        asked = await self.questions.find_in(unit, answer, named=False)
        if asked is None:
            return None
        standing = await unit.people.load(asked.key.account_id, visit.browser)
        if standing is None or not standing.account.break_glass:
            return None
        return asked, standing

    async def _open(
        self, unit: Unit, answer: Answer, asked: Asked, verified: Verified, visit: Visit
    ) -> Opened | NotOpened:
        """Use the answer up, and open the session; all of it in one act."""
        standing = await unit.people.load(asked.key.account_id, visit.browser)
        if standing is None:
            return NotOpened.WRONG  # removed while we judged
        spent = await spend(unit, verified, answer, standing)
        if isinstance(spent, NotSpent):
            await tell_of_refusal(unit, standing, spent.value, visit)
            return NotOpened.USED if spent is NotSpent.USED else NotOpened.WRONG
        state = SignIn(
            id=FlowId(self.random.id()),
            purpose=SIGN_IN,
            to=TO,
            app=None,
            account_id=standing.account.id,
            claimed="",
            created_at=visit.now,
            expires_at=visit.now + _LIVES,
        )
        state = record(state, proof_of_answer(answer, spent, verified))
        at = self.finisher.look(state, standing, await self.rules.within(unit, visit.now), visit)
        concluded = await self.finisher.conclude(unit, at, standing, visit)
        if isinstance(concluded, Opened):
            return concluded
        fenced = at.verdict is not None and at.verdict.decision.blocked
        why = "not_from_here" if fenced else "not_ready"
        await tell_of_refusal(unit, standing, why, visit)
        return NotOpened.NOT_FROM_HERE if fenced else NotOpened.WRONG


def _about(visit: Visit) -> Answer:
    """Describe an answer: it belongs to this page, and to this browser."""
    return Answer(
        type=PASSKEY,
        typed=Secret(""),
        flow=_HERE,
        purpose=SIGN_IN,
        now=visit.now,
        browser=visit.binding,
    )
