"""What several journeys have in common, so that it is written once."""

from portvakt.guide.steps import Act, At, Given, Need, Place, Press, Step, Write

LOG_IN: tuple[Act, ...] = (
    Write("sign_in.name_label", Given.EMAIL),
    Write("sign_in.password_label", Given.PASSWORD),
    Press("sign_in.sign_in_button"),
)
"""The e-mail address and the password, on the page that every sign-in begins with."""
APPROVE: tuple[Act, ...] = (
    Write("authenticator.number_label", Given.NUMBER_AT_DESK),
    Press("authenticator.approve"),
)
"""The number on the desk, typed in the app."""


def needing(*needs: Need) -> frozenset[Need]:
    """Return what all must be allowed."""
    return frozenset(needs)


def scanning(at: At = At.PHONE) -> Step:
    """Return the step in which a phone's camera is turned on."""
    return Step(
        name="scan", at=at, acts=(Press("authenticator.add_scan"),), sees="authenticator.scan_title"
    )


def in_the_app(name: str, *, sees: str, at_desk: bool = False) -> Step:
    """Return the step in which the number on the desk is typed in the app.

    `sees` is the title then: in the app, or on the desk, which goes on by itself.
    """
    elsewhere = At.DESK if at_desk else None
    return Step(name=name, at=At.PHONE, acts=APPROVE, sees=sees, seen=True, elsewhere=elsewhere)


def opened_app(name: str) -> Step:
    """Return the step in which the app is opened, and the question waits there."""
    return Step(
        name=name,
        at=At.PHONE,
        opens=Place.AUTHENTICATOR,
        sees="authenticator.ask_sign_in",
        seen=True,
    )
