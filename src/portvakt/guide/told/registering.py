"""How somebody gets a way to show who they are: the app, a number, or codes on paper."""

from portvakt.guide.steps import (
    At,
    Choose,
    Given,
    Hold,
    Journey,
    Look,
    Need,
    Person,
    Place,
    Press,
    PressOwn,
    Step,
    Write,
)
from portvakt.guide.told.common import LOG_IN, in_the_app, needing, scanning

_INSTALL = Step(
    name="install",
    at=At.PHONE,
    opens=Place.AUTHENTICATOR,
    acts=(Press("authenticator.add_account"),),
    sees="authenticator.add_title",
    seen=True,
)
_CHOOSE_APP = Step(
    name="choose", acts=(Press("set_up_mfa.set_up_app"),), sees="set_up_mfa.pair_title", seen=True
)
_FILM = Step(
    name="film",
    at=At.PHONE,
    acts=(Hold(),),
    sees="set_up_mfa.pair_number_title",
    seen=True,
    elsewhere=At.DESK,
)
_NUMBER = in_the_app("number", sees="authenticator.ready_title")
_DONE = Step(
    name="done",
    acts=(Look("set_up_mfa.card_heading"),),
    sees="set_up_mfa.card_title",
    seen=True,
    needs=needing(Need.PAPER_CODES),
)
"""«Klart!», with codes to print; where there are none, the step before is the last."""
_AT_WORK = Step(
    name="at_work",
    opens=Place.REGISTRATION,
    sees="sign_in.start_title",
    needs=needing(Need.FIRST_AT_WORK),
)

REGISTER_APP = Journey(
    name="register_app",
    person=Person.WITHOUT_PHONE,
    needs=needing(Need.APP, Need.FIRST_BY_PASSWORD),
    from_document="app 2-5, 7",
    steps=(
        _INSTALL,
        _AT_WORK,
        Step(
            name="sign_in",
            opens=Place.REGISTRATION,
            acts=LOG_IN,
            sees="set_up_mfa.sheet_title",
            seen=True,
        ),
        _CHOOSE_APP,
        scanning(),
        _FILM,
        _NUMBER,
        Step(
            name="own_number",
            acts=(
                Write("set_up_mfa.mobile_number", Given.OWN_MOBILE),
                Press("set_up_mfa.send_code"),
            ),
            sees="set_up_mfa.code_title",
            seen=True,
            needs=needing(Need.NUMBER_AFTER_APP),
        ),
        Step(
            name="own_code",
            acts=(
                Write("set_up_mfa.code_field", Given.TEXT_CODE),
                Press("set_up_mfa.continue"),
            ),
            needs=needing(Need.NUMBER_AFTER_APP),
            seen=True,
            texts_to=Given.OWN_MOBILE,
        ),
        Step(
            name="no_number",
            acts=(Press("set_up_mfa.phone_skip"),),
            needs=needing(Need.NUMBER_SKIPPED),
        ),
        _DONE,
    ),
)
APP_WITH_NUMBER = Journey(
    name="app_with_number",
    person=Person.WORK_PHONE,
    needs=needing(Need.APP, Need.TEXTS),
    from_document="app 2-5, 7",
    steps=(
        _INSTALL,
        Step(
            name="sign_in",
            opens=Place.REGISTRATION,
            acts=LOG_IN,
            sees="sign_in.sms_title",
            seen=True,
        ),
        Step(
            name="code",
            acts=(
                Write("sign_in.sms_label", Given.TEXT_CODE),
                Press("sign_in.continue_button"),
            ),
            sees="set_up_mfa.manage_title",
            seen=True,
        ),
        _CHOOSE_APP,
        scanning(),
        _FILM,
        _NUMBER,
        _DONE,
    ),
)
PHONE_SIGN_IN = Journey(
    name="phone_sign_in",
    person=Person.WITH_APP,
    needs=needing(Need.APP, Need.PHONE_SIGN_IN),
    from_document="app 6",
    steps=(
        Step(name="account", at=At.PHONE, opens=Place.AUTHENTICATOR, acts=(PressOwn(),), seen=True),
        Step(name="turn_on", at=At.PHONE, acts=(Press("authenticator.sign_in_turn_on"),)),
        Step(name="is_on", at=At.PHONE, acts=(Look("authenticator.sign_in_is_on"),)),
    ),
)
REGISTER_TEXTS = Journey(
    name="register_texts",
    person=Person.WITHOUT_PHONE,
    needs=needing(Need.TEXTS, Need.FIRST_BY_PASSWORD),
    from_document="sms 1-4",
    steps=(
        _AT_WORK,
        Step(
            name="sign_in",
            opens=Place.REGISTRATION,
            acts=LOG_IN,
            sees="set_up_mfa.sheet_title",
            seen=True,
        ),
        Step(name="choose", acts=(Choose("set_up_mfa.preferred_option", "set_up_mfa.option_sms"),)),
        Step(
            name="number",
            acts=(
                Write("set_up_mfa.mobile_number", Given.OWN_MOBILE),
                Press("set_up_mfa.save"),
            ),
            sees="set_up_mfa.code_title",
            seen=True,
        ),
        Step(
            name="code",
            acts=(
                Write("set_up_mfa.code_field", Given.TEXT_CODE),
                Press("set_up_mfa.continue"),
            ),
            seen=True,
            texts_to=Given.OWN_MOBILE,
        ),
        _DONE,
    ),
)
NO_SMARTPHONE = Journey(
    name="no_smartphone",
    person=Person.WITHOUT_PHONE,
    needs=needing(Need.PAPER_CODES, Need.FIRST_BY_PASSWORD),
    steps=(
        _AT_WORK,
        Step(
            name="sign_in",
            opens=Place.REGISTRATION,
            acts=LOG_IN,
            sees="set_up_mfa.sheet_title",
            seen=True,
        ),
        Step(
            name="choose",
            acts=(Press("set_up_mfa.no_smartphone"),),
            sees="set_up_mfa.alone_title",
            seen=True,
        ),
        Step(
            name="make",
            acts=(Press("set_up_mfa.codes_make"),),
            sees="set_up_mfa.card_title",
            seen=True,
        ),
        _DONE,
    ),
)
