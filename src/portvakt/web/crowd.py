"""The page for whoever is turned away in a crowd: rendered once, then only filled in.

In a storm it is written some hundred times a second, beside everybody who is served. Of all that
it says, only the number to quote and the way back differ.
"""

import re

from markupsafe import escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from portvakt.web.request import context, wants_json
from portvakt.web.responses import ProblemPage, page, problem, to_go_on_from

BUSY = 503
_KIND = "busy"
_NUMBER, _RETRY = "the-number-to-quote", "/the-way-back"
_HOLES = re.compile(f"({_NUMBER}|{_RETRY})")


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
