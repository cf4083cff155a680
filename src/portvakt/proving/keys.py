"""Asking for a key, and holding its answer against what is stored; the method judges it.

Each challenge belongs to one browser, one sign-in and one purpose, and is spent with what follows
from its answer (`proving.answer.spend`).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from portvakt.core.authenticators import AuthenticatorType, is_beside
from portvakt.core.events import KeyCopied
from portvakt.core.key_models import NO_MODELS, KeyModels
from portvakt.core.keys import Known, Options
from portvakt.crypto.key_challenges import KeyChallenges, Question
from portvakt.mail import Notice, What
from portvakt.methods import Ceremony, KeyAtHand, KeyMethod, KeyUse, Rejected, Verified
from portvakt.proving.answer import Answer, usable
from portvakt.proving.notices import Notices
from portvakt.proving.visit import Visit, said
from portvakt.records.keys import Passkey as StoredKey
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit

PASSKEY = AuthenticatorType.PASSKEY

_log = structlog.get_logger("portvakt.proving")


@dataclass(frozen=True, slots=True)
class Asked:
    """A key's answer that is to a question of ours, and to none that anybody else was asked."""

    question: Question
    key: StoredKey
    must_name: bool


def keys_of(standing: Standing, stored: Iterable[StoredKey], now: datetime) -> list[StoredKey]:
    """Pick the keys that may be used now, of all that somebody has, as they may be used now."""
    active = {each.authenticator.id: each.authenticator for each in usable(standing, PASSKEY, now)}
    return [
        replace(each, verifies=each.verifies and not is_beside(active[each.id]))
        for each in stored
        if each.id in active
    ]


def may_use(asked: Asked, standing: Standing, now: datetime) -> bool:
    """Say whether the key is this person's and may be used now."""
    return any(each.authenticator.id == asked.key.id for each in usable(standing, PASSKEY, now))


def as_it_may_stand(judged: Verified, asked: Asked, standing: Standing) -> Verified:
    """Return a right answer as it counts: a key that may not stand alone shows that it was there.

    It may have been allowed to when it was made, and not since (`core.method_rules`).
    """
    beside = {each.id for each in standing.authenticators if is_beside(each)}
    use = judged.spends
    if asked.key.id not in beside or not isinstance(use, KeyUse):
        return judged
    return replace(judged, spends=replace(use, user_verified=False))


class KeyQuestions:
    """Asks browsers for keys, and judges what they answer."""

    def __init__(
        self,
        *,
        records: Records,
        method: KeyMethod,
        challenges: KeyChallenges,
        models: KeyModels = NO_MODELS,
    ) -> None:
        """Take `models` where those that cannot be trusted any more are to be refused."""
        self._models = models
        self._records = records
        self._method = method
        self._challenges = challenges

    def ask(
        self,
        asked: Answer,
        keys: Collection[StoredKey] = (),
        *,
        must_verify: bool,
    ) -> Options:
        """Make a challenge for this browser, flow and purpose; return what its script is told.

        Nothing is stored. Without keys, any that the person has will do, and says whose it is.
        """
        challenge = self._challenges.make(
            asked.now,
            browser=asked.browser,
            flow=asked.flow,
            purpose=asked.purpose,
            must_verify=must_verify,
        )
        known = [Known(id=each.credential_id, transports=each.transports) for each in keys]
        return self._method.to_use(challenge, known, must_verify=must_verify)

    async def find(self, answer: Answer, *, named: bool) -> Asked | None:
        """Find the question and the key that an answer names; None where either is not ours.

        `named` says that the question named the person's keys; else the key says whose it is.
        """
        return await self._records.read(lambda unit: self.find_in(unit, answer, named=named))

    async def find_in(self, unit: Unit, answer: Answer, *, named: bool) -> Asked | None:
        """Do the same in the caller's act."""
        about = self._method.named_in(answer.typed)
        if about is None:
            return None
        question = self._challenges.read(
            about.challenge, browser=answer.browser, flow=answer.flow, purpose=answer.purpose
        )
        key = None if question is None else await unit.keys.find(about.id)
        if question is None or key is None:
            return None
        return Asked(question, key, must_name=not named)

    async def judge(
        self, answer: Answer, asked: Asked | None, standing: Standing | None
    ) -> Verified | Rejected:
        """Judge an answer of this person's key. Whether it was answered before shows when spent."""
        if asked is None or standing is None or not may_use(asked, standing, answer.now):
            return Rejected(why="no question or key of ours")
        judged = await self.judge_alone(answer, asked)
        if isinstance(judged, Rejected):
            return judged
        return as_it_may_stand(judged, asked, standing)

    async def judge_alone(self, answer: Answer, asked: Asked) -> Verified | Rejected:
        """Judge what the key itself shows; whether its owner may use it is for the caller."""
        model = self._models.get(asked.key.aaguid)
        if model is not None and (trouble := model.trouble(answer.now.date())) is not None:
            _log.warning("key_refused", authenticator=asked.key.id, why=trouble, model=model.name)
            return Rejected(why=trouble)
        ceremony = Ceremony(
            flow=answer.flow,
            purpose=answer.purpose,
            now=answer.now,
            authenticator=None,
            key=KeyAtHand(
                id=asked.key.id,
                challenge=asked.question.challenge,
                asked_at=asked.question.asked_at,
                must_verify=asked.question.must_verify,
                must_name=asked.must_name,
                handle=asked.key.handle,
                public_key=asked.key.public_key,
                verifies=asked.key.verifies,
                copied=asked.key.copied,
            ),
        )
        judged = await self._method.verify(ceremony, answer.typed)
        if isinstance(judged, Rejected):
            _log.info("key_refused", authenticator=asked.key.id, why=judged.why)
        return judged


async def note_copied(
    unit: Unit, notices: Notices, standing: Standing, verified: Verified, visit: Visit
) -> None:
    """Write and tell, in the caller's act, that there may be two of a key. It opened nothing."""
    use = verified.spends
    bound = (each.authenticator for each in standing.bound)
    for each in bound:
        if not isinstance(use, KeyUse) or each.id != use.authenticator_id:
            continue
        told = said(visit, standing.account.id)
        await unit.audit.write(
            KeyCopied(**told, authenticator_id=each.id, type=each.type, label=each.label)
        )
        what = What(notice=Notice.KEY_COPIED, method=each.type, label=each.label)
        await notices.tell(unit, standing.account, what, visit)
