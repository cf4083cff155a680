"""What to do when the password is forgotten, or the phone is new or gone."""

from portvakt.guide.steps import (
    At,
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

FORGOTTEN_PASSWORD = Journey(
    name="forgotten_password",
    person=Person.WITH_APP,
    needs=needing(Need.RESET, Need.APP, Need.TEXTS),
    from_document="reset",
    steps=(
        Step(
            name="name",
            opens=Place.RESET,
            acts=(
                Write("reset.name_label", Given.EMAIL),
                Press("reset.continue_button"),
            ),
            sees="reset.ways_title",
            seen=True,
        ),
        Step(name="text", acts=(Press("reset.way_text"),), sees="reset.title_text", seen=True),
        Step(
            name="code",
            acts=(
                Write("reset.label_text", Given.TEXT_CODE),
                Press("reset.continue_button"),
            ),
            sees="reset.another_title",
            seen=True,
        ),
        Step(name="phone", acts=(Press("reset.way_phone"),), sees="reset.title_phone", seen=True),
        Step(
            name="open_app",
            at=At.PHONE,
            opens=Place.AUTHENTICATOR,
            sees="authenticator.ask_reset",
            seen=True,
        ),
        in_the_app("number", sees="reset.password_title", at_desk=True),
        Step(
            name="password",
            acts=(
                Write("reset.password_label", Given.NEW_PASSWORD),
                Press("reset.password_save"),
            ),
            sees="web.done",
            seen=True,
        ),
    ),
)
NEW_PHONE = Journey(
    name="new_phone",
    person=Person.WITH_APP,
    needs=needing(Need.APP),
    steps=(
        Step(name="account", at=At.PHONE, opens=Place.AUTHENTICATOR, acts=(PressOwn(),)),
        Step(
            name="move",
            at=At.PHONE,
            acts=(Press("authenticator.move"),),
            sees="authenticator.move_title",
        ),
        Step(
            name="show",
            at=At.PHONE,
            acts=(Press("authenticator.move_show"),),
            sees="authenticator.move_code_title",
            seen=True,
        ),
        Step(
            name="install",
            at=At.NEW_PHONE,
            opens=Place.AUTHENTICATOR,
            acts=(Press("authenticator.add_account"),),
            sees="authenticator.add_title",
        ),
        scanning(At.NEW_PHONE),
        Step(
            name="film",
            at=At.NEW_PHONE,
            acts=(Hold(before=At.PHONE),),
            sees="authenticator.ready_title",
            seen=True,
        ),
        Step(
            name="done",
            at=At.PHONE,
            acts=(Look("authenticator.moved_lead"),),
            sees="authenticator.moved_title",
        ),
    ),
)
LOST_PHONE = Journey(
    name="lost_phone",
    person=Person.WITH_APP,
    needs=needing(Need.APP, Need.PAPER_CODES),
    steps=(
        Step(
            name="sign_in",
            opens=Place.REGISTRATION,
            acts=LOG_IN,
            sees="sign_in.phone_title",
            seen=True,
        ),
        Step(
            name="other_way",
            acts=(Press("sign_in.other_way"),),
            sees="sign_in.other_title",
            seen=True,
        ),
        Step(
            name="people",
            acts=(Look("new_phone.link"),),
            needs=needing(Need.NEW_PHONE_BY_PEOPLE),
        ),
        Step(
            name="card",
            acts=(Press("sign_in.way_recovery_code"),),
            sees="sign_in.recovery_title",
        ),
        Step(
            name="code",
            acts=(
                Write("sign_in.recovery_label", Given.RECOVERY_CODE),
                Press("sign_in.continue_button"),
            ),
            sees="set_up_mfa.manage_title",
            seen=True,
        ),
        Step(
            name="lost",
            acts=(Press("set_up_mfa.change_named", {"name": "{phone}"}),),
            sees="set_up_mfa.method_title",
        ),
        Step(
            name="remove",
            acts=(Press("set_up_mfa.method_remove"),),
            sees="set_up_mfa.remove_title_push",
        ),
        Step(
            name="yes",
            acts=(Press("set_up_mfa.remove_yes"),),
            sees="set_up_mfa.manage_title",
            seen=True,
        ),
        Step(
            name="gone",
            acts=(Look("set_up_mfa.flash_removed"),),
        ),
    ),
)
