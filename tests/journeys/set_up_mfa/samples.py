"""Pages of registration as they may be shown."""

from datetime import UTC, datetime, timedelta

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.freezing import Change
from portvakt.core.ids import AuthenticatorId
from portvakt.crypto.pairing_codes import PairingCode
from portvakt.journeys.set_up_mfa.app_key import app_key, pairing_key
from portvakt.journeys.set_up_mfa.pages import (
    AlonePage,
    AppPage,
    AskedPage,
    CardPage,
    ClosedPage,
    CodePage,
    DisownedPage,
    ExpiredPage,
    FrozenPage,
    GuidePage,
    HardwareTokenPage,
    KeyPage,
    KeysAlonePage,
    ManagePage,
    MethodPage,
    NumberPage,
    OnwardsPage,
    PasswordPage,
    Printed,
    RemovePage,
    Sheet,
    SheetPage,
    Way,
)
from portvakt.journeys.set_up_mfa.phone_pages import (
    PhoneEndedPage,
    PhoneFoundPage,
    PhoneNumberPage,
    PhoneScanPage,
)
from portvakt.web.responses import Page
from portvakt.web.templates import Message
from tests.journeys.texts import text_told
from tests.make import NOW

KEY = app_key(bytes(range(20)), issuer="Region Exempel", account="anna.berg@region.example")
PAIRING = pairing_key(
    PairingCode("AAECAwQFBgcICQoLDA0ODw", "K7QM2XW4"),
    app_origin="https://app.region.example",
    account="anna.berg@region.example",
)
CODES = tuple(
    f"{hint}{'ABCDEFGHIJ'[place]}Q4T-KM7PXA-3DWLZ{place % 6 + 2}"
    for place, hint in enumerate(["AB", "CD", "EF", "GH", "IJ", "KL", "MN", "OP", "QR", "ST"])
)


def way(kind: AuthenticatorType = AuthenticatorType.TOTP, **given: object) -> Way:
    fields: dict[str, object] = {
        "id": AuthenticatorId(f"{kind}1"),
        "type": kind,
        "label": "",
        "number": "",
        "source": "self",
        "preferred": False,
        "suspended": False,
        "added": NOW - timedelta(days=40),
        "used": NOW - timedelta(hours=2),
        "twin": 1,
    }
    return Way(**(fields | given))  # type: ignore[arg-type] # a builder of tests


SMS = AuthenticatorType.SMS_CODE
TOKEN = AuthenticatorType.HARDWARE_TOKEN
PUSH = AuthenticatorType.PUSH
WORK_PHONE = way(SMS, source="hr", number="••• 05", used=None)
OWN_PHONE = way(
    SMS, id=AuthenticatorId("sms2"), number="••• 17", label="Min egen mobil", preferred=True
)

PIXEL = way(PUSH, label="Annas Pixel", preferred=True, sign_in=False)


def number_page(**given: object) -> PhoneNumberPage:
    fields: dict[str, object] = {
        "draft": "k7qm2xw4k7qm2xw4k7qm2xw4k7",
        "name": "Annas Pixel",
        "number": "47",
        "told": "sent",
        "seconds_left": 90,
        "state": "sent",
    }
    return PhoneNumberPage(**(fields | given))  # type: ignore[arg-type] # a builder of tests


def scan_page(**given: object) -> PhoneScanPage:
    fields: dict[str, object] = {
        "draft": "k7qm2xw4k7qm2xw4k7qm2xw4k7",
        "key": PAIRING,
        "expires": NOW + timedelta(minutes=10),
        "state": "awaited",
    }
    return PhoneScanPage(**(fields | given))  # type: ignore[arg-type] # a builder of tests


SAMPLES: dict[str, Page] = {
    "sheet": SheetPage(sheet=Sheet(), required=False),
    "sheet-by-a-pass": SheetPage(
        sheet=Sheet(offered=frozenset({AuthenticatorType.PUSH})), required=False
    ),
    "sheet-required": SheetPage(sheet=Sheet(), required=True),
    "sheet-wrong": SheetPage(
        sheet=Sheet(option="", number="070-174"),
        required=False,
        errors={
            "option": "set_up_mfa.error_choose",
            "number": "set_up_mfa.error_number_bad",
        },
    ),
    "manage-work-phone": ManagePage(
        ways=(WORK_PHONE,), printed=None, sheet=Sheet(work_phone=WORK_PHONE), onwards="/apps"
    ),
    "manage-full": ManagePage(
        ways=(
            way(label="Jobbtelefonen"),
            way(id=AuthenticatorId("app2")),
            way(id=AuthenticatorId("app3"), twin=2, suspended=True),
            WORK_PHONE,
            OWN_PHONE,
        ),
        printed=Printed(id=AuthenticatorId("card"), left=1, total=10),
        sheet=Sheet(work_phone=WORK_PHONE, phones_full=5, numbers_full=2),
        done="set_up_mfa.flash_removed",
        onwards="/apps",
    ),
    "manage-phones": ManagePage(
        ways=(
            PIXEL,
            way(PUSH, id=AuthenticatorId("p2"), label="Jobbtelefonen", sign_in=True, used=None),
            way(PUSH, id=AuthenticatorId("p3"), label="", sign_in=False, suspended=True),
            WORK_PHONE,
        ),
        printed=Printed(id=AuthenticatorId("card"), left=9, total=10),
        sheet=Sheet(work_phone=WORK_PHONE, phones_full=5),
        done="set_up_mfa.flash_phone_added",
        activate=True,
        onwards="/apps",
    ),
    "phone-scan": scan_page(),
    "phone-scan-none-yet": scan_page(note="set_up_mfa.no_phone_yet"),
    "phone-found": PhoneFoundPage(name="Annas Pixel"),
    "phone-number": number_page(),
    "phone-number-six": number_page(number="047114", told="opened", state="opened"),
    "phone-number-delivered": number_page(told="delivered", state="delivered"),
    "phone-number-approved": number_page(told="approved", state="approved"),
    "phone-number-no-answer": number_page(note="set_up_mfa.no_answer_yet"),
    **{
        f"phone-ended-{why}": PhoneEndedPage(name="Annas Pixel", why=why)
        for why in ("denied", "wrong_number", "expired", "ended")
    },
    "asked": AskedPage(
        method=AuthenticatorType.PASSKEY,
        home="/security-info",
        to="/apps",
        reason="Nycklar kan ingen lura av dig.",
        last_day=datetime(2027, 1, 31, 12, tzinfo=UTC),
        must=False,
        days=7,
    ),
    "asked-must": AskedPage(
        method=AuthenticatorType.PUSH,
        home="/security-info",
        to="/apps",
        reason="",
        last_day=datetime(2027, 1, 31, 12, tzinfo=UTC),
        must=True,
        days=7,
    ),
    "asked-without-a-last-day": AskedPage(
        method=AuthenticatorType.RECOVERY_CODE,
        home="/security-info",
        to="/apps",
        reason="",
        last_day=None,
        must=False,
        days=30,
    ),
    "onwards": OnwardsPage(to="/apps"),
    "manage-hardware-tokens": ManagePage(
        ways=(
            way(TOKEN, label="2308712345", preferred=True),
            way(TOKEN, id=AuthenticatorId("token2"), suspended=True),
            way(id=AuthenticatorId("app9"), label="Gamla appen", withdrawn=True),
        ),
        printed=None,
        sheet=Sheet(),
        onwards="/apps",
    ),
    "manage-codes-used-up": ManagePage(
        ways=(way(),),
        printed=Printed(id=AuthenticatorId("card"), left=0, total=10),
        sheet=Sheet(),
        onwards="/apps",
    ),
    "guide": GuidePage(),
    "guide-by-a-pass": GuidePage(offered=frozenset({AuthenticatorType.PUSH})),
    "guide-wrong": GuidePage(errors={"way": "set_up_mfa.error_choose_way"}),
    "app": AppPage(key=KEY),
    "key": KeyPage(beside=False, options="{}"),
    "key-beside": KeyPage(beside=True, options="{}", label="Nyckeln på knippan"),
    "key-wrong": KeyPage(beside=False, options="{}", errors={"": "set_up_mfa.error_key"}),
    "key-asked": KeyPage(
        beside=False,
        options="{}",
        accepts=(
            "set_up_mfa.key_stays",
            Message("set_up_mfa.key_level", {"level": 2}),
            Message("set_up_mfa.key_models", {"models": "Nyckelmakaren Modell 5, Modell 5 NFC"}),
            "set_up_mfa.key_shows_model",
        ),
        errors={"": "set_up_mfa.error_key_unproved"},
    ),
    "key-remove": RemovePage(way=way(AuthenticatorType.PASSKEY)),
    "manage-keys": ManagePage(
        ways=(
            way(AuthenticatorType.PASSKEY, key="copied"),
            way(
                AuthenticatorType.PASSKEY,
                key="bound",
                label="Nyckeln på knippan",
                used=None,
                model="Modell 5 NFC",
            ),
            way(AuthenticatorType.PASSKEY, key="beside", twin=2),
        ),
        printed=None,
        sheet=Sheet(keys_full=10),
        onwards="/apps",
    ),
    "app-wrong": AppPage(key=KEY, errors={"code": "set_up_mfa.error_app_code"}),
    "hardware-token": HardwareTokenPage(),
    "hardware-token-wrong": HardwareTokenPage(
        serial="2308712345", errors={"code": "set_up_mfa.error_token"}
    ),
    "number": NumberPage(),
    "number-after-app": NumberPage(after_app=True),
    "number-replaces": NumberPage(replaces=OWN_PHONE),
    "number-foreign": NumberPage(
        number="+44 7700 900123", errors={"number": "set_up_mfa.error_number_foreign"}
    ),
    "code": CodePage(
        number="070-174 06 05",
        draft="draft",
        told=text_told("delivered"),
        expires=NOW + timedelta(minutes=5),
        seconds_left=300,
    ),
    "code-again": CodePage(
        number="070-174 06 05",
        draft="draft",
        told=text_told("queued"),
        expires=NOW + timedelta(minutes=5),
        seconds_left=300,
        again=True,
    ),
    "code-wrong": CodePage(
        number="070-174 06 05",
        draft="draft",
        told=text_told("sent"),
        expires=NOW + timedelta(minutes=5),
        seconds_left=240,
        errors={"code": "set_up_mfa.error_sms_code"},
    ),
    "code-late": CodePage(
        number="070-174 06 05",
        draft="draft",
        told=text_told("unknown"),
        expires=None,
        seconds_left=0,
        errors={"code": "set_up_mfa.error_sms_expired"},
    ),
    "code-stopped": CodePage(
        number="070-174 06 05",
        draft="draft",
        told=text_told("unconfirmed"),
        expires=NOW + timedelta(minutes=5),
        seconds_left=200,
        errors={"code": Message("set_up_mfa.error_stopped", {"time": NOW})},
    ),
    "card": CardPage(
        codes=CODES,
        owner="Anna Berg",
        made=NOW,
        title="set_up_mfa.card_title",
        now_true=Message("set_up_mfa.card_true_both", {"number": "••• 05"}),
        onwards="/apps",
    ),
    "card-after-phone": CardPage(
        codes=CODES,
        owner="Anna Berg",
        made=NOW,
        title="set_up_mfa.card_title",
        now_true=Message("set_up_mfa.card_true_totp"),
        activate=True,
        onwards="/apps",
    ),
    "card-new": CardPage(
        codes=CODES,
        owner="Anna-Karin Nordström-Wäppling af Ugglas",
        made=NOW,
        title="set_up_mfa.card_title_new",
        now_true=Message("set_up_mfa.card_new_text"),
        onwards="/apps",
    ),
    "method": MethodPage(way=way(label="Jobbtelefonen"), label="Jobbtelefonen"),
    "method-phone": MethodPage(way=PIXEL, label="Annas Pixel"),
    "method-number": MethodPage(way=way(SMS, number="••• 17"), label=""),
    "method-wrong": MethodPage(
        way=way(), label="x" * 41, errors={"label": "set_up_mfa.error_name_too_long"}
    ),
    "remove-app": RemovePage(way=way(label="Jobbtelefonen")),
    "remove-phone": RemovePage(way=PIXEL),
    "remove-number": RemovePage(way=OWN_PHONE),
    "remove-hardware-token": RemovePage(way=way(TOKEN, label="2308712345")),
    "remove-codes": RemovePage(way=way(AuthenticatorType.RECOVERY_CODE)),
    "remove-kept": RemovePage(way=way(), kept=True, errors={"": "set_up_mfa.error_last"}),
    "no-smartphone": AlonePage(codes_made=False),
    "no-smartphone-codes-made": AlonePage(codes_made=True),
    "password": PasswordPage(user_name="anna.berg"),
    "password-wrong": PasswordPage(
        user_name="anna.berg",
        errors={
            "password": Message("passwords.wrong_too_short", {"least": 15}),
            "password-2": "passwords.wrong_common",
            "password-3": Message("passwords.wrong_own_name", {"parts": "Anna, Gävle"}),
        },
    ),
    "keys-alone": KeysAlonePage(),
    "frozen": FrozenPage(until=NOW, again="/sign-in?to=/security-info&for=methods"),
    "disowned": DisownedPage(
        change=Change.ADDED, since=NOW, may_thaw=False, again="/sign-in?to=/security-info"
    ),
    "disowned-shown": DisownedPage(
        change=Change.PREFERRED, since=NOW, may_thaw=True, again="/sign-in?to=/security-info"
    ),
    "disowned-nothing-left": DisownedPage(
        change=Change.WELCOME, since=NOW, may_thaw=False, again=""
    ),
    "closed": ClosedPage(
        inside=True, start_code=True, work_phone="", again="/sign-in?to=/security-info"
    ),
    "closed-work-phone": ClosedPage(
        inside=False, start_code=True, work_phone="••• 05", again="/sign-in?to=/security-info"
    ),
    "expired": ExpiredPage(),
}
