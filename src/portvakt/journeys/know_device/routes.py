"""Addresses of a look at a device, on both hosts. The only file here that knows HTTP.

A browser asks at home for where to go (`LOOK`), shows its certificate at the host of its own
(`SHOW`), and brings the answer home (`TOLD`). The page's script does so with three requests that
nobody sees; without it, a link does the same with three redirects. Only there does `Client-Cert`
make a device ours, and only from a trusted proxy.
"""

from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portvakt.journeys.know_device.flow import Came, KnowDevice, Told
from portvakt.journeys.know_device.pages import NotOursPage
from portvakt.proving.gate import LOOK, Gate
from portvakt.web.client_certificates import HEADER, client_certificate
from portvakt.web.cookies import set_our_device
from portvakt.web.forms import query
from portvakt.web.paths import local_path
from portvakt.web.request import context, here
from portvakt.web.responses import bound, page, problem, see_other
from portvakt.web.routing import Route, Who, route
from portvakt.web.site import SHOW_DEVICE

TOLD = "/our-device/told"
_NO_STORE = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowDeviceRoutes:
    """From home to the host where a certificate is asked for, and back."""

    flow: KnowDevice
    gate: Gate

    def routes(self) -> list[Route]:
        """List the addresses; `SHOW_DEVICE` is answered at the devices' host alone."""
        return [
            route(LOOK, self.look, who=Who.ANYONE),
            route(SHOW_DEVICE, self.show, who=Who.ANYONE),
            route(TOLD, self.told, who=Who.ANYONE),
        ]

    async def look(self, request: Request) -> Response:
        """Give a ticket, and say where to go with it."""
        visit, by_script = await self.gate.visit(request), _asks_by_script(request)
        to = local_path(query(request)["to"])
        ticket = self.flow.ticket(to, visit, by_script=by_script)
        where = f"{context(request).site.device_origin}{SHOW_DEVICE}?ticket={ticket}"
        response = _json({"show": where}) if by_script else _lead(where)
        return bound(request, response)

    async def show(self, request: Request) -> Response:
        """Judge the certificate that the browser showed to the proxy, if it showed one."""
        if request.method == "HEAD":  # a ticket is spent, and HEAD changes nothing
            return _only_get(request)
        at, site = here(request), context(request).site
        peer = request.client.host if request.client is not None else None
        headers = request.scope["headers"]
        said = [value.decode("latin-1") for name, value in headers if name == HEADER]
        certificate = client_certificate(peer, said, site.trusted_proxies)
        came = Came(now=self.gate.now(), address=at.address, request_id=at.request_id)
        looked = await self.flow.look(query(request)["ticket"], certificate, came)
        if looked is None:
            return _lead(f"{site.origin}/")
        if not looked.by_script:
            return _lead(f"{site.origin}{TOLD}?answer={looked.answer}")
        response = _json({"answer": looked.answer})
        response.headers["access-control-allow-origin"] = site.origin
        response.headers["access-control-allow-credentials"] = "true"
        return response

    async def told(self, request: Request) -> Response:
        """Take in what was found, and go on."""
        if request.method == "HEAD":
            return _only_get(request)
        visit = await self.gate.visit(request)
        current = await self.gate.current(request, act=False)
        session = None if current is None else current.session.id
        told = await self.flow.told(query(request)["answer"], session, visit)
        if _asks_by_script(request):
            response = _json({"ours": told is not None and told.device is not None})
        else:
            response = _led_home(request, told)
        if told is not None and told.device is not None:
            devices = self.flow.devices
            sealed = devices.cookie(told.device, visit.binding)
            set_our_device(response, sealed, devices.shown_for)
        return response


def _led_home(request: Request, told: Told | None) -> Response:
    if told is None:
        return page(request, NotOursPage(to="/apps"))
    return page(request, NotOursPage(to=told.to)) if told.device is None else see_other(told.to)


def _asks_by_script(request: Request) -> bool:
    """Say whether the script of a page of ours asks, which follows no redirect."""
    return request.headers.getlist("accept") == ["application/json"]


def _json(what: dict[str, object]) -> Response:
    return Response(orjson.dumps(what), media_type="application/json", headers=_NO_STORE)


def _lead(where: str) -> Response:
    """Send the browser to the other of our two hosts."""
    return Response(status_code=303, headers={"location": where} | _NO_STORE)


def _only_get(request: Request) -> Response:
    response = problem(request, "method", 405)
    response.headers["allow"] = "GET"
    return response
