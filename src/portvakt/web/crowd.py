"""What a crowd meets where there is no room: a door that is shut, and a page that says so.

In a storm people are turned away some hundred times a second, beside everybody who is served, and
what that costs is taken from them. So whoever cannot get in is told before anything of theirs is
read, and the page is rendered once, then only filled in: of all that it says, the number to quote
and the way back differ.
"""

import re
from dataclasses import dataclass
from typing import Protocol

from markupsafe import escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portvakt.core.lanes import Lane
from portvakt.web.forms import in_time
from portvakt.web.request import SCOPE_KEY, Context, context, wants_json
from portvakt.web.responses import ProblemPage, page, problem, to_go_on_from

BUSY = 503
FEW = 8
"""Pieces in which a form may come that is looked at at the door; people's come in one."""
_KIND = "busy"
_NUMBER, _RETRY = "the-number-to-quote", "/the-way-back"
_HOLES = re.compile(f"({_NUMBER}|{_RETRY})")


class Room(Protocol):
    """Where there are so many places, such as a pool that hashes."""

    def has_room(self, lane: Lane) -> bool:
        """Say whether one more would be taken now."""
        ...

    def look(self, lane: Lane) -> None:
        """Raise what `Failures.busy` names where one more would not be taken, and count it."""
        ...


@dataclass(frozen=True, slots=True)
class Narrow:
    """An address whose forms nearly all want a place in a room."""

    path: str
    spared: bytes
    """What stands in the body of a form that wants none."""
    room: Room


class Door:
    """Turns strangers away from a narrow address, unread, while there is no room for them.

    Who brings a browser's mark is let through: whether it is worth anything is for the journey to
    say. So is whatever comes while there is room; the journey takes the place, and looks again.
    """

    def __init__(self, app: ASGIApp, narrow: Narrow) -> None:
        self._app = app
        self._narrow = narrow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or raise what `Failures.busy` names."""
        narrow = self._narrow
        if scope["path"] == narrow.path and scope["method"] == "POST":
            around: Context = scope[SCOPE_KEY]
            if around.here.browser is None and not narrow.room.has_room(Lane.OTHER):
                come = await in_time(_first_of(receive))
                body = b"".join(each.get("body", b"") for each in come)
                if not come[-1].get("more_body") and narrow.spared not in body:
                    around.client, around.pattern = False, narrow.path
                    narrow.room.look(Lane.OTHER)
                receive = _again(come, receive)
        await self._app(scope, receive, send)


async def _first_of(receive: Receive) -> list[Message]:
    """Take a form that comes in few pieces, or the first few of one that comes in many."""
    come = [await receive()]
    while come[-1].get("more_body") and len(come) < FEW:
        come.append(await receive())
    return come


def _again(come: list[Message], receive: Receive) -> Receive:
    """Return what gives messages that were taken once more, and then whatever follows them."""
    waiting = iter(come)

    async def from_the_first() -> Message:
        return next(waiting, None) or await receive()

    return from_the_first


class TurnedAway:
    """Answers people for whom there is no room."""

    def __init__(self) -> None:
        self._prepared: dict[str, list[str]] = {}
        """By language: what stands between the holes, and in each hole what belongs there."""

    def answer(self, request: Request, retry_after: int) -> Response:
        """Say that there is no room, and in how many seconds to come back."""
        around = context(request)
        if wants_json(request) or around.shared is not None:
            return problem(request, _KIND, BUSY, retry_after=retry_after)
        prepared = self._prepared.get(around.here.language)
        if prepared is None:
            prepared = self._prepared[around.here.language] = _rendered(request)
        fill = {
            _NUMBER: around.here.request_id,
            _RETRY: escape(to_go_on_from(request)),
        }
        text = "".join([fill.get(part, part) for part in prepared])
        return HTMLResponse(text, BUSY, {"retry-after": str(retry_after)})


def _rendered(request: Request) -> list[str]:
    """Render the page in this request's language, and cut it at its holes."""
    shown = ProblemPage(kind=_KIND, request_id=_NUMBER, bare=True, retry=_RETRY)
    return _HOLES.split(bytes(page(request, shown, BUSY).body).decode())
