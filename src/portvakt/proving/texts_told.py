"""What a waiting page tells of a text message, and how it hears of more.

Only what the records hold is told. Nothing is told of a text before somebody has shown a proof:
whether a name has a telephone is nobody else's business (A025); the journeys see to that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.text_fates import (
    FINAL,
    Stage,
    TextFate,
    changes_by_itself,
    stage_of,
)
from portvakt.proving.ask import APART
from portvakt.records import Records
from portvakt.records.outbox import fate_topic
from portvakt.web.forms import query
from portvakt.web.request import context, held_back
from portvakt.web.templates import Message
from portvakt.web.words import clock

LONGEST_WAIT: Final = 25.0
"""Seconds that a waiting page's question is held: less than proxies do."""
_SHORTEST_WAIT: Final = 0.05
_TOO_MANY: Final = 429

Until = Callable[[Coroutine[Any, Any, bool]], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class TextShown:
    """A text that a page may tell of."""

    fate: TextFate
    number: str
    """Where it went: partly hidden, unless the person has just typed it."""


Look = Callable[[], Awaitable[TextShown | None]]
"""Reads which text the page shows; None where it shows none any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTold:
    """What a page tells of its text."""

    stage: Stage
    told: tuple[Message, ...]
    again_at: datetime | None
    """When a new one can be asked for, where that is not now."""
    again_in: int = 0
    """The same in seconds."""

    @property
    def over(self) -> bool:
        """Whether nothing more will become of it."""
        return self.stage in FINAL


def told_of_text(shown: TextShown | None, now: datetime) -> TextTold | None:
    """Put into words what became of a text, where there is one to tell of."""
    if shown is None:
        return None
    fate, number = shown.fate, shown.number
    stage = stage_of(fate, now)
    left = (fate.asked_at + APART - now).total_seconds()
    return TextTold(
        stage=stage,
        told=tuple(_sentences(fate, stage, number)),
        again_at=fate.asked_at + APART if left > 0 else None,
        again_in=max(int(-(-left // 1)), 0),
    )


def _sentences(fate: TextFate, stage: Stage, number: str) -> list[Message]:
    said = []
    if fate.state == "handed_over" and fate.done_at is not None:
        at = {"time": clock(fate.done_at, seconds=True), "number": number}
        said.append(Message("delivery.text_sent", at))
    if stage is Stage.SENT:
        return said
    if stage is Stage.DELIVERED and fate.receipt_at is not None:
        at = {"time": clock(fate.receipt_at, seconds=True)}
        return [*said, Message("delivery.text_delivered", at)]
    return [*said, Message(f"delivery.text_{stage}")]


async def answer_waiting_page(
    request: Request,
    records: Records,
    look: Look,
    *,
    now: Callable[[], datetime],
) -> Response:
    """Hold a page's question until its text has come to something new, or 25 s; answer in JSON.

    `seen` in the query is the stage that the page shows. Asks the database when it begins and when
    the bell rings, and not in between; few for each browser (`web.held`).
    """
    seen = query(request)["seen"]
    with held_back(request) as held:
        shown = await _wait(records, look, seen, now, held.wait)
    if held.crowded:
        return _json({"error": "too_many"}, _TOO_MANY)
    told = told_of_text(shown, now())
    if told is None:
        return _json({"error": "not_found"}, 404)
    around = context(request)
    say, language = around.site.texts.say, around.here.language
    return _json(
        {
            "changed": False,
            "seen": told.stage.value,
            "told": " · ".join(say(language, each.id, **each.values) for each in told.told),
            "over": told.over,
        }
    )


async def _wait(
    records: Records, look: Look, seen: str, now: Callable[[], datetime], until: Until
) -> TextShown | None:
    time = asyncio.get_running_loop().time
    ends = time() + LONGEST_WAIT
    while True:
        shown = await look()
        if shown is None or stage_of(shown.fate, now()).value != seen or time() >= ends:
            return shown
        itself = changes_by_itself(shown.fate, now())
        left = ends - time()
        if itself is not None:
            left = min(left, itself.total_seconds())
        rung = records.wait(fate_topic(shown.fate.id), max(left, _SHORTEST_WAIT))
        if not await until(rung):
            return shown


def _json(told: dict[str, object], status: int = 200) -> Response:
    return Response(orjson.dumps(told), status_code=status, media_type="application/json")
