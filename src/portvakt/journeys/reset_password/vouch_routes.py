"""The address where people stand up for others: after a forgotten password, or with a new phone."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.assurance import METHODS
from portvakt.core.ids import FlowId
from portvakt.core.new_phone import control_number
from portvakt.core.vouchers import MayNotVouch, WhyNot
from portvakt.core.vouchers import Request as Asked
from portvakt.journeys.reset_password.pages import Asking, VouchPage
from portvakt.journeys.reset_password.vouching import Vouched, Vouching
from portvakt.proving.gate import Current, Gate
from portvakt.web.responses import page
from portvakt.web.routing import Route, Who, route

HERE = "/vouch"
FORBIDDEN = 403
_TOLD = (WhyNot.ONE_FACTOR, WhyNot.CHANGED, WhyNot.MUTUAL)
"""What is said on the list: it is about who looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VouchRoutes:
    """See who asks, and say yes."""

    vouching: Vouching
    gate: Gate

    def routes(self) -> list[Route]:
        """List the addresses."""
        return [
            route(HERE, self.show, who=Who.SIGNED_IN),
            route(f"{HERE}/{{attempt}}", self.vouch, methods=("POST",), who=Who.SIGNED_IN),
        ]

    async def show(self, request: Request) -> Response:
        """List who asks."""
        current = await self.gate.full(request)
        if current is None:
            return self.gate.sign_in(request)
        return await self._page(request, current)

    async def vouch(self, request: Request) -> Response:
        """Take a yes."""
        current = await self.gate.full(request)
        if current is None:
            return self.gate.sign_in(request, to=HERE)
        attempt = FlowId(request.scope["path_params"]["attempt"])
        outcome = await self.vouching.vouch(current, attempt, await self.gate.visit(request))
        if isinstance(outcome, Vouched):
            return await self._page(request, current, done=outcome.name)
        if outcome.why is WhyNot.NOT_FRESH:  # nothing was typed that could be lost
            return self.gate.sign_in(request, purpose=METHODS, to=HERE)
        return await self._page(request, current, why=_said(outcome.why), status=FORBIDDEN)

    async def _page(
        self,
        request: Request,
        current: Current,
        *,
        done: str = "",
        why: str = "",
        status: int = 200,
    ) -> Response:
        found = await self.vouching.asking(current, await self.gate.visit(request))
        asking: list[Asking] = []
        for each, verdict in found:
            no = verdict.why if isinstance(verdict, MayNotVouch) else None
            if no in (None, WhyNot.TWICE, WhyNot.NOT_FRESH):
                asking.append(_asking(each, given=no is WhyNot.TWICE))
            elif no in _TOLD:
                why = why or _said(no)
        return page(request, VouchPage(asking=tuple(asking), done=done, why=why), status)


def _asking(asked: Asked, *, given: bool) -> Asking:
    target = asked.target
    about = ", ".join(each for each in (target.title, target.unit) if each)
    return Asking(
        attempt=asked.attempt,
        name=target.display_name,
        about=about,
        at=asked.asked_at,
        given=given,
        number=control_number(asked.attempt) if asked.new_phone else "",
    )


def _said(why: WhyNot) -> str:
    match why:
        case WhyNot.ONE_FACTOR | WhyNot.CHANGED | WhyNot.MUTUAL | WhyNot.OFTEN:
            return f"reset.vouch_why_{why}"
        case _:
            return "reset.vouch_why_over"
