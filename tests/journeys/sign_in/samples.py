"""Samples of the pages of a sign-in."""

from dataclasses import replace
from datetime import timedelta

from portvakt.journeys.sign_in.pages import (
    AddressStoppedPage,
    AgainPage,
    AwayPage,
    DonePage,
    FirstPage,
    GonePage,
    HardwareTokenPage,
    KeyPage,
    NewPasswordPage,
    OtherPage,
    PasswordPage,
    PhoneEndedPage,
    PhonePage,
    RecoveryPage,
    RefusedPage,
    Remember,
    SecondProofPage,
    SmsPage,
    StartPage,
    TicketPage,
    TicketRefusedPage,
    TotpPage,
    Way,
)
from portvakt.web.responses import Page
from portvakt.web.templates import Message
from tests.journeys.texts import STAGES, text_told
from tests.make import NOW

OUTSIDE = "Du är utanför regionens nät."
LATER = NOW + timedelta(minutes=15)
FLOW = "k7qm2xw4k7qm2xw4k7qm2xw4k7"
DAYS = Remember(label=Message("sign_in.remember_days", {"count": 30}))
WAYS = (
    Way(value="push", text="Svara i appen på telefonen", hint="Annas Pixel", picture="push"),
    Way(value="totp", text="Jobbtelefonen", picture="totp"),
    Way(value="sms", text="070-••• •• 05", hint="från HR-systemet", picture="sms_code"),
    Way(value="card", text="Reservkod", hint="7 av 10 kvar", picture="recovery_code"),
)


def sms(**more: object) -> SmsPage:
    given: dict[str, object] = {
        "flow": FLOW,
        "reason": OUTSIDE,
        "number": "••• 05",
        "sent_at": NOW,
        "told": text_told("delivered"),
        "expires_at": NOW + timedelta(minutes=5),
        "seconds_left": 300,
    }
    return SmsPage(**(given | more))  # type: ignore[arg-type] # the fields above and the given


def phone(**more: object) -> PhonePage:
    given: dict[str, object] = {
        "flow": FLOW,
        "reason": OUTSIDE,
        "number": "42",
        "first": False,
        "told": (
            Message("sign_in.phone_told_sent", {"time": "13:03:04"}),
            Message("sign_in.phone_told_delivered", {"time": "13:03:06"}),
            Message("sign_in.phone_told_opened", {"time": "13:03:09"}),
        ),
        "seen": "waiting-sdo",
    }
    return PhonePage(**(given | more))  # type: ignore[arg-type] # the fields above and the given


WAITING = (Message("sign_in.phone_told_waiting", {"time": "13:03:04"}),)
SLOW = (*WAITING, Message("sign_in.phone_told_slow"))
INSTEAD = "sign_in.phone_password"
ENDINGS = (
    "expired",
    "too_late",
    "denied",
    "wrong_number",
    "replaced",
    "closed",
    "finished",
    "unasked",
)

SAMPLES: dict[str, Page] = {
    "start": StartPage(to="/apps", purpose="sign_in"),
    "start-for-an-app": StartPage(to="/apps", purpose="sign_in", app_name="Demobutiken"),
    "start-somebody-else": StartPage(
        to="/apps", purpose="anew", app_name="Demobutiken", somebody_else=True
    ),
    "start-by-ticket": StartPage(to="/apps", purpose="sign_in", by_ticket="/kerberos?to=/apps"),
    "ticket": TicketPage(to="/sign-in?by=name"),
    "ticket-refused": TicketRefusedPage(to="/sign-in?by=name"),
    "ticket-away": TicketRefusedPage(to="/sign-in?by=name", away=True),
    "start-empty": StartPage(
        to="/apps",
        purpose="sign_in",
        errors={"name": "sign_in.name_missing", "password": "sign_in.password_missing"},
    ),
    "start-wrong": StartPage(
        to="/apps", purpose="sign_in", name="anna.berg", errors={"": "sign_in.wrong"}
    ),
    "address-stopped": AddressStoppedPage(until=LATER),
    "again": AgainPage(
        to="/apps", purpose="sign_in", name="Anna Berg", reason=OUTSIDE, methods=False
    ),
    "again-for-methods": AgainPage(
        to="/security-info", purpose="methods", name="Anna Berg", methods=True
    ),
    "key": KeyPage(flow=FLOW, reason=OUTSIDE, others=True),
    "key-only": KeyPage(flow=FLOW, others=False),
    "key-wrong": KeyPage(flow=FLOW, others=True, errors={"": "sign_in.wrong_passkey"}),
    "totp": TotpPage(flow=FLOW, reason=OUTSIDE),
    "totp-for-an-app": TotpPage(
        flow=FLOW, reason=Message("sign_in.app_asks", {"app": "Löneportalen"})
    ),
    "hardware-token": HardwareTokenPage(flow=FLOW, reason=OUTSIDE),
    "hardware-token-wrong": HardwareTokenPage(
        flow=FLOW, errors={"code": "sign_in.wrong_hardware_token"}
    ),
    "totp-at-risk": TotpPage(flow=FLOW, reason=Message("sign_in.risk_impossible_travel")),
    "totp-wrong": TotpPage(flow=FLOW, reason=OUTSIDE, errors={"code": "sign_in.wrong_totp"}),
    "totp-stopped": TotpPage(flow=FLOW, errors={"": Message("sign_in.stopped", {"time": LATER})}),
    "totp-remember": TotpPage(flow=FLOW, reason=OUTSIDE, remember=DAYS),
    "totp-remember-wrong": TotpPage(
        flow=FLOW,
        reason=OUTSIDE,
        remember=replace(DAYS, ticked=True),
        errors={"code": "sign_in.wrong_totp"},
    ),
    "hardware-token-remember": HardwareTokenPage(
        flow=FLOW, remember=Remember(label=Message("sign_in.remember_hours", {"count": 12}))
    ),
    "key-remember": KeyPage(flow=FLOW, reason=OUTSIDE, remember=DAYS, others=True),
    "sms-remember": sms(remember=DAYS),
    "phone-remember": phone(remember=Remember(label=Message("sign_in.remember"))),
    "sms": sms(),
    **{f"sms-{stage}": sms(told=text_told(stage)) for stage in STAGES if stage != "delivered"},
    "sms-wrong": sms(errors={"code": "sign_in.wrong_sms_code"}),
    "sms-wait": sms(next_at=NOW + timedelta(seconds=20)),
    "phone": phone(),
    "phone-slow": phone(told=SLOW),
    "phone-not-yet": phone(told=WAITING, errors={"": "sign_in.phone_not_yet"}),
    "phone-first": phone(number="412907", first=True, reason="", told=WAITING, instead=INSTEAD),
    "phone-first-locked": phone(
        number="412907", first=True, reason="", told=SLOW, instead="sign_in.other_way"
    ),
    **{f"phone-{what}": PhoneEndedPage(flow=FLOW, what=what) for what in ENDINGS},
    "phone-stopped": PhoneEndedPage(flow=FLOW, what="stopped", held=True, until=LATER, often=True),
    "phone-stopped-for-good": PhoneEndedPage(flow=FLOW, what="stopped", held=True, often=True),
    "phone-expired-held": PhoneEndedPage(
        flow=FLOW, what="expired", held=True, until=LATER, often=True
    ),
    "phone-first-expired": PhoneEndedPage(flow=FLOW, what="expired", instead=INSTEAD),
    "phone-first-stopped": PhoneEndedPage(
        flow=FLOW, what="stopped", held=True, until=LATER, instead=INSTEAD
    ),
    "recovery": RecoveryPage(flow=FLOW, reason=OUTSIDE),
    "recovery-wrong": RecoveryPage(flow=FLOW, errors={"code": "sign_in.wrong_recovery_code"}),
    "other": OtherPage(flow=FLOW, ways=WAYS),
    "other-new-phone": OtherPage(flow=FLOW, ways=WAYS, new_phone=True),
    "first": FirstPage(flow=FLOW, to="/apps", purpose="sign_in", sent_at=None),
    "first-sent": FirstPage(flow=FLOW, to="/apps", purpose="sign_in", sent_at=NOW),
    "password": PasswordPage(flow=FLOW, fresh=False),
    "password-fresh": PasswordPage(flow=FLOW, fresh=True),
    "password-or-phone": PasswordPage(flow=FLOW, fresh=True, phone=True),
    "second-proof": SecondProofPage(flow=FLOW, inside=True),
    "second-proof-outside-only": SecondProofPage(flow=FLOW, inside=False),
    "second-proof-withdrawn": SecondProofPage(
        flow=FLOW, inside=False, withdrawn=True, reason="Texter kan läsas av andra."
    ),
    "refused": RefusedPage(why="sign_in.refused_rule", reason=OUTSIDE, request_id="k7qm2xw4"),
    "away": AwayPage(to="/sign-in"),
    "new-password": NewPasswordPage(flow=FLOW, user_name="anna.berg"),
    "new-password-leaked": NewPasswordPage(flow=FLOW, user_name="anna.berg", leaked=True),
    "new-password-wrong": NewPasswordPage(
        flow=FLOW,
        user_name="anna.berg",
        errors={
            "current": "sign_in.wrong_password",
            "new": Message("passwords.wrong_too_short", {"least": 15}),
        },
    ),
    "gone": GonePage(),
    "done": DonePage(to="/apps", app_name=""),
    "done-for-an-app": DonePage(to="/apps", app_name="Demobutiken"),
}
