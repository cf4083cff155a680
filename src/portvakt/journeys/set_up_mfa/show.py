"""From what is bound to what its owner is shown."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.first_registration import Basis
from portvakt.core.key_models import NO_MODELS, KeyModels
from portvakt.core.phones import linked, sign_in_of
from portvakt.journeys.set_up_mfa.acting import (
    Person,
    active,
    full,
    has_app,
    offered,
    second_factors,
    work_phone,
)
from portvakt.journeys.set_up_mfa.cards import COUNT
from portvakt.journeys.set_up_mfa.outcomes import Card
from portvakt.journeys.set_up_mfa.pages import (
    CardPage,
    ClosedPage,
    ManagePage,
    Printed,
    Sheet,
    SheetPage,
    Way,
)
from portvakt.phone_numbers import partly_hidden
from portvakt.records.keys import Passkey
from portvakt.web.responses import Page
from portvakt.web.templates import Message

PASSKEY = AuthenticatorType.PASSKEY
PUSH = AuthenticatorType.PUSH
TOTP = AuthenticatorType.TOTP
HARDWARE_TOKEN = AuthenticatorType.HARDWARE_TOKEN
PHONE_SIGN_IN = AuthenticatorType.PHONE_SIGN_IN
PASSWORD = AuthenticatorType.PASSWORD
SMS_CODE = AuthenticatorType.SMS_CODE
RECOVERY_CODE = AuthenticatorType.RECOVERY_CODE

PHONE_ADDED = "set_up_mfa.flash_phone_added"

Errors = Mapping[str, Message | str]


def ways_of(
    person: Person, keys: Iterable[Passkey] = (), models: KeyModels = NO_MODELS
) -> tuple[Way, ...]:
    """Return phones, apps, keys and numbers in the order they came; printed codes come apart."""
    kept = {each.id: (_kind_of_key(each), models.name(each.aaguid)) for each in keys}
    seen: Counter[tuple[AuthenticatorType, str]] = Counter()
    ways = []
    for each in second_factors(person.standing):
        if each.type is RECOVERY_CODE:
            continue
        called = (each.type, each.label or each.detail)
        seen[called] += 1
        way = way_of(each, person.standing.authenticators, twin=seen[called])
        kind, model = kept.get(each.id, ("", ""))
        ways.append(replace(way, key=kind, model=model))
    return tuple(ways)


def _kind_of_key(key: Passkey) -> str:
    """Name what its owner is told of a key."""
    if not key.verifies:
        return "beside"
    return "copied" if key.copied else "bound"


def way_of(
    each: Authenticator, authenticators: Iterable[Authenticator] = (), *, twin: int = 1
) -> Way:
    """Return one method as it is shown, its number partly hidden.

    `authenticators` is where what lives in a phone is found: its codes and its sign-in.
    """
    parts = linked(each.id, authenticators) if each.type is PUSH else ()
    used = [part.last_used_at for part in (each, *parts) if part.last_used_at is not None]
    return Way(
        id=each.id,
        type=each.type,
        label=each.label if each.source == "self" else "",
        number=partly_hidden(each.detail) if each.type is SMS_CODE else "",
        source=each.source,
        preferred=each.preferred,
        suspended=each.state is not AuthenticatorState.ACTIVE,
        withdrawn=each.withdrawn,
        added=each.created_at,
        used=max(used, default=None),
        twin=twin,
        sign_in=None if each.type is not PUSH else sign_in_of(each.id, parts) is not None,
    )


def sheet_of(person: Person, *, option: str = "", number: str = "") -> Sheet:
    """Return the sheet with what is known already, so that nothing is asked twice (A128)."""
    phone = work_phone(person.standing)
    return Sheet(
        option=option,
        number=number,
        work_phone=None if phone is None else way_of(phone),
        phones_full=full(person, PUSH),
        apps_full=full(person, TOTP),
        keys_full=full(person, PASSKEY),
        numbers_full=full(person, SMS_CODE),
        offered=offered(person),
    )


def home_of(
    person: Person,
    left: int,
    *,
    sheet: Sheet,
    keys: Iterable[Passkey] = (),
    models: KeyModels = NO_MODELS,
    errors: Errors | None = None,
    done: str = "",
) -> Page:
    """Return the first page: the sheet alone, or under what is bound already."""
    if not second_factors(person.standing):
        required = bool(person.session.resume_to) and person.onwards() != "/apps"
        return SheetPage(sheet=sheet, required=required, errors=errors or {})
    return ManagePage(
        ways=ways_of(person, keys, models),
        printed=_printed(person, left),
        sheet=sheet,
        done=done,
        activate=done == PHONE_ADDED and may_activate(person),
        password=not person.registering and bool(active(person.standing, PASSWORD)),
        onwards=person.onwards(),
        errors=errors or {},
    )


def _printed(person: Person, left: int) -> Printed | None:
    cards = active(person.standing, RECOVERY_CODE)
    return Printed(id=cards[0].id, left=left, total=COUNT) if cards else None


def has_card(person: Person) -> bool:
    """Whether there is a card of recovery codes, used up or not."""
    return bool(active(person.standing, RECOVERY_CODE))


def has_number(person: Person) -> bool:
    """Whether there is a number that texts go to: it is never asked for then."""
    return bool(active(person.standing, SMS_CODE))


def after_app(person: Person) -> bool:
    """Whether the number is asked for as the step after the app, which may be passed over."""
    return has_app(person.standing) and not has_number(person) and not has_card(person)


def card_of(person: Person, card: Card) -> CardPage:
    """Return a card of recovery codes with what is now true."""
    return CardPage(
        codes=card.codes,
        owner=person.account.display_name,
        made=card.made,
        title="set_up_mfa.card_title_new" if card.replaced else "set_up_mfa.card_title",
        now_true=Message("set_up_mfa.card_new_text") if card.replaced else now_true(person),
        activate=not card.replaced and may_activate(person),
        onwards=person.onwards(),
    )


def may_activate(person: Person) -> bool:
    """Whether there is a phone, and none that signs in without a password yet."""
    standing = person.standing
    return bool(active(standing, PUSH)) and not active(standing, PHONE_SIGN_IN)


def now_true(person: Person) -> Message:
    """Say how this person shows who they are from now on."""
    numbers = active(person.standing, SMS_CODE)
    number = partly_hidden(numbers[-1].detail) if numbers else ""
    app = has_app(person.standing)
    if not app and not number and active(person.standing, HARDWARE_TOKEN):
        return Message("set_up_mfa.card_true_hardware_token")
    if app and number:
        return Message("set_up_mfa.card_true_both", {"number": number})
    if number:
        return Message("set_up_mfa.card_true_sms", {"number": number})
    if not app and active(person.standing, PASSKEY):
        return Message("set_up_mfa.card_true_passkey")
    return Message("set_up_mfa.card_true_totp" if app else "set_up_mfa.card_true_codes")


def closed_of(person: Person, options: tuple[Basis, ...], again: str) -> ClosedPage:
    """Say what would be enough (A041)."""
    phone = work_phone(person.standing) if Basis.WORK_PHONE in options else None
    return ClosedPage(
        inside=Basis.INSIDE in options,
        start_code=Basis.START_CODE in options,
        work_phone="" if phone is None else partly_hidden(phone.detail),
        again=again,
    )
