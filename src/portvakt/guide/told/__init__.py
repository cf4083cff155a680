"""The journeys that the guide tells, each written once as steps."""

from collections.abc import Iterator

from portvakt.guide.steps import Choose, Journey, Look, MessageId, Press, Write
from portvakt.guide.told.registering import (
    APP_WITH_NUMBER,
    NO_SMARTPHONE,
    PHONE_SIGN_IN,
    REGISTER_APP,
    REGISTER_TEXTS,
)
from portvakt.guide.told.signing_in import (
    OPEN_APP,
    SIGN_IN_BY_TEXT,
    SIGN_IN_FROM_HOME,
    WITHOUT_PASSWORD,
)
from portvakt.guide.told.trouble import FORGOTTEN_PASSWORD, LOST_PHONE, NEW_PHONE

JOURNEYS: tuple[Journey, ...] = (
    REGISTER_APP,
    PHONE_SIGN_IN,
    APP_WITH_NUMBER,
    REGISTER_TEXTS,
    NO_SMARTPHONE,
    SIGN_IN_FROM_HOME,
    SIGN_IN_BY_TEXT,
    WITHOUT_PASSWORD,
    OPEN_APP,
    FORGOTTEN_PASSWORD,
    NEW_PHONE,
    LOST_PHONE,
)
"""In the order in which people read them: what the organisation's instruction tells comes first."""


def words_of(journey: Journey) -> Iterator[MessageId]:
    """Give the ids of the sentences that tell a journey."""
    start = f"guide.{journey.name}_"
    yield from (f"{start}{each}" for each in ("title", "lead", "end"))
    for step in journey.steps:
        yield f"{start}{step.name}"
        if step.seen:
            yield f"{start}{step.name}_seen"


def labels_of(journey: Journey) -> Iterator[MessageId]:
    """Give the ids of what stands on the screens: labels, options, and titles."""
    for step in journey.steps:
        for act in step.acts:
            match act:
                case Write(label) | Press(label) | Look(label):
                    yield label
                case Choose(label, option):
                    yield from (label, option)
                case _:
                    pass
        if step.sees is not None:
            yield step.sees
