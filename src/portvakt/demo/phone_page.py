"""An ordinary HTTP text gateway that is also a page: what would arrive in people's phones.

`POST /send` with `to` and `text` hands over a text, as gateways of operators do.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from portvakt.demo import pages

_KEPT = 200
_LONGEST = 16_000


@dataclass(frozen=True, slots=True)
class Text:
    """One text message that arrived."""

    number: int
    to: str
    text: str
    at: datetime


class Phones:
    """Every phone of the region, in memory."""

    def __init__(self, clock: Callable[[], datetime], owners: dict[str, str]) -> None:
        """Take a clock, and whose number is whose (E.164), to show a name beside it."""
        self._clock = clock
        self._owners = owners
        self._texts: deque[Text] = deque(maxlen=_KEPT)
        self._count = 0

    def app(self, *more: Route) -> Starlette:
        """Return the gateway and its page, with whatever else is to be seen there."""
        return Starlette(
            routes=[
                Route("/send", self.send, methods=["POST"]),
                Route("/", self.show),
                Route("/texts", self.list_as_html),
                Route("/texts.json", self.list_as_json),
                pages.static("style.css"),
                pages.static("phone_page.js"),
                *more,
            ]
        )

    async def send(self, request: Request) -> Response:
        """Take a text, and answer as an operator would: 200 and a receipt."""
        body = await request.body()
        if len(body) > _LONGEST:
            return PlainTextResponse("too long", status_code=413)
        try:
            sent = parse_qs(body.decode("ascii"), strict_parsing=True, errors="strict")
            [to], [text] = sent["to"], sent["text"]
        except (ValueError, KeyError):
            return PlainTextResponse("to and text, form-encoded", status_code=400)
        self._count += 1
        self._texts.appendleft(Text(self._count, to, text, self._clock()))
        return PlainTextResponse(f"accepted {self._count}")

    async def show(self, request: Request) -> Response:
        """Show the texts, newest first; `?to=` shows one phone."""
        return pages.page(
            "phone_page.html",
            texts=self._asked(request),
            owners=self._owners,
            numbers=list(dict.fromkeys(text.to for text in self._texts)),
            chosen=request.query_params.get("to"),
        )

    async def list_as_html(self, request: Request) -> Response:
        """Return the list alone, for the script that looks for new texts."""
        return pages.page("phone_texts.html", texts=self._asked(request), owners=self._owners)

    async def list_as_json(self, request: Request) -> Response:
        """Return the texts for programs, newest first."""
        return JSONResponse(
            [
                {"number": text.number, "to": text.to, "text": text.text, "at": text.at.isoformat()}
                for text in self._asked(request)
            ]
        )

    def _asked(self, request: Request) -> list[Text]:
        to = request.query_params.get("to")
        return [text for text in self._texts if to in {None, text.to}]
