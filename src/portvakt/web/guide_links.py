"""«Så gör du»: which page is told where in the guide, in one table.

A page is named by its template, and where one template shows several steps by its `moment`. The
first place that the guide of this installation has is linked: what is not allowed here is not told.
A test holds the table against the guide's own journeys.
"""

from collections.abc import Mapping
from typing import Final

from portvakt.web.made_guide import Place

_Pages = Mapping[str, tuple[Place, ...]]

_CHOOSE: Final[tuple[Place, ...]] = (
    ("register_app", "choose"),
    ("app_with_number", "choose"),
    ("register_texts", "choose"),
    ("no_smartphone", "choose"),
)
_FILM: Final[tuple[Place, ...]] = (("register_app", "film"), ("app_with_number", "film"))
_NUMBER_IN_APP: Final[tuple[Place, ...]] = (
    ("register_app", "number"),
    ("app_with_number", "number"),
)
_REGISTRATION: Final[_Pages] = {
    "app": _CHOOSE,
    "asked": _CHOOSE,
    "card": (
        ("register_app", "done"),
        ("app_with_number", "done"),
        ("register_texts", "done"),
        ("no_smartphone", "done"),
    ),
    "closed": (("register_app", "at_work"), ("register_texts", "at_work")),
    "code": (("register_texts", "code"), ("register_app", "own_code")),
    "expired": _CHOOSE,
    "guide": _CHOOSE,
    "manage": (("app_with_number", "choose"), *_CHOOSE),
    "method": (("lost_phone", "remove"),),
    "no_smartphone": (("no_smartphone", "make"), ("register_texts", "choose")),
    "number": (("register_texts", "number"), ("register_app", "own_number")),
    "number#after_app": (("register_app", "own_number"), ("register_texts", "number")),
    "phone_ended": _NUMBER_IN_APP,
    "phone_found": _NUMBER_IN_APP,
    "phone_number": _NUMBER_IN_APP,
    "phone_scan": _FILM,
    "remove": (("lost_phone", "yes"),),
    "sheet": _CHOOSE,
}
_RESET: Final[_Pages] = {
    "code": (("forgotten_password", "text"),),
    "end": (("forgotten_password", "password"),),
    "key": (("forgotten_password", "text"),),
    "later": (("forgotten_password", "name"),),
    "password": (("forgotten_password", "password"),),
    "people": (("forgotten_password", "text"),),
    "phone": (("forgotten_password", "open_app"),),
    "phone_ended": (("forgotten_password", "phone"),),
    "start": (("forgotten_password", "name"),),
    "text": (("forgotten_password", "code"),),
    "unlock": (("forgotten_password", "password"),),
    "ways": (("forgotten_password", "text"),),
    "ways#another": (("forgotten_password", "phone"),),
}
UNTOLD: Final = frozenset(
    {
        "set_up_mfa/disowned.html",
        "set_up_mfa/frozen.html",
        "set_up_mfa/hardware_token.html",
        "set_up_mfa/key.html",
        "set_up_mfa/keys_alone.html",
        "set_up_mfa/onwards.html",
        "set_up_mfa/password.html",
        "reset_password/vouch.html",
    }
)
"""What the guide does not tell: pages without a link, which would lead to something else."""


def _named(journey: str, page: str) -> str:
    name, mark, moment = page.partition("#")
    return f"journeys/{journey}/{name}.html{mark}{moment}"


TOLD_AT: Final[_Pages] = {
    _named(journey, page): places
    for journey, pages in {"set_up_mfa": _REGISTRATION, "reset_password": _RESET}.items()
    for page, places in pages.items()
}
"""By page, where its step is told: the best place first."""


def told_at(template: str, moment: str) -> tuple[Place, ...]:
    """Return where the step that a page is about may be told; nowhere for most pages.

    `moment` says which step it is, of a template that shows several; else it is empty.
    """
    return TOLD_AT.get(f"{template}#{moment}" if moment else template, ())
