"""A request in words, as it is shown to the person who is asked."""

from datetime import UTC, datetime

from portvakt.phone.answers import Request, Shown, State, shown_in

RESET = "RESET PASSWORD"


def purpose_of(shown: Shown) -> str:
    """Say what somebody wants to do."""
    match shown.purpose:
        case "sign_in":
            return f"Sign in to {shown.app}" if shown.app else "Sign in"
        case "methods":
            return "Change how you sign in"
        case "reset":
            return RESET
        case "test":
            return "Test this phone"


def place_of(shown: Shown) -> str:
    """Say from where somebody asks."""
    where = f"the network {shown.network}" if shown.network else "outside the networks known"
    return f"{where}, {shown.address}" if shown.address else where


def browser_of(shown: Shown) -> str:
    """Say in which browser, and whether it is a known one."""
    known = "used before" if shown.known_browser else "never used before"
    return f"{shown.browser or 'unknown'}, {known}"


def lines_of(request: Request, now: int) -> list[str]:
    """Return what a request asks, line by line. `now` is the service's clock, milliseconds."""
    shown = shown_in(request)
    left = max(0, (request.expires_at - now) // 1000)
    made = datetime.fromtimestamp(shown.at / 1000, UTC)
    lock = ", and the screen lock" if shown.lock else ""
    return [
        clean(line)
        for line in (
            purpose_of(shown),
            f"  request  {request.id}, ends in {left} s",
            f"  account  {shown.account}",
            f"  from     {place_of(shown)}",
            f"  browser  {browser_of(shown)}",
            f"  at       {made:%Y-%m-%d %H:%M:%S}Z",
            f"  number   {shown.digits} digits, on the other screen{lock}",
        )
    ]


def phone_lines(state: State) -> list[str]:
    """Say whose phone it is, and what it can do."""
    mine = state.account
    lines = [f"{state.name}: {mine.name} ({mine.user_name}), {mine.organisation}"]
    if state.state == "proving":
        lines.append("paired, not bound yet: go on where the code was shown, and approve the test")
    if state.sign_in:
        lines.append("signs in without a password")
    return [clean(line) for line in lines]


def clean(text: str) -> str:
    """Leave out what could move the cursor or colour a terminal: the words are another's."""
    return "".join(letter for letter in text if letter.isprintable())
