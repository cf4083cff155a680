"""How somebody signs in from home, and opens what they came for."""

from portvakt.guide.steps import (
    Given,
    Journey,
    Need,
    Person,
    Place,
    Press,
    PressTile,
    Step,
    Write,
)
from portvakt.guide.told.common import LOG_IN, in_the_app, needing, opened_app

_BY_TEXT = (
    Write("sign_in.sms_label", Given.TEXT_CODE),
    Press("sign_in.continue_button"),
)

SIGN_IN_FROM_HOME = Journey(
    name="sign_in_from_home",
    person=Person.WITH_APP,
    needs=needing(Need.APP, Need.BY_APP),
    steps=(
        Step(
            name="sign_in",
            opens=Place.APPS,
            acts=LOG_IN,
            sees="sign_in.phone_title",
            seen=True,
        ),
        opened_app("phone"),
        in_the_app("number", sees="my_apps.title", at_desk=True),
    ),
)
SIGN_IN_BY_TEXT = Journey(
    name="sign_in_by_text",
    person=Person.WORK_PHONE,
    needs=needing(Need.TEXTS, Need.BY_TEXT),
    steps=(
        Step(name="open", opens=Place.APPS, sees="sign_in.start_title", seen=True),
        Step(name="sign_in", acts=LOG_IN, sees="sign_in.sms_title", seen=True),
        Step(name="code", acts=_BY_TEXT, sees="my_apps.title", seen=True),
    ),
)
WITHOUT_PASSWORD = Journey(
    name="without_password",
    person=Person.WITH_APP,
    needs=needing(Need.APP, Need.PHONE_SIGN_IN),
    steps=(
        Step(
            name="name",
            opens=Place.APPS,
            acts=(
                Write("sign_in.name_label", Given.EMAIL),
                Press("sign_in.phone_instead"),
            ),
            sees="sign_in.phone_title",
            seen=True,
        ),
        opened_app("phone"),
        in_the_app("number", sees="my_apps.title", at_desk=True),
    ),
)
OPEN_APP = Journey(
    name="open_app",
    person=Person.WORK_PHONE,
    needs=needing(Need.PORTAL),
    outside=False,
    steps=(
        Step(name="open", opens=Place.APPS, sees="sign_in.start_title", seen=True),
        Step(
            name="sign_in",
            acts=LOG_IN,
            sees="my_apps.title",
            seen=True,
            needs=needing(Need.PASSWORD_AT_WORK),
        ),
        Step(
            name="password",
            acts=LOG_IN,
            sees="sign_in.sms_title",
            seen=True,
            needs=needing(Need.TEXT_AT_WORK),
        ),
        Step(
            name="code",
            acts=_BY_TEXT,
            sees="my_apps.title",
            seen=True,
            needs=needing(Need.TEXT_AT_WORK),
        ),
        Step(name="tile", acts=(PressTile(),), seen=True),
    ),
)
