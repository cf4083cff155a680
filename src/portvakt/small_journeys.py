"""Journeys that are put together of two or three parts."""

from portvakt.base import Base
from portvakt.core.new_phone import Policy as NewPhonePolicy
from portvakt.crypto.key_challenges import KeyChallenges
from portvakt.journeys.break_glass.flow import BreakGlassFlow
from portvakt.journeys.break_glass.making import Making
from portvakt.journeys.break_glass.routes import BreakGlassRoutes
from portvakt.journeys.know_device.flow import KnowDevice
from portvakt.journeys.know_device.routes import KnowDeviceRoutes
from portvakt.journeys.new_phone.flow import Parts as NewPhoneParts
from portvakt.journeys.new_phone.routes import new_phone_routes
from portvakt.journeys.not_me.flow import NotMe
from portvakt.journeys.not_me.routes import NotMeRoutes
from portvakt.journeys.read_guide.routes import ReadGuide
from portvakt.journeys.text_receipts.flow import Receipts
from portvakt.journeys.text_receipts.routes import ReceiptRoutes
from portvakt.key_service import key_method, key_questions
from portvakt.proving.finish import Finisher
from portvakt.text_gateways import receipt_readers
from portvakt.web.routing import Route


def routes_over_the_base(base: Base) -> list[Route]:
    """Return the routes of the journeys that need nothing but the base."""
    return [
        *not_me_routes(base),
        *receipt_routes(base),
        *device_routes(base),
        *ReadGuide(base.site.guide).routes(),
    ]


def not_me_routes(base: Base) -> list[Route]:
    """Return the routes of the links in mails about changes."""
    flow = NotMe(records=base.records, notices=base.notices)
    return NotMeRoutes(flow=flow, gate=base.gate).routes()


def break_glass_routes(base: Base, finisher: Finisher) -> list[Route]:
    """Return the routes of accounts for the day on which nobody else gets in."""
    return BreakGlassRoutes(
        flow=BreakGlassFlow(
            records=base.records,
            rules=base.rules,
            finisher=finisher,
            questions=key_questions(base),
            random=base.random,
        ),
        making=Making(
            records=base.records,
            method=key_method(base),
            challenges=KeyChallenges(base.keys, base.random),
            random=base.random,
        ),
        gate=base.gate,
    ).routes()


def receipt_routes(base: Base) -> list[Route]:
    """Return the route of operators' receipts."""
    return ReceiptRoutes(
        receipts=Receipts(records=base.records, clock=base.clock),
        readers=receipt_readers(base.settings.sms),
        clock=base.clock,
    ).routes()


def device_routes(base: Base) -> list[Route]:
    """Return the routes by which our own devices show themselves, where the settings have any."""
    if base.our_devices is None:
        return []
    flow = KnowDevice(
        records=base.records, devices=base.our_devices, sealer=base.sealer, random=base.random
    )
    return KnowDeviceRoutes(flow=flow, gate=base.gate).routes()


def new_phone_of(base: Base, finisher: Finisher) -> list[Route]:
    """Return the routes by which people stand up for somebody who has a new phone."""
    chosen = base.settings.registration
    parts = NewPhoneParts(
        records=base.records,
        rules=base.rules,
        finisher=finisher,
        notices=base.notices,
        random=base.random,
        policy=NewPhonePolicy(on=chosen.new_phone_by_people, key_owners_may=chosen.key_owners_too),
    )
    return new_phone_routes(parts, gate=base.gate)
