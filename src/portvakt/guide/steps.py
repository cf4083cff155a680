"""What a journey of the guide is made of: plain data, written once, played and told from.

A step names what is pressed by the id of the message that stands on it. So a label that changes in
a catalogue changes the guide; one that is taken away fails the test that plays the journey.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MessageId = str
"""A message of the catalogues: `area.name`."""


class At(StrEnum):
    """Where a step is done."""

    DESK = "desk"
    """In the browser of any computer, 1280 by 800."""
    PHONE = "phone"
    """In our app, on the phone that the person has: 390 by 844, touched, with a camera."""
    NEW_PHONE = "new_phone"
    """On the phone that replaces it."""


class Place(StrEnum):
    """What is opened by its address, as people are told it: a host of its own where it has one."""

    REGISTRATION = "registration"
    RESET = "reset"
    APPS = "apps"
    SIGN_INS = "sign_ins"
    """«Mina inloggningar»."""
    AUTHENTICATOR = "authenticator"
    """Our app."""
    NOT_ME = "not_me"
    """The link in the mail that tells of a change."""


class Given(StrEnum):
    """What is typed. The player knows what it is for the one who acts."""

    EMAIL = "email"
    PASSWORD = "password"  # noqa: S105 - a name
    NEW_PASSWORD = "new_password"  # noqa: S105 - a name
    OWN_MOBILE = "own_mobile"
    """A number that nobody knew."""
    TEXT_CODE = "text_code"
    """The code in the newest text to the number that the step's texts go to."""
    APP_CODE = "app_code"
    """The six digits that our app shows without a network."""
    NUMBER_AT_DESK = "number_at_desk"
    """The number that the desk shows for the phone."""
    RECOVERY_CODE = "recovery_code"
    PHONE_NAME = "phone_name"


@dataclass(frozen=True, slots=True)
class Write:
    """Fill in the field with this label."""

    label: MessageId
    given: Given


@dataclass(frozen=True, slots=True)
class Choose:
    """Choose an option of the list with this label."""

    label: MessageId
    option: MessageId


@dataclass(frozen=True, slots=True)
class Press:
    """Press the button or link with this text. It is what the picture rings."""

    label: MessageId
    values: Mapping[str, str] = field(default_factory=dict)
    """What the message's placeholders hold; `{phone}`, `{user_name}` and `{name}` are filled in."""


@dataclass(frozen=True, slots=True)
class PressOwn:
    """Press one's own account in the app, which bears the user name."""


@dataclass(frozen=True, slots=True)
class PressTile:
    """Press the tile of an app in the portal, the first that asks for nothing more.

    `{press}` is its name. What opens is not ours: whoever plays answers in its place.
    """


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold the phone before the picture on the desk: its camera films it."""

    before: At = At.DESK
    """Where the picture is: on the desk, or on the old phone."""


@dataclass(frozen=True, slots=True)
class Look:
    """Nothing is pressed: what is to be seen is ringed, by the title (or label) it bears."""

    at: MessageId


Act = Write | Choose | Press | PressOwn | PressTile | Hold | Look


class Need(StrEnum):
    """What an installation must allow, or a person have, for a journey or a step to be told."""

    APP = "app"
    PHONE_SIGN_IN = "phone_sign_in"
    TEXTS = "texts"
    RESET = "reset"
    PORTAL = "portal"
    """An app that somebody may open, at work with the password or a text besides."""
    NEW_PHONE_BY_PEOPLE = "new_phone_by_people"
    PAPER_CODES = "paper_codes"
    NUMBER_AFTER_APP = "number_after_app"
    """Who registers the app is asked for a number, too."""
    NUMBER_SKIPPED = "number_skipped"
    """They are asked, and nothing can be sent there: it is passed over."""
    FIRST_BY_PASSWORD = "first_by_password"  # noqa: S105 - a word
    """Who has nothing yet, and no number that the employer knows, registers with the password."""
    FIRST_AT_WORK = "first_at_work"
    """They do so at work and nowhere else."""
    BY_APP = "by_app"
    """From outside the password is not enough, and the app besides it is."""
    BY_TEXT = "by_text"
    """The same of a text."""
    TEXT_AT_WORK = "text_at_work"
    """At work, too, a text is asked for besides the password."""
    PASSWORD_AT_WORK = "password_at_work"  # noqa: S105 - a word
    """At work the password is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One numbered step: what to do, and what is seen then.

    Its words are `guide.<journey>_<name>` and, where `seen`, `guide.<journey>_<name>_seen`, with
    the placeholders `{press}` (the label of the last thing pressed or looked at), `{address}` (of
    `opens`), `{field}` and `{option}` (of the last `Choose` or `Write`), `{sees}` (the title that
    is seen), `{organisation}` and `{support}`.
    """

    name: str
    at: At = At.DESK
    opens: Place | None = None
    acts: tuple[Act, ...] = ()
    sees: MessageId | None = None
    """The title (first heading) of the screen afterwards, by itself or because of the acts."""
    seen: bool = False
    """Whether there is a sentence on what is seen."""
    needs: frozenset[Need] = frozenset()
    texts_to: Given | None = None
    """`OWN_MOBILE` where the text goes to the new number; else to the work phone."""
    elsewhere: At | None = None
    """Where `sees` stands, if not where the acts are done."""


class Person(StrEnum):
    """Who acts: fictional people of the stage, told apart by what they have."""

    WITHOUT_PHONE = "without_phone"
    """No number is known; the welcome window is open."""
    WORK_PHONE = "work_phone"
    """The employer's directory has a mobile number."""
    WITH_APP = "with_app"
    """Has the app, and phone sign-in unless the journey turns it on, a work phone, and a card of
    recovery codes: all of them for days, so that they count where a password is reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One task somebody has; its words are `guide.<name>_title`, `…_lead` and `…_end`.

    `name` is in snake case; addresses and files use it with hyphens.
    """

    name: str
    person: Person
    steps: tuple[Step, ...]
    needs: frozenset[Need] = frozenset()
    outside: bool = True
    """Whether it is played from outside the organisation's networks."""
    from_document: str = ""
    """Which steps of the organisation's instruction it covers: `app 2-7`, `sms 1-4`, or empty."""

    @property
    def slug(self) -> str:
        """The name in addresses and file names."""
        return self.name.replace("_", "-")


def needed(journey: Journey, allowed: frozenset[Need]) -> Journey | None:
    """Leave out what the installation does not allow; None where the whole journey is not.

    What is registered first is played at work where it must be done there.
    """
    if not journey.needs <= allowed:
        return None
    kept = tuple(step for step in journey.steps if step.needs <= allowed)
    return Journey(
        name=journey.name,
        person=journey.person,
        steps=kept,
        needs=journey.needs,
        outside=journey.outside
        and not (Need.FIRST_AT_WORK in allowed and Need.FIRST_BY_PASSWORD in journey.needs),
        from_document=journey.from_document,
    )
