"""The meter beside a field where a password is chosen: how strong is what was typed so far.

Pages work without it. It answers only whoever is choosing a password in that very session or
attempt, a bounded number of times, and says that it is busy rather than let anybody wait.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portvakt.common_passwords import Level, Measure, PasswordJudge
from portvakt.proving.choosing import Find
from portvakt.web.forms import form
from portvakt.web.request import context, here

MOST_BYTES: Final = 4096
"""A longer form is not looked at; the page's script does not send one either."""
A_MINUTE: Final = 60.0
PER_MINUTE: Final = 120
"""Answers for one session or attempt in a minute: a quick typist with pauses makes half as many."""
AT_ONCE: Final = 2
"""Passwords measured at the same time in one process; each takes up to 0.1 s of CPU."""
MOST_KNOWN: Final = 1000
"""Sessions and attempts that are counted at the same time; a newer one takes the oldest's place."""

_NOT_CHOOSING, _TOO_LARGE, _TOO_MANY, _BUSY = 404, 413, 429, 503


@dataclass(slots=True)
class Known:
    """What is remembered of one session or attempt for a minute."""

    since: float
    asked: int = 0
    least: int | None = None


class PasswordMeter:
    """Measures passwords while they are typed. Nothing of them is kept or logged."""

    def __init__(
        self, judge: PasswordJudge, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Measure as `judge` does; `clock` gives seconds."""
        self._judge = judge
        self._clock = clock
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._running = 0

    async def answer(self, request: Request, key: str, find: Find) -> Response:
        """Answer the page's script with a level and its words, or with a status and nothing.

        `key` names the session or attempt; `find` is asked once the request is within bounds.
        """
        typed = (await form(request))["password"]
        if len(await request.body()) > MOST_BYTES:
            return Response(status_code=_TOO_LARGE)
        known = self.count(key)
        if known.asked > PER_MINUTE:
            return Response(status_code=_TOO_MANY)
        if self._running >= AT_ONCE:
            return Response(status_code=_BUSY)
        self._running += 1
        try:
            choosing = await find()
            if choosing is None:
                return Response(status_code=_NOT_CHOOSING)
            if known.least is None:
                known.least = await choosing.least()
            found = await asyncio.to_thread(
                self._judge.measure, typed, choosing.account, least=known.least
            )
        finally:
            self._running -= 1
        told = {"level": found.level, "words": _words(request, found)}
        return Response(orjson.dumps(told), media_type="application/json")

    def __len__(self) -> int:
        """How many sessions and attempts are counted now."""
        return len(self._known)

    def count(self, key: str) -> Known:
        """Count one question of a session or attempt in this minute."""
        now = self._clock()
        known = self._known.get(key)
        if known is None or now - known.since >= A_MINUTE:
            known = self._known[key] = Known(now)
        self._known.move_to_end(key)
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        known.asked += 1
        return known


def _words(request: Request, found: Measure) -> str:
    """Say the level, and what is missing, in the language of the page."""
    language, texts = here(request).language, context(request).site.texts
    said = texts.say(language, f"passwords.strength_{found.level}")
    if found.level is not Level.WEAK:
        return said
    which = {0: "words", 1: "one"}.get(found.missing, "many")
    return f"{said} {texts.say(language, f'passwords.missing_{which}', count=found.missing)}"
